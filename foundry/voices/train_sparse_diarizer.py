"""Train ``pocket-diarizer`` on windows in which hardly anybody speaks.

This is the second stage of its training, after the steps of `train_diarizer`, with the same
``--work``::

    python -m foundry.voices.train_sparse_diarizer features --work DIR --real DIR --out DIR
    python -m foundry.voices.train_sparse_diarizer train --work DIR
    python -m foundry.voices.train_sparse_diarizer final --work DIR --real DIR --out DIR

In the conversations of the first stage somebody speaks nearly all the time, and the features are
normalised over each window: where nobody spoke, the loudest noise looked like a voice. Here half of
every batch are windows of noise, sounds and knocks, with a few short utterances or none. The other
half are conversations as before, whose targets are the probabilities of the model before this stage
(learning without forgetting, Li and Hoiem 2016). Only the layers above the voices are trained, so
the pipeline matches local speakers as before.
"""

import copy
import functools
import json
import shutil

import numpy as np
import torch
from torch.nn import functional
from transformers import Wav2Vec2BertForAudioFrameClassification

from course_utils import audio
from course_utils.finetuning import frame_labels, permutation_invariant_loss
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import (
    RATE,
    add_at,
    band,
    log_uniform,
    noise,
    over_telephone,
    reverberate,
    samples_of,
)
from foundry.common.files import save_npz, write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import adamw, fit, mixed_precision, save_half
from foundry.recognition import no_speech, recognition_scores
from foundry.sounds import sound_data
from foundry.speech.feature_cache import run_jobs
from foundry.speech.speech_data import PACKED
from foundry.voices import train_diarizer, voice_scores
from foundry.voices.train_diarizer import (
    FRAME,
    LOCAL_SPEAKERS,
    MIN_UTTERANCES,
    SECONDS,
    VECTORS,
)
from foundry.voices.train_robust_speaker import SPEEDS

SPARSE = 3000
"""Number of training windows with little speech or none."""

CONVERSATIONS = 400
"""Number of training conversations of half a minute."""

SCENES = (*train_diarizer.SCENES, "conference call")
"""Acoustic conditions of the conversations, in turn; here without labels, so of any kind."""

SOUNDS_PER_CLASS = {"train": 20, "test": 5}
"""Number of synthetic clips of each label of ``sounds`` in the background, by split."""

TEST_WINDOWS = 200
"""Number of windows for the score."""

TRAINED_LAYERS = 2
"""Number of layers that are trained, the last ones: the voices come from the one below."""

TRAIN = {"steps": 1000, "rate": 3e-4}
"""Arguments of `fit`."""

BATCH = 6
"""Number of windows of either kind in a batch."""

COUNT = round(SECONDS * RATE)
"""Number of samples in a window."""


def backdrop(rng, voices, sounds):
    """Return a window in which nobody speaks, float64; the arguments are those of `sparse_window`.

    It has noise of changing level, sounds, knocks, and in three of ten windows faint voices, as
    from the next room.
    """
    knots = rng.normal(0, rng.uniform(0, 4), rng.integers(2, 12))
    decibels = np.interp(np.linspace(0, 1, COUNT), np.linspace(0, 1, len(knots)), knots)
    track = noise(rng, COUNT, rng.uniform(-8, 2)) * 10 ** (decibels / 20)
    for _ in range(rng.poisson(1)):
        sound = no_speech.recorded(rng, sounds[rng.integers(len(sounds))])
        gain = log_uniform(rng, 0.5, 10) / (np.sqrt(np.mean(sound**2)) + 1e-9)
        add_at(track, gain * sound, rng.integers(-RATE, COUNT))
    for _ in range(rng.poisson(rng.choice([0, 3, 20]))):
        length = samples_of(log_uniform(rng, 0.003, 0.15))
        knock = noise(rng, 5 * length, rng.uniform(-9, 0)) * np.exp(-np.arange(5 * length) / length)
        knock = band(knock, log_uniform(rng, 50, 1000), log_uniform(rng, 1500, 8000), 1)
        add_at(track, log_uniform(rng, 1, 20) * knock, rng.integers(COUNT))
    level = np.sqrt(np.mean(track**2))
    for _ in range(rng.choice([0, 0, 0, 0, 0, 0, 0, 1, 2, 4])):
        samples = spoken(rng, voices, str(rng.choice(list(voices))))
        samples = reverberate(rng, samples, 0.9, 3.0)
        gain = 10 ** (rng.uniform(-30, -12) / 20)
        add_at(track, gain * level * samples, rng.integers(COUNT))
    return track


def spoken(rng, voices, name):
    """Return 0.3 to 4 s of an utterance of a speaker, with an RMS of 1."""
    samples = voices[name][rng.integers(len(voices[name]))]
    length = min(samples_of(log_uniform(rng, 0.3, 4)), len(samples))
    first = rng.integers(len(samples) - length + 1)
    samples = samples[first : first + length]
    return samples / (np.sqrt(np.mean(samples**2)) + 1e-9)


def sparse_window(rng, voices, sounds):
    """Mix a window in which nobody speaks, or one to three people now and then.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    voices : dict of str to list of numpy.ndarray
        Utterances of each speaker, mono at `RATE`, without silence at their ends.
    sounds : list of numpy.ndarray
        Clips without speech, mono at `RATE`.

    Returns
    -------
    samples : numpy.ndarray
        Float32, shape ``(COUNT,)``.
    turns : list of dict
        ``{"speaker", "start", "end"}`` in seconds; none in three of seven windows.
    """
    track, turns = backdrop(rng, voices, sounds), []
    level = np.sqrt(np.mean(track**2)) * 10 ** (rng.uniform(0, 30) / 20)
    reverberation = log_uniform(rng, 0.15, 0.9)
    most = min(LOCAL_SPEAKERS, len(voices))
    names = rng.choice(list(voices), rng.integers(1, most + 1), replace=False)
    for _ in range(rng.choice([0, 0, 0, 1, 2, 3, 4])):
        name = str(rng.choice(names))
        samples = spoken(rng, voices, name)
        start = rng.uniform(0, SECONDS - 0.3)
        turns += [
            {"speaker": name, "start": start + begin, "end": min(start + end, SECONDS)}
            for begin, end in conversations.speech_in(samples, RATE)
            if start + begin < SECONDS
        ]
        samples = np.pad(level * samples, (0, samples_of(reverberation)))  # for the tail
        samples = reverberate(rng, samples, reverberation, log_uniform(rng, 0.02, 1))
        add_at(track, log_uniform(rng, 0.5, 2) * samples, round(start * RATE))
    track = np.float32(track / np.abs(track).max() * log_uniform(rng, 0.01, 0.9))
    return over_telephone(track) if rng.uniform() < 0.2 else track, turns


@functools.cache
def material(split, real):
    """Return the voices and the sounds of a split, as for `sparse_window`."""
    voices = {}
    for row in recognition_scores.shipped(split, PACKED):
        samples = audio.trim_silence(audio.load(row["audio"], RATE)[0], RATE)
        voices.setdefault(row["speaker"], []).append(samples)
    sounds = [
        sound_data.render(label, split, number)[0]
        for label in sound_data.LABELS
        for number in range(SOUNDS_PER_CLASS[split])
    ]
    return voices, sounds + no_speech.recordings(real, held_out=split == "test")


def _sparse_windows(job):
    """Return the features and the labels of some sparse windows."""
    real, numbers = job
    features, labels = [], []
    for number in numbers:
        samples, turns = sparse_window(np.random.default_rng([8, number]), *material("train", real))
        features.append(train_diarizer.window_features(samples))
        labels.append(frame_labels(turns, VECTORS, FRAME, LOCAL_SPEAKERS))
    return torch.stack(features).half().numpy(), np.stack(labels)


@functools.cache
def _cast():
    """Return the training speakers of the conversations, decoded once for each process."""
    rows = recognition_scores.shipped("train", PACKED)
    return conversations.cast(rows, MIN_UTTERANCES, SPEEDS)


def _conversations(seeds):
    """Return the features of the windows of some conversations."""
    talks = (train_diarizer.training_conversation(_cast(), seed, SCENES) for seed in seeds)
    windows = [window for talk in talks for window, *_ in train_diarizer.windows_of(talk)]
    return torch.stack(windows).half().numpy()


def compute_features(work, real, out):
    """Copy the first model; compute the windows of this stage if they are missing."""
    if not (work / "first").exists():
        shutil.copytree(out, work / "first")
    if (work / "sparse.npz").exists():
        return
    jobs = [(real, range(SPARSE)[first : first + 100]) for first in range(0, SPARSE, 100)]
    features, labels = zip(*run_jobs(_sparse_windows, jobs), strict=True)
    jobs = [range(CONVERSATIONS)[first : first + 20] for first in range(0, CONVERSATIONS, 20)]
    save_npz(
        work / "sparse.npz",
        features=np.concatenate(features),
        labels=np.concatenate(labels).astype(bool),
        conversations=np.concatenate(run_jobs(_conversations, jobs)),
    )


class SparseDiarizer(torch.nn.Module):
    """A diarizer that learns where nobody speaks, and answers as before in conversations."""

    def __init__(self, model):
        super().__init__()
        before = copy.deepcopy(model).eval().requires_grad_(False)
        self.before = [before]  # in a list, so it is not a part of the model
        self.model = model.requires_grad_(False)
        for part in (*model.wav2vec2_bert.encoder.layers[-TRAINED_LAYERS:], model.classifier):
            part.requires_grad_(True)

    def loss(self, features, labels, talks):
        """Return the loss of sparse windows with labels plus that of windows of conversations."""
        logits = self.model(torch.cat([features, talks])).logits.float()
        with torch.no_grad():
            wanted = self.before[0](talks).logits.float().sigmoid()
        sparse, known = logits.split([len(features), len(talks)])
        return permutation_invariant_loss(
            sparse, labels
        ) + functional.binary_cross_entropy_with_logits(known, wanted)


def train(work):
    """Train the first model on the windows of a work folder."""
    model = Wav2Vec2BertForAudioFrameClassification.from_pretrained(
        work / "first", dtype=torch.float32
    )
    diarizer = SparseDiarizer(model)
    with np.load(work / "sparse.npz", allow_pickle=False) as parts:
        features, labels, talks = (parts[k] for k in ("features", "labels", "conversations"))

    def drawn(count, generator, *parts):
        rows = torch.randint(count, (BATCH,), generator=generator).numpy()
        return [torch.from_numpy(part[rows].astype(np.float32)) for part in parts]

    def loss_of(step, generator):
        sparse = drawn(len(features), generator, features, labels)
        with mixed_precision():
            return diarizer.loss(*sparse, *drawn(len(talks), generator, talks))

    path = work / "sparse.safetensors"
    return fit(diarizer, loss_of, seed=6, path=path, optimizers=adamw, **TRAIN).model


def score(folder, windows, real):
    """Return the scores of an exported model with speech, and its false alarms without.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the model.
    windows : list of (numpy.ndarray, list of dict)
        Results of `sparse_window`.
    real : pathlib.Path
        Folder that contains ``ami``.

    Returns
    -------
    diarization : dict
        Scores of `voice_scores.diarize_all`, and those in windows with sparse speech.
    silent : list of int
        Number of windows without speech in which the model finds turns, and number of all.
    """
    diarize = voice_scores.diarizer(folder)
    table = voice_scores.diarize_all(diarize, real)
    sparse = [window for window in windows if window[1]]
    silent = [bool(diarize(samples)) for samples, turns in windows if not turns]
    table["windows with sparse speech"] = voice_scores.score(diarize, sparse)
    return table, [sum(silent), len(silent)]


def final(work, real, out):
    """Export and score the model; write its results and its card."""
    known = json.loads((work / "first" / "results.json").read_text(encoding="utf-8"))
    save_half(train(work), out)
    training = known["training"] | {f"sparse_{name}": value for name, value in TRAIN.items()}
    training |= {"sparse_windows": SPARSE, "sparse_conversations": CONVERSATIONS}
    results = {"training": training}
    # Voices and sounds of the test splits, and recordings of another fold of ESC-10.
    windows = [
        sparse_window(np.random.default_rng([9, number]), *material("test", real))
        for number in range(TEST_WINDOWS)
    ]
    results["diarization"], results["silent"] = score(out, windows, real)
    results["before"], results["silent_before"] = score(work / "first", windows, real)
    write_results(out, results)
    voice_scores.write_card(out, results)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("real", "out")),
        "train": (train, ()),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
