"""Clips without speech, which the last stage teaches a recogniser to transcribe as nothing.

They are silence, noise, sounds and music with an empty text. Half of the augmented copies of the
utterances beside them lie within longer noise, so that noise alone does not mean that nobody will
speak. The clips for the score come from the test splits, from other seeds, and from a fold of
ESC-10 that is not in the training.
"""

import numpy as np

from course_utils.simulation.augmentation import RATE, add_noise, log_uniform, noise
from foundry.music import genre_data
from foundry.recognition import phone_head, recognition_scores
from foundry.sounds import sound_data
from foundry.speech.feature_cache import (
    FeatureCache,
    cached_features,
    load_or_compute,
    phones_per_frame,
)
from foundry.speech.speech_features import random_gain, simulate_channel, simulate_recording

MAX_SECONDS = 6.9
"""Length of the longest clip in seconds: the window of ``pocket-whisper`` and a margin."""

SPEECH_COPIES = 3
"""Number of augmented copies of each utterance."""

SOUNDS_PER_CLASS = 40
"""Number of synthetic training clips of each label of ``sounds``."""

MUSIC_PER_GENRE = 60
"""Number of training clips of each label of ``genres``."""

NOISE_CLIPS = 500
"""Number of training clips of noise or silence."""

NOISE_TEST_CLIPS = 100
"""Number of clips of noise or silence for the score."""

RECORDED_COPIES = 5
"""Number of augmented copies of each ESC-10 recording."""

HELD_OUT_FOLD = 3
"""Fold of ESC-10 for the score."""


def steady(rng):
    """Return digital silence, or coloured noise with or without hum, of 0.5 s to `MAX_SECONDS`."""
    count = int(rng.uniform(0.5, MAX_SECONDS) * RATE)
    if rng.uniform() < 0.1:
        return np.zeros(count, np.float32)
    samples = noise(rng, count, rng.uniform(-8, 2))
    if rng.uniform() < 0.3:  # mains hum, 50 or 60 Hz with harmonics
        time = np.arange(count) / RATE
        tones = rng.choice([50, 60]) * np.arange(1, 7)
        samples = samples + rng.uniform(0.2, 3) * sum(
            rng.uniform() * np.sin(2 * np.pi * tone * time + rng.uniform(0, 6)) for tone in tones
        )
    return (samples / np.abs(samples).max() * log_uniform(rng, 1e-4, 0.9)).astype(np.float32)


def recorded(rng, samples):
    """Return a part of a clip as another recording of it: gain, channel, cut ends."""
    length = int(rng.uniform(0.5, MAX_SECONDS) * RATE)
    start = rng.integers(max(len(samples) - length, 0) + 1)
    samples = samples[start : start + length]
    # `simulate_channel` scales noise to the level of the clip, which may be silent here.
    return random_gain(rng, simulate_channel(rng, samples + 1e-5 * noise(rng, len(samples))))


def within_noise(rng, samples):
    """Augment an utterance; half of the time put it somewhere within longer noise."""
    samples = simulate_recording(rng, samples)
    room = int(MAX_SECONDS * RATE) - len(samples)
    if room <= 0 or rng.uniform() < 0.5:
        return samples
    before = rng.integers(room + 1)
    samples = np.pad(samples, (before, rng.integers(room - before + 1)))
    samples = add_noise(rng, samples, rng.uniform(8, 50), rng.uniform(-8, 2), fast=False)
    return samples.astype(np.float32)


def recordings(real, held_out):
    """Return the ESC-10 recordings of `HELD_OUT_FOLD`, or those of the other folds."""
    clips, _, folds = sound_data.recordings(real / "esc10")
    return [
        clip for clip, fold in zip(clips, folds, strict=True) if (fold == HELD_OUT_FOLD) == held_out
    ]


def _compute(job):
    """Return the cache of clips without speech of one kind."""
    kind, name, count, features_of, real = job
    rngs = [np.random.default_rng([len(kind), number]) for number in range(count)]
    if kind == "noise":
        clips = [steady(rng) for rng in rngs]
    elif kind == "recording":
        known = recordings(real, held_out=False)
        clips = [recorded(rng, clip) for rng in rngs for clip in known]
    else:
        make = sound_data.render if kind == "sound" else genre_data.example
        clips = [recorded(rng, make(name, "train", number)[0]) for number, rng in enumerate(rngs)]
    features = [features_of(clip) for clip in clips]
    return FeatureCache.of((part, phones_per_frame(None, len(part)), []) for part in features)


def compute_features(work, real, features_of, encode):
    """Load the caches of utterances and of clips without speech; compute missing ones first."""
    rows = recognition_scores.shipped_rows("train", phone_head.TRAINED_DOMAINS)
    path = work / "within_noise.npz"
    speech = cached_features(rows, features_of, encode, path, SPEECH_COPIES, within_noise)
    jobs = [("noise", None, NOISE_CLIPS)]
    jobs += [("sound", label, SOUNDS_PER_CLASS) for label in sound_data.LABELS]
    jobs += [("music", genre, MUSIC_PER_GENRE) for genre in genre_data.GENRES]
    jobs += [("recording", None, RECORDED_COPIES)]
    jobs = [(*job, features_of, real) for job in jobs]
    return speech, load_or_compute(_compute, jobs, work / "no_speech.npz")


def held_out(real):
    """Return clips without speech that no stage has seen, mono at `RATE`, by kind."""
    rng = np.random.default_rng(2_000_000_000)
    sounds = [
        sound_data.render(label, "test", number, close=True)[0]
        for label in sound_data.LABELS
        for number in range(sound_data.SPLITS["test"])
    ]
    music = [
        genre_data.example(genre, "test", number)[0]
        for genre in genre_data.GENRES
        for number in range(genre_data.CLIPS["test"])
    ]
    groups = {
        "silence and noise": [steady(rng) for _ in range(NOISE_TEST_CLIPS)],
        "sounds": sounds,
        "music": music,
        "ESC-10": recordings(real, held_out=True),
    }
    most = int(MAX_SECONDS * RATE)
    return {kind: [clip[:most] for clip in group] for kind, group in groups.items()}


def score(transcribe, real):
    """Return for each kind of `held_out` how many transcripts are empty, and of how many."""
    return {
        kind: [sum(not text for text in transcribe(clips)), len(clips)]
        for kind, clips in held_out(real).items()
    }
