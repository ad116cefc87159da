"""Train ``pocket-speaker``, an x-vector model of two million parameters on mel features.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.voices.train_speaker features --cache DIR --work DIR
    python -m foundry.voices.train_speaker train --work DIR
    python -m foundry.voices.train_speaker export --work DIR --real DIR --out DIR

``features`` computes the features of all rendered utterances, those of the invented speakers
(``--plan voices``) included, with speed perturbation: each of three speeds counts as another
speaker. ``train`` classifies these speakers with an additive margin softmax (Wang et al. 2018).
``export`` writes the model, which `train_robust_speaker` trains further.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForXVector
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import AMSoftmaxLoss

from course_utils import audio
from course_utils.pipelines import FbankFeatureExtractor
from course_utils.simulation.augmentation import RATE, over_telephone
from course_utils.simulation.conversations import SPEEDS
from foundry.common.files import write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, mixed_precision, muon, save_half
from foundry.recognition import recognition_scores
from foundry.speech import speech_data, speech_features, voice_plan
from foundry.speech.conformer import config_of, init_xavier
from foundry.speech.feature_cache import FeatureCache, load_or_compute
from foundry.speech.speech_features import simulate_channel
from foundry.voices import voice_scores

STRIDE = 4
"""Number of frames of 10 ms in a vector. 25 vectors a second are enough and twice as fast as 50."""

HIDDEN = 128
"""Hidden size."""

LAYERS = 4
"""Number of layers."""

HEADS = 4
"""Number of attention heads."""

ADAMW_PARTS = ("feature_projection", "feature_extractor", "classifier", "objective")
"""Parts of the network that AdamW trains instead of Muon."""

TRAIN = {"steps": 3_000, "rate": 4e-3, "warmup": 0.02}
"""Arguments of `fit`."""

THRESHOLD = 0.3
"""Minimum mean cosine similarity for merging two clusters in the diarization pipeline. Tuned on
conversations of the validation voices."""

BATCH = 64
"""Number of crops in a batch."""

MIN_CROP = 30
"""Minimum length of a training crop, in vectors: 1.2 s."""

MAX_CROP = 75
"""Maximum length of a training crop, in vectors: 3 s."""


@functools.cache
def extractor():
    """Return the feature extractor; normalisation would remove the mean spectrum of a voice."""
    mels = speech_features.MELS
    return FbankFeatureExtractor(
        mels, num_mel_bins=mels, stride=STRIDE, do_normalize_per_mel_bins=False
    )


def new_model(speakers, seed=0):
    """Return the untrained network for a number of training speakers."""
    torch.manual_seed(seed)
    config = config_of(
        HIDDEN,
        LAYERS,
        HEADS,
        STRIDE,
        tdnn_dim=(128, 128, 128, 384),
        tdnn_kernel=(3, 3, 1, 1),
        tdnn_dilation=(1, 2, 1, 1),
        xvector_output_dim=128,
        num_labels=speakers,
    )
    model = init_xavier(Wav2Vec2BertForXVector(config))
    model.adamw_parts = ADAMW_PARTS
    model.set_attn_implementation("eager")  # faster than sdpa in training on a CPU
    return model


def utterances_of(cache):
    """Return the training utterances, rendered ones and shipped ones, as rows of ``speech``."""
    rows = recognition_scores.rendered_training(cache, ("train", voice_plan.SPLIT))
    rendered = [row | {"audio": row["path"]} for row in rows if not row["shipped"]]
    return rendered + recognition_scores.shipped("train", speech_data.PACKED)


def compute_features(work, cache):
    """Compute the features of all training utterances, at every speed."""
    path = work / "features.npz"
    if path.exists():  # keep speakers.json, which its labels refer to
        return
    work.mkdir(parents=True, exist_ok=True)
    rows = utterances_of(cache)
    names = sorted({row["speaker"] for row in rows})
    (work / "speakers.json").write_text(json.dumps(names), encoding="utf-8")
    job = functools.partial(features_of_job, speeds=SPEEDS, copies=1, augment=_augment)
    load_or_compute(job, jobs_of(rows, names), path)


def jobs_of(rows, names):
    """Return jobs of a hundred utterances: number, clip and index of the speaker in `names`."""
    jobs = [(n, row["audio"], names.index(row["speaker"])) for n, row in enumerate(rows)]
    return [jobs[first : first + 100] for first in range(0, len(jobs), 100)]


def at_speeds(clip, speeds):
    """Load a clip without silence at its ends; return it at each speed."""
    samples = audio.trim_silence(audio.load(clip, RATE)[0], RATE)
    return [audio.resample(samples, round(RATE * speed), RATE) for speed in speeds]


def features_of_job(job, speeds, copies, augment):
    """Return the feature cache of some utterances.

    Parameters
    ----------
    job : list of (int, path or dict, int)
        A job from :func:`jobs_of`.
    speeds : sequence of float
        Factors of speed perturbation; each counts as another speaker.
    copies : int
        Number of augmented copies at each speed.
    augment : callable
        Function from a generator and samples to augmented samples.

    Returns
    -------
    FeatureCache
        The only token id of an utterance is the number of its speaker.
    """
    utterances = []
    for number, clip, speaker in job:
        for which, samples in enumerate(at_speeds(clip, speeds)):
            for copy in range(copies):
                rng = np.random.default_rng([number, which, copy])
                augmented = augment(rng, samples)
                features = speech_features.features_of(augmented, extractor())
                label = speaker * len(speeds) + which
                utterances.append((features, np.zeros(len(features)), [label]))
    return FeatureCache.of(utterances)


def _augment(rng, samples):
    """Apply `simulate_channel` with probability 0.7 and a telephone line with probability 0.2."""
    samples = simulate_channel(rng, samples) if rng.uniform() < 0.7 else samples
    return over_telephone(samples) if rng.uniform() < 0.2 else samples


def crops(utterances, generator):
    """Return a batch of crops of the same length and their speakers; repeat short utterances."""
    rows = torch.randint(len(utterances), (BATCH,), generator=generator).tolist()
    length = int(torch.randint(MIN_CROP, MAX_CROP + 1, (), generator=generator))
    features, lengths, labels, _ = utterances.batch(rows)
    first = (torch.rand(BATCH, generator=generator) * (lengths - length).clamp(min=1)).long()
    indices = (first[:, None] + torch.arange(length)) % lengths[:, None]
    return features[torch.arange(BATCH)[:, None], indices], labels[:, 0]


def train(work):
    """Train on the feature cache of a work folder and return the model."""
    utterances = FeatureCache.load(work / "features.npz")
    speakers = json.loads((work / "speakers.json").read_text(encoding="utf-8"))
    model = new_model(len(speakers) * len(SPEEDS))

    def loss_of(step, generator):
        features, labels = crops(utterances, generator)
        with mixed_precision():
            return model(input_features=features, labels=labels).loss

    path = work / "train.safetensors"
    return fit(model, loss_of, seed=0, path=path, optimizers=muon, **TRAIN)


def export(work, real, out):
    """Export the model; write facts about its training and its scores in speaker verification."""
    model = train(work)
    facts = {
        "utterances": len(FeatureCache.load(work / "features.npz")) // len(SPEEDS),
        "speakers": model.config.num_labels,
        **TRAIN,
    }
    model.config.diarization_threshold = THRESHOLD
    # Embeddings need neither the classification head nor the list of training speakers.
    model.config.num_labels = 2
    model.objective = AMSoftmaxLoss(model.config.xvector_output_dim, 2)
    out.mkdir(parents=True, exist_ok=True)
    extractor().save_pretrained(out)
    save_half(model, out)
    training = {f"first_{name}": value for name, value in facts.items()}
    scores = voice_scores.verify_all(voice_scores.embedder(out), real)
    write_results(out, {"training": training, "before": scores})


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ()),
        "export": (export, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
