"""Wrong answers to the exercises of lesson 01, the usual mistakes first."""

import numpy as np

from course_utils import audio
from course_utils.course.checks.lesson_01 import RATE


def relabel(samples, sampling_rate):
    """Make the usual mistake: change the label and leave the samples."""
    return {"array": samples, "sampling_rate": RATE}


def every_nth(samples, sampling_rate):
    """Resample to the right length by the wrong means of stretching what is there."""
    positions = np.linspace(0, len(samples) / 2, RATE)
    return {
        "array": np.interp(positions, np.arange(len(samples)), samples),
        "sampling_rate": RATE,
    }


def unfiltered(samples, rate):
    """Resample a second by linear interpolation, without a filter."""
    count = len(samples) * RATE // rate
    return np.interp(np.linspace(0, len(samples) - 1, count), np.arange(len(samples)), samples)


def dropping(samples, rate):
    """Resample a second by leaving out or repeating samples."""
    return samples[np.linspace(0, len(samples) - 1, len(samples) * RATE // rate).astype(int)]


def in_dict(resample):
    """Return an answer to 01.5 made from one to 01.8."""
    return lambda samples, rate: {"array": resample(samples, rate), "sampling_rate": RATE}


WRONG = {
    "01.1": (
        lambda samples, rate: len(samples),
        lambda samples, rate: rate / len(samples),
        lambda samples, rate: len(samples) // rate,
    ),
    "01.2": (
        lambda amplitude: 10 * np.log10(amplitude),
        lambda amplitude: 20 * np.log(amplitude),
        lambda amplitude: -20 * np.log10(amplitude),
    ),
    "01.3": (
        lambda frame, hop, rate: frame * hop,
        lambda frame, hop, rate: frame / rate,
        lambda frame, hop, rate: frame * hop // rate,
    ),
    "01.4": (5_000, 4_000, 1_000, 13_000),
    "01.5": (
        relabel,
        every_nth,
        lambda samples, rate: samples,
        in_dict(unfiltered),
        in_dict(dropping),
        in_dict(lambda samples, rate: np.zeros(RATE)),
        lambda samples, rate: {"array": samples, "sampling_rate": rate},
        lambda samples, rate: {"raw": samples, "sampling_rate": RATE},
    ),
    "01.6": (
        np.ravel,
        lambda samples: samples[0],
        lambda samples: samples,
        np.sum,
        lambda samples: (samples[0] + samples[1]) / 2,
        lambda samples: samples.sum(axis=0) / 2,
    ),
    "01.7": (
        lambda samples, gain: np.clip(samples * 10 ** (gain / 20), -1, 1),
        lambda samples, gain: samples * 10 ** (gain / 20),
        lambda samples, gain: samples / np.abs(samples).max(),
        lambda samples, gain: samples * min(10 ** (gain / 20), 1 / samples.max()),
    ),
    "01.8": (
        unfiltered,
        dropping,
        lambda samples, rate: np.zeros(RATE),
        lambda samples, rate: (samples, RATE),
        lambda samples, rate: (
            samples / 32_768 if samples.dtype == np.int16 else audio.resample(samples, rate, RATE)
        ),
        lambda samples, rate: audio.resample(samples.astype(np.float32), rate, RATE),
        lambda samples, rate: audio.resample(samples, rate, RATE),
        lambda samples, rate: audio.resample(audio.resample(samples, rate, RATE), 44_100, RATE),
        lambda samples, rate: samples,
        lambda samples, rate: samples[::2],
        lambda samples, rate: np.interp(
            np.linspace(0, len(samples), len(samples) * 160 // 441),
            np.arange(len(samples)),
            samples,
        ),
    ),
    "01.9": (
        lambda train, test: sorted(set(train) | set(test)),
        lambda train, test: [source for source in test if source in train],
        lambda train, test: sorted(set(test) - set(train)),
    ),
}
