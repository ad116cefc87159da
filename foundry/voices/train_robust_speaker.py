"""Train ``pocket-speaker`` to be robust to reverberation, noise, music and telephone lines.

This is the second stage of its training, after the steps of `train_speaker`, with the same
``--work``::

    python -m foundry.voices.train_robust_speaker features --cache DIR --work DIR --out DIR
    python -m foundry.voices.train_robust_speaker train --work DIR
    python -m foundry.voices.train_robust_speaker final --work DIR --real DIR --out DIR

After the first stage, the embeddings separate unseen voices on clean speech, but vary with the
acoustic conditions. Here the mean embedding of a speaker's clean speech is the target for a noisy
crop (distillation, Hinton et al. 2015), with speed perturbation at five speeds and three augmented
copies at each. The embeddings must stay close to those before, because ``pocket-fastspeech`` was
trained with them, so the exported weights interpolate between both stages (WiSE-FT, Wortsman et al.
2022).
"""

import functools
import json
import shutil

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize, one_hot
from transformers import Wav2Vec2BertForXVector

from course_utils import audio, data
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE, over_telephone
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, interpolate, mixed_precision, muon, save_half
from foundry.speech.feature_cache import FeatureCache, load_or_compute, run_jobs
from foundry.speech.speech_features import simulate_channel
from foundry.voices import train_speaker, voice_scores
from foundry.voices.train_speaker import (
    BATCH,
    at_speeds,
    crops,
    features_of_job,
    jobs_of,
    utterances_of,
)

SPEEDS = (0.85, 0.92, 1.0, 1.08, 1.16)
"""Factors of speed perturbation; each counts as another speaker."""

COPIES = 3
"""Number of augmented copies of each utterance at each speed."""

TRAIN = {"steps": 7_000, "rate": 3e-3, "warmup": 0.05}
"""Arguments of `fit`."""

INTERPOLATION_WEIGHT = 0.75
"""Weight of this stage in the interpolation with the first stage. Tuned on the validation voices,
for the equal error rates with reverberation and with music."""

SCALE = 30
"""Scale of the cosines in the additive margin softmax."""

MARGIN = 0.2
"""Margin of the additive margin softmax, subtracted from the cosine with the right speaker."""

SOFTMAX_WEIGHT = 0.1
"""Weight of the additive margin softmax in the loss; the distance to the target has weight 1."""


@functools.cache
def _music():
    """Decode background music, once for each process."""
    clips = [audio.load(row["audio"], RATE)[0] for row in data.load("genres", "train")]
    return [{"audio": {"array": samples, "sampling_rate": RATE}} for samples in clips]


def augment(rng, samples):
    """Apply `simulate_channel` (probability 0.8), music (0.25) and a telephone line (0.2).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Float32, shape ``(n,)``.
    """
    if rng.uniform() < 0.8:
        samples = simulate_channel(rng, samples)
    if rng.uniform() < 0.25:
        samples = conversations.add_music(rng, samples, _music())
    return over_telephone(samples) if rng.uniform() < 0.2 else samples


def _embeddings(job, folder):
    """Return the embeddings of some utterances, shape ``(utterances, speeds, dimensions)``."""
    embed = voice_scores.embedder(folder)
    return np.array([embed(at_speeds(clip, SPEEDS)) for _, clip, _ in job])


def compute_features(work, cache, out):
    """Copy the first model; compute its mean embedding of each speaker and all features."""
    first = work / "first"
    if not first.exists():
        work.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, first)
    rows = utterances_of(cache)
    speakers = [row["speaker"] for row in rows]
    names = sorted(set(speakers))
    jobs = jobs_of(rows, names)
    if not (work / "targets.npy").exists():
        vectors = np.concatenate(run_jobs(functools.partial(_embeddings, folder=first), jobs))
        targets = np.concatenate([vectors[np.array(speakers) == name].mean(0) for name in names])
        np.save(work / "targets.npy", targets / np.linalg.norm(targets, axis=1, keepdims=True))
    job = functools.partial(features_of_job, speeds=SPEEDS, copies=COPIES, augment=augment)
    load_or_compute(job, jobs, work / "robust.npz")


def robust_loss(vectors, targets, labels):
    """Return the mean cosine distance to the targets plus an additive margin softmax.

    Parameters
    ----------
    vectors : torch.Tensor
        Unit-length embeddings, shape ``(batch, dimensions)``.
    targets : torch.Tensor
        Unit-length target of each speaker, shape ``(speakers, dimensions)``.
    labels : torch.Tensor
        Speaker of each embedding, shape ``(batch,)``.

    Returns
    -------
    torch.Tensor
        Scalar. The softmax (Wang et al. 2018) has the weight `SOFTMAX_WEIGHT`.
    """
    cosines = vectors @ targets.T
    own = cosines.gather(1, labels[:, None])
    logits = SCALE * (cosines - MARGIN * one_hot(labels, len(targets)))
    return (1 - own).mean() + SOFTMAX_WEIGHT * cross_entropy(logits, labels)


def train(work):
    """Train the first model of a work folder on its feature cache and return it."""
    utterances = FeatureCache.load(work / "robust.npz")
    targets = torch.from_numpy(np.load(work / "targets.npy", allow_pickle=False))
    model = Wav2Vec2BertForXVector.from_pretrained(work / "first", dtype=torch.float32)
    model.adamw_parts = train_speaker.ADAMW_PARTS
    model.set_attn_implementation("eager")  # faster than sdpa in training on a CPU
    for part in (model.classifier, model.objective):  # not used for embeddings
        part.requires_grad_(False)

    def loss_of(step, generator):
        features, labels = crops(utterances, generator)
        with mixed_precision():
            vectors = model(input_features=features).embeddings
        return robust_loss(normalize(vectors.float(), dim=1), targets, labels)

    path = work / "robust.safetensors"
    return fit(model, loss_of, seed=0, path=path, optimizers=muon, **TRAIN)


def final(work, real, out):
    """Export and score the model; write its results and its card."""
    known = json.loads((work / "first" / "results.json").read_text(encoding="utf-8"))
    first = Wav2Vec2BertForXVector.from_pretrained(work / "first", dtype=torch.float32)
    model = interpolate(first.state_dict(), train(work), INTERPOLATION_WEIGHT)
    facts = {
        "utterances": len(FeatureCache.load(work / "robust.npz")) // (len(SPEEDS) * COPIES),
        "speakers": len(np.load(work / "targets.npy", allow_pickle=False)),
        "weight": INTERPOLATION_WEIGHT,
        **TRAIN,
    }
    training = {
        "parameters": f"{model.num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **known["training"],
        **{f"robust_{name}": value for name, value in facts.items()},
    }
    save_half(model, out)
    voice_scores.score_encoder(training, real, out, known["before"])


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache", "out")),
        "train": (train, ()),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
