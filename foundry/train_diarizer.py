"""Train and score ``pocket-diarizer``: which of up to three speakers is active, frame by frame.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_diarizer bank --cache DIR --work DIR
    python -m foundry.train_diarizer train --work DIR --out DIR
    python -m foundry.train_diarizer final --work DIR --real DIR --out DIR

``bank`` simulates conversations between the training voices, those of ``--plan voices`` among them,
in studios, in quiet rooms and over the telephone. ``train`` begins with the encoder of
``pocket-speaker``, beside the folder of ``--out``, which can tell voices apart, and adds two to the
permutation-invariant loss. One wants vectors of the same speakers alike and of others not (deep
clustering, Hershey et al. 2016): it tells every pair of frames something, before any track means
anybody. The other keeps the voices apart in the middle layer, from window to window: the pipeline
stitches by its vectors.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForAudioFrameClassification, Wav2Vec2BertForXVector
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import AMSoftmaxLoss

from course_utils import errors
from course_utils.finetuning.diarization import frame_labels, permutation_invariant_loss
from course_utils.pipelines.segmentation import local_speaker_embeddings, windows
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE
from foundry import speech_features, voice_scores
from foundry.conformer import config_of, spread
from foundry.speech_bank import run_jobs
from foundry.steady_speaker import PACES
from foundry.steps import run
from foundry.train_loop import fit, muon, save_half
from foundry.train_speaker import HEADS, HIDDEN, LAYERS, STRIDE, extractor, utterances_of

TRACKS = 3
SECONDS = 15.0
"""Length of a training window, and of those that the pipeline cuts."""

FRAME = STRIDE / 100
"""Seconds from one vector to the next."""

VECTORS = round(SECONDS / FRAME)
CONVERSATIONS = 10_000
"""Of half a minute each."""

SCENES = ("studio", "room", "room", "telephone")
"""Where they take place, in turn."""

FEWEST = 3
"""Utterances of a speaker who takes part in a conversation."""

TRAIN = {"steps": 12_000, "rate": 3e-3, "warmup": 0.05}
THRESHOLD = 0.5
"""Cosine from which on the pipeline takes tracks of two windows for one speaker's."""

BATCH = 12
CLUSTERING = 32
"""Dimensions of the space in which vectors of a speaker gather."""

VOICES = 0.03
"""Weight of the loss on voices in the middle layer."""

MOMENTS = 1.0
"""Seconds alone from which on a speaker's voice counts."""


@functools.cache
def _people(cache):
    """Decode the training utterances once a process: rows for `conversations.simulate`."""
    return conversations.cast(utterances_of(cache), FEWEST, PACES)


def windows_of(conversation, seconds=SECONDS):
    """Cut a simulated conversation into windows: features and labels of each.

    Parameters
    ----------
    conversation : dict
        From :func:`course_utils.simulation.conversations.simulate`.
    seconds : float
        Length of a window; the last one ends with the conversation.

    Yields
    ------
    features : torch.Tensor
        Shape ``(VECTORS, mels * STRIDE)``.
    labels : numpy.ndarray
        Shape ``(VECTORS, TRACKS)``.
    speakers : list of str
        One a track, "" for a track that nobody takes.
    """
    turns = {}
    for turn in conversation["turns"]:
        turns.setdefault(turn["speaker"], []).append(turn)
    for first, end in windows(len(conversation["audio"]), round(seconds * RATE)):
        samples = conversation["audio"][first:end]
        features = speech_features.features_of(samples, extractor())
        # The last frame of 25 ms needs 15 ms more than there are.
        features = torch.cat([features, features[-1:]])[:VECTORS]
        own = {
            name: frame_labels(said, VECTORS, FRAME, 1, start=first / RATE)[:, 0]
            for name, said in turns.items()
        }
        kept = sorted((n for n in own if own[n].any()), key=lambda n: -own[n].sum())[:TRACKS]
        labels = np.zeros((VECTORS, TRACKS), np.float32)
        for track, name in enumerate(kept):
            labels[:, track] = own[name]
        yield features, labels, kept + [""] * (TRACKS - len(kept))


def _compute(job):
    """Simulate some conversations; give their windows."""
    cache, seeds = job
    torch.set_num_threads(1)
    windows = []
    for seed in seeds:
        made = conversations.simulate(
            _people(cache),
            seed,
            speakers=(1, 4),
            overlap=(0, 0.3),
            scene=SCENES[seed % len(SCENES)],
            alike=seed % 2 == 0,
        )
        windows += windows_of(made)
    features, labels, speakers = zip(*windows, strict=True)
    return torch.stack(features).half().numpy(), np.stack(labels).astype(bool), speakers


def bank(work, cache):
    """Compute the windows of all training conversations where they are missing."""
    path = work / "bank.npz"
    if path.exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    jobs = [(cache, range(first, first + 50)) for first in range(0, CONVERSATIONS, 50)]
    features, labels, speakers = zip(*run_jobs(_compute, jobs), strict=True)
    speakers = np.concatenate(speakers)
    names = sorted(set(speakers.ravel().tolist()) - {""})
    (work / "speakers.json").write_text(json.dumps(names))
    number = {"": -1} | {name: place for place, name in enumerate(names)}
    parts = {
        "features": np.concatenate(features),
        "labels": np.concatenate(labels),
        "speakers": np.array([[number[name] for name in row] for row in speakers.tolist()]),
    }
    with errors.replacing(path) as new, open(new, "wb") as file:
        np.savez(file, **parts)


class Guided(torch.nn.Module):
    """The diarizer with two more heads on its encoder: vectors by speaker, and their names."""

    edges = ("head", "classifier", "feature_projection", "names")

    def __init__(self, model, speakers):
        super().__init__()
        self.model = model
        self.model.set_attn_implementation("eager")  # on a CPU, faster than sdpa in training
        self.head = torch.nn.Linear(HIDDEN, CLUSTERING)
        self.names = AMSoftmaxLoss(HIDDEN, speakers)

    def loss(self, features, labels, speakers):
        """Give the loss of a batch."""
        outputs = self.model.wav2vec2_bert(features, output_hidden_states=True)
        logits = self.model.classifier(outputs.last_hidden_state)
        vectors = torch.nn.functional.normalize(self.head(outputs.last_hidden_state).float(), dim=2)
        loss = permutation_invariant_loss(logits, labels) + clustering_loss(vectors, labels)
        voices, moments = local_speaker_embeddings(labels, outputs.hidden_states)
        heard = (speakers >= 0) & (moments * FRAME >= MOMENTS)
        return loss + VOICES * self.names(voices[heard], speakers[heard])


def clustering_loss(vectors, labels):
    """Give the mean squared difference between how alike vectors and their speakers are.

    Parameters
    ----------
    vectors : torch.Tensor
        Of length 1, shape ``(batch, frames, dimensions)``.
    labels : torch.Tensor
        0 or 1, shape ``(batch, frames, tracks)``.

    Returns
    -------
    torch.Tensor
        A number.
    """
    silence = (labels.sum(2, keepdim=True) == 0).to(labels)
    wanted = torch.nn.functional.normalize(torch.cat([labels, silence], 2), dim=2)
    alike = vectors @ vectors.transpose(1, 2)
    return torch.nn.functional.mse_loss(alike, wanted @ wanted.transpose(1, 2))


def new_model(speaker_model, seed=0):
    """Make the network from the encoder of a speaker model and a new head."""
    torch.manual_seed(seed)
    config = config_of(HIDDEN, LAYERS, HEADS, STRIDE, num_labels=TRACKS)
    model = spread(Wav2Vec2BertForAudioFrameClassification(config))
    encoder = Wav2Vec2BertForXVector.from_pretrained(speaker_model, dtype=torch.float32)
    model.wav2vec2_bert.load_state_dict(encoder.wav2vec2_bert.state_dict())
    return model


def train(work, out):
    """Train on the bank of a work folder; give the model."""
    with np.load(work / "bank.npz", allow_pickle=False) as parts:
        features, labels, speakers = parts["features"], parts["labels"], parts["speakers"]
    names = json.loads((work / "speakers.json").read_text())
    guided = Guided(new_model(out.parent / "pocket-speaker"), len(names))

    def loss_of(step, generator):
        rows = torch.randint(len(features), (BATCH,), generator=generator).numpy()
        heard = torch.from_numpy(features[rows].astype(np.float32))
        with torch.autocast("cpu", torch.bfloat16):
            said = torch.from_numpy(labels[rows].astype(np.float32))
            return guided.loss(heard, said, torch.from_numpy(speakers[rows]))

    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    return fit(guided, loss_of, steps, rate, 0, work / "train.safetensors", muon, warmup)


def final(work, real, out):
    """Export, score and write results and card."""
    model = train(work, out).model
    model.config.id2label = {n: f"speaker_{n + 1}" for n in range(TRACKS)}
    model.config.label2id = {name: n for n, name in model.config.id2label.items()}
    model.config.diarization_threshold = THRESHOLD
    training = {
        "conversations": CONVERSATIONS,
        "speakers": len(json.loads((work / "speakers.json").read_text())),
        "parameters": f"{model.num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **TRAIN,
    }
    out.mkdir(parents=True, exist_ok=True)
    extractor().save_pretrained(out)
    save_half(model, out)
    voice_scores.write_results(training, real, out, "diarizer_card.md")


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ("cache",)),
        "train": (train, ("out",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
