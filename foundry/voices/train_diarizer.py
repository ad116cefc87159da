"""Train and score ``pocket-diarizer``: which of up to three speakers is active in each frame.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.voices.train_diarizer features --cache DIR --work DIR
    python -m foundry.voices.train_diarizer train --work DIR --out DIR
    python -m foundry.voices.train_diarizer export --work DIR --out DIR

``features`` simulates conversations of the training voices, those of ``--plan voices`` included, in
a studio, in quiet rooms and over the telephone. ``train`` starts with the encoder of
``pocket-speaker``, whose folder must be beside ``--out``, and adds two losses to the
permutation-invariant one. Deep clustering (Hershey et al. 2016) makes frames of the same speakers
similar and others dissimilar. An additive margin softmax separates the speakers in the middle
layer, whose states the pipeline uses to match local speakers between windows. The second stage is
in `train_sparse_diarizer`.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForAudioFrameClassification, Wav2Vec2BertForXVector
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import AMSoftmaxLoss

from course_utils.finetuning import frame_labels, permutation_invariant_loss
from course_utils.pipelines import FbankFeatureExtractor, windows
from course_utils.pipelines.segmentation import local_speaker_embeddings
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz, write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, mixed_precision, muon, save_half
from foundry.common.training_head import TrainingHead
from foundry.speech import speech_features
from foundry.speech.conformer import config_of, init_xavier
from foundry.speech.feature_cache import run_jobs
from foundry.voices.train_robust_speaker import SPEEDS
from foundry.voices.train_speaker import HEADS, HIDDEN, LAYERS, STRIDE, utterances_of

LOCAL_SPEAKERS = 3
"""Maximum number of speakers in a window."""

SECONDS = 15.0
"""Length of a window in seconds, in training and in the pipeline."""

FRAME = STRIDE / 100
"""Time from one vector to the next, in seconds."""

VECTORS = round(SECONDS / FRAME)
"""Number of vectors in a window."""

CONVERSATIONS = 10_000
"""Number of simulated conversations of half a minute."""

SCENES = ("studio", "room", "room", "telephone")
"""Acoustic conditions of the conversations, in turn."""

MIN_UTTERANCES = 3
"""Minimum number of utterances of a speaker in the simulation."""

TRAIN = {"steps": 12_000, "rate": 3e-3, "warmup": 0.05}
"""Arguments of `fit`."""

THRESHOLD = 0.5
"""Minimum cosine similarity for merging local speakers of two windows in the pipeline."""

BATCH = 12
"""Number of windows in a batch."""

CLUSTERING = 32
"""Dimension of the embeddings for deep clustering."""

SPEAKER_LOSS_WEIGHT = 0.03
"""Weight of the additive margin softmax on the middle layer."""

MIN_ALONE = 1.0
"""Minimum non-overlapped speech of a local speaker in that softmax, in seconds."""


@functools.cache
def extractor():
    """Return the feature extractor of the model, which normalises, unlike the speaker model's."""
    mels = speech_features.MELS
    return FbankFeatureExtractor(mels, num_mel_bins=mels, stride=STRIDE)


@functools.cache
def _speakers(cache):
    """Decode the training utterances once for each process: rows for `conversations.simulate`."""
    return conversations.cast(utterances_of(cache), MIN_UTTERANCES, SPEEDS)


def training_conversation(speakers, seed, scenes=SCENES):
    """Simulate a training conversation; the arguments are as in `conversations.simulate`."""
    return conversations.simulate(
        speakers,
        seed,
        speakers=(1, 4),
        overlap=(0, 0.3),
        scene=scenes[seed % len(scenes)],
        alike=seed % 2 == 0,
    )


def window_features(samples):
    """Return the features of a window of `SECONDS`, shape ``(VECTORS, mels * STRIDE)``."""
    features = speech_features.features_of(samples, extractor())
    # Windows of 25 ms give one vector less than 40 ms steps: repeat the last one.
    return torch.cat([features, features[-1:]])[:VECTORS]


def windows_of(conversation):
    """Yield the windows of a simulated conversation.

    Parameters
    ----------
    conversation : dict
        From :func:`course_utils.simulation.conversations.simulate`; the last window ends with it.

    Yields
    ------
    features : torch.Tensor
        Shape ``(VECTORS, mels * STRIDE)``.
    labels : numpy.ndarray
        Activity of the local speakers, 0 or 1, shape ``(VECTORS, LOCAL_SPEAKERS)``.
    speakers : list of str
        Names of the local speakers, "" for none.
    """
    turns = {}
    for turn in conversation["turns"]:
        turns.setdefault(turn["speaker"], []).append(turn)
    for first, end in windows(len(conversation["audio"]), round(SECONDS * RATE)):
        features = window_features(conversation["audio"][first:end])
        own = {
            name: frame_labels(own_turns, VECTORS, FRAME, 1, start=first / RATE)[:, 0]
            for name, own_turns in turns.items()
        }
        kept = sorted((n for n in own if own[n].any()), key=lambda n: -own[n].sum())[
            :LOCAL_SPEAKERS
        ]
        labels = np.zeros((VECTORS, LOCAL_SPEAKERS), np.float32)
        for local, name in enumerate(kept):
            labels[:, local] = own[name]
        yield features, labels, kept + [""] * (LOCAL_SPEAKERS - len(kept))


def _compute(job):
    """Simulate some conversations; return features, labels and speakers of their windows."""
    cache, seeds = job
    parts = []
    for seed in seeds:
        parts += windows_of(training_conversation(_speakers(cache), seed))
    features, labels, speakers = zip(*parts, strict=True)
    return torch.stack(features).half().numpy(), np.stack(labels).astype(bool), speakers


def compute_features(work, cache):
    """Compute the windows of all training conversations if they are missing."""
    path = work / "features.npz"
    if path.exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    seeds = range(CONVERSATIONS)
    jobs = [(cache, seeds[first : first + 50]) for first in range(0, CONVERSATIONS, 50)]
    features, labels, speakers = zip(*run_jobs(_compute, jobs), strict=True)
    speakers = np.concatenate(speakers)
    names = sorted(set(speakers.ravel().tolist()) - {""})
    (work / "speakers.json").write_text(json.dumps(names), encoding="utf-8")
    numbers = {"": -1} | {name: number for number, name in enumerate(names)}
    save_npz(
        path,
        features=np.concatenate(features),
        labels=np.concatenate(labels),
        speakers=np.array([[numbers[name] for name in row] for row in speakers.tolist()]),
    )


class DiarizerWithHeads(TrainingHead):
    """The diarizer with a head for deep clustering and one that classifies the speakers."""

    adamw_parts = ("head", "classifier", "feature_projection", "names")

    def __init__(self, model, speakers):
        super().__init__(model, model.config.hidden_size, CLUSTERING)
        self.names = AMSoftmaxLoss(model.config.hidden_size, speakers)

    def loss(self, features, labels, speakers):
        """Return the sum of the three losses of a batch."""
        outputs = self.model.wav2vec2_bert(features, output_hidden_states=True)
        logits = self.model.classifier(outputs.last_hidden_state)
        vectors = torch.nn.functional.normalize(self.head(outputs.last_hidden_state).float(), dim=2)
        loss = permutation_invariant_loss(logits, labels) + clustering_loss(vectors, labels)
        voices, alone = local_speaker_embeddings(labels, outputs.hidden_states)
        chosen = (speakers >= 0) & (alone * FRAME >= MIN_ALONE)
        return loss + SPEAKER_LOSS_WEIGHT * self.names(voices[chosen], speakers[chosen])


def clustering_loss(vectors, labels):
    """Return the deep clustering loss: the mean squared error of the frames' similarities.

    Parameters
    ----------
    vectors : torch.Tensor
        Unit-length embeddings, shape ``(batch, frames, dimensions)``.
    labels : torch.Tensor
        Activity of the local speakers, 0 or 1, shape ``(batch, frames, local speakers)``.

    Returns
    -------
    torch.Tensor
        Scalar.
    """
    silence = (labels.sum(2, keepdim=True) == 0).to(labels)
    targets = torch.nn.functional.normalize(torch.cat([labels, silence], 2), dim=2)
    similarity = vectors @ vectors.transpose(1, 2)
    return torch.nn.functional.mse_loss(similarity, targets @ targets.transpose(1, 2))


def new_model(speaker_model, seed=0):
    """Return a network with the encoder of a speaker model and a new head."""
    torch.manual_seed(seed)
    config = config_of(HIDDEN, LAYERS, HEADS, STRIDE, num_labels=LOCAL_SPEAKERS)
    model = init_xavier(Wav2Vec2BertForAudioFrameClassification(config))
    encoder = Wav2Vec2BertForXVector.from_pretrained(speaker_model, dtype=torch.float32)
    model.wav2vec2_bert.load_state_dict(encoder.wav2vec2_bert.state_dict())
    return model


def train(work, out):
    """Train on the feature cache of a work folder; return the model with its heads."""
    with np.load(work / "features.npz", allow_pickle=False) as parts:
        features, labels, speakers = parts["features"], parts["labels"], parts["speakers"]
    names = json.loads((work / "speakers.json").read_text(encoding="utf-8"))
    diarizer = DiarizerWithHeads(new_model(out.parent / "pocket-speaker"), len(names))

    def loss_of(step, generator):
        rows = torch.randint(len(features), (BATCH,), generator=generator).numpy()
        inputs = torch.from_numpy(features[rows].astype(np.float32))
        activity = torch.from_numpy(labels[rows].astype(np.float32))
        with mixed_precision():
            return diarizer.loss(inputs, activity, torch.from_numpy(speakers[rows]))

    path = work / "train.safetensors"
    return fit(diarizer, loss_of, seed=0, path=path, optimizers=muon, **TRAIN)


def export(work, out):
    """Export the model; write facts about its training."""
    model = train(work, out).model
    model.config.id2label = {n: f"speaker_{n + 1}" for n in range(LOCAL_SPEAKERS)}
    model.config.label2id = {name: n for n, name in model.config.id2label.items()}
    model.config.diarization_threshold = THRESHOLD
    training = {
        "conversations": CONVERSATIONS,
        "speakers": len(json.loads((work / "speakers.json").read_text(encoding="utf-8"))),
        "parameters": f"{model.num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **TRAIN,
    }
    out.mkdir(parents=True, exist_ok=True)
    extractor().save_pretrained(out)
    save_half(model, out)
    write_results(out, {"training": training})


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ("out",)),
        "export": (export, ("out",)),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
