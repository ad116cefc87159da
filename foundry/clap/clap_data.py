"""Render sounds and music with known facts: near or far, live or on the radio, slow or fast."""

import dataclasses
import zlib

import numpy as np

from course_utils.simulation.augmentation import (
    RATE,
    add_noise,
    band,
    log_uniform,
    noise,
    reverberate,
)
from foundry.clap.captions import UNSEEN, is_unseen, music_facts, sound_facts
from foundry.common.sound_synthesis import equalise, normalise
from foundry.music import genre_data
from foundry.music.arranging import compose, perform
from foundry.music.styles import STYLES
from foundry.sounds.sound_data import LABELS, SOUNDS, record, record_close

SECONDS = 5.0
"""Length of the input of the model, in seconds."""

DISTANCES = ("near", "far", "")
"""Distance of a sound; "": anything between, in harder conditions."""

VIAS = ("live", "radio")
"""Whether a clip is heard live or from a radio."""

TEMPOS = {"slow": (62, 92), "moderate": (98, 127), "fast": (134, 185)}
"""Limits of the tempo of a piece in beats per minute, by pace."""

SEEN_SOUNDS = [label for label in LABELS if label not in UNSEEN]
SEEN_GENRES = [genre for genre in genre_data.GENRES if genre not in UNSEEN]
FIRST_SEED = {"train": 0, "validation": 1, "test": 2}


def _generator(split, label, number):
    return np.random.default_rng([FIRST_SEED[split], zlib.crc32(label.encode()), number])


def sound_clip(label, split, number, where=None, via=None):
    """Render one sound.

    Parameters
    ----------
    label : str
        One of ``sound_data.LABELS``.
    split : {"train", "validation", "test"}
        Split of the seeds and of the parameter cells.
    number : int
        Number of the clip; fixes every sample.
    where : {"near", "far", ""}, optional
        Distance; by default each in turn.
    via : {"live", "radio"}, optional
        Whether it is heard from a radio; by default three clips live, then three from a radio.

    Returns
    -------
    samples : numpy.ndarray, shape (n,), float32
        Sound at 16 kHz, 2 to 5 s.
    facts : dict
        Result of `captions.sound_facts`.
    """
    rng = _generator(split, label, number)
    where = DISTANCES[number % 3] if where is None else where
    seconds = SECONDS if rng.uniform() < 0.5 else round(rng.uniform(2.0, SECONDS), 2)
    samples, parameters = SOUNDS[label](rng, split, seconds)
    samples = np.asarray(samples, dtype=float)
    via = _via(number) if via is None else via
    return _HEARD[via](rng, _RECORD[where](rng, samples)), sound_facts(
        label, parameters, where, via
    )


def _via(number):
    return VIAS[number // 3 % 2]


def _from_radio(rng, samples):
    """Keep the middle of the spectrum, and add hiss."""
    loudest = np.abs(samples).max()
    samples = band(samples, rng.uniform(350, 600), rng.uniform(2200, 3000), 4)
    hiss = band(noise(rng, len(samples)), 350, 3000, 2)
    samples = normalise(samples, 1.0) + hiss * 10 ** (-rng.uniform(24, 36) / 20)
    return normalise(samples, loudest).astype(np.float32)


_HEARD = {"live": lambda rng, samples: samples, "radio": _from_radio}


def _record_near(rng, samples):
    return normalise(record_close(rng, samples), rng.uniform(0.5, 0.97)).astype(np.float32)


def _record_far(rng, samples):
    """Add the reverberation of a large place, lose treble and level, keep the noise."""
    samples = reverberate(
        rng, normalise(samples, 1.0), rng.uniform(0.8, 1.6), rng.uniform(0.8, 2.5)
    )
    samples = equalise(rng, band(samples, None, log_uniform(rng, 1200, 3000), 1), 3.0)
    samples = add_noise(
        rng, normalise(samples, 1.0), rng.uniform(18, 36), rng.uniform(-6, 0), fast=False
    )
    return normalise(samples, log_uniform(rng, 0.02, 0.12)).astype(np.float32)


_RECORD = {"near": _record_near, "far": _record_far, "": record}


def music_clip(genre, split, number, pace=None, via=None):
    """Render one piece of music, as `sound_clip` does a sound; ``pace`` is a key of `TEMPOS`."""
    rng = _generator(split, genre, number)
    pace = list(TEMPOS)[number % len(TEMPOS)] if pace is None else pace
    via = _via(number) if via is None else via
    style = dataclasses.replace(STYLES[genre], tempo=TEMPOS[pace])
    score = compose(style, rng, split, SECONDS)
    facts = music_facts({"genre": genre} | genre_data.parameters_of(score), via)
    return _HEARD[via](rng, perform(style, score, rng, SECONDS)), facts


def clip(label, split, number, *attributes):
    """Render clip ``number`` of a sound or of a genre; returns samples and facts."""
    return (music_clip if label in STYLES else sound_clip)(label, split, number, *attributes)


def clips(label, split, numbers, unseen=False):
    """Yield clips of a label; those that `is_unseen` leaves out of training only if ``unseen``."""
    for number in numbers:
        samples, facts = clip(label, split, number)
        if unseen or not is_unseen(facts):
            yield samples, facts


def padded(samples):
    """Return the first 5 s of a clip, with silence after a shorter one."""
    samples = samples[: round(SECONDS * RATE)]
    return np.pad(samples, (0, round(SECONDS * RATE) - len(samples)))
