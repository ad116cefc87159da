"""What a text-to-speech model learns from rendered speech: phonemes, frames, pitch and energy.

The mel spectrogram is that of ``SpeechT5FeatureExtractor``: 80 bands from 80 to 7,600 Hz, a frame
of 64 ms every 16 ms, decimal logarithm of the magnitude.
"""

import functools

import librosa
import numpy as np
from transformers import SpeechT5FeatureExtractor

from ..acoustics import RATE
from .pronunciation import tokens_of

HOP = 256
"""Samples from one frame to the next."""

FLOOR = -4.0
"""Lowest value of a spectrogram: what is fainter cannot be heard and only costs effort."""

EDGE = 3
"""Units of 25 ms that are kept of the silence before and after the speech."""

UNIT = RATE // 40
"""Samples in a unit of duration."""

LOWEST, HIGHEST = 60, 500
"""Range of the fundamental frequency, in hertz."""

PITCH, ENERGY = (np.log(160.0), 0.4), (-2.2, 0.8)
"""Mean and spread by which the logarithm of the pitch and the energy are put on one scale."""


@functools.cache
def extractor():
    """Make the feature extractor that the models share."""
    return SpeechT5FeatureExtractor()


def mel_of(samples):
    """Compute a mel spectrogram: float32, shape ``(len(samples) // HOP + 1, 80)``."""
    mel = extractor()(audio_target=samples, sampling_rate=RATE)["input_values"][0]
    return np.maximum(np.asarray(mel, np.float32), FLOOR)


def frames_of(units):
    """Turn durations in units of 25 ms into whole frames; the sums agree within a frame."""
    ends = np.round(np.cumsum(units) * UNIT / HOP).astype(int)
    return np.diff(ends, prepend=0)


def pitch_of(samples):
    """Estimate the fundamental frequency with pYIN: hertz, NaN where unvoiced, one a frame."""
    pitch, _, _ = librosa.pyin(
        samples,
        fmin=LOWEST,
        fmax=HIGHEST,
        sr=RATE,
        frame_length=1024,
        hop_length=HOP,
        resolution=0.2,
        n_thresholds=30,
    )
    return pitch


def examples_of(samples, phonemes, durations):
    """Make what a model learns of one utterance.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, as rendered.
    phonemes : str
        In Kokoro's alphabet.
    durations : list of int
        In units of 25 ms, as :func:`.speech.render` wrote them.

    Returns
    -------
    dict
        ``tokens`` (list of str), ``durations`` (frames of each token), ``mel`` (frames, 80),
        ``pitch`` and ``energy`` (mean of each token, on the scale of `PITCH` and `ENERGY`; 0 where
        nothing is voiced).
    """
    tokens, units = tokens_of(phonemes, durations)
    before, after = (max(units[end] - EDGE, 0) for end in (0, -1))
    units[0], units[-1] = units[0] - before, units[-1] - after
    samples = samples[before * UNIT : before * UNIT + sum(units) * UNIT]
    mel, pitch = mel_of(samples), pitch_of(samples)
    frames = frames_of(units)
    frames[-1] += len(mel) - frames.sum()
    places = np.repeat(np.arange(len(tokens)), frames)
    energy = (mel.mean(1) - ENERGY[0]) / ENERGY[1]
    height = (np.log(pitch[: len(mel)]) - PITCH[0]) / PITCH[1]
    voiced = np.isfinite(height)
    return {
        "tokens": tokens,
        "durations": frames,
        "mel": mel,
        "pitch": _means(places[voiced], height[voiced], len(tokens)),
        "energy": _means(places, energy, len(tokens)),
    }


def _means(places, values, count):
    """Average the values at each place; 0 at places without any."""
    sums = np.bincount(places, values, minlength=count)
    return (sums / np.maximum(np.bincount(places, minlength=count), 1)).astype(np.float32)
