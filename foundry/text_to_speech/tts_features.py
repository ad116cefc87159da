"""Training examples of the text-to-speech model: phonemes, durations, mel, pitch and energy.

The mel spectrogram is that of ``SpeechT5FeatureExtractor``: 80 bands from 80 to 7,600 Hz, windows
of 64 ms every 16 ms, decimal logarithm of the magnitude, at least -4: lower values are inaudible
and harder to predict. The settings are saved with the model in ``preprocessor_config.json``, with
those that normalise pitch and energy.
"""

import functools
import math

import numpy as np
from transformers import SpeechT5FeatureExtractor

from course_utils.finetuning import prosody
from course_utils.simulation.augmentation import RATE
from foundry.speech.pronunciation import tokens_of

MAX_SILENCE = 3
"""Maximum silence before and after the speech, in units of 25 ms."""

UNIT = RATE // 40
"""Unit of duration in samples: 25 ms."""


@functools.cache
def extractor():
    """Return the feature extractor of the text-to-speech model and the vocoder.

    Attributes beside those of Transformers: mean and standard deviation of the logarithm of the
    pitch in hertz, and of the mean of a frame of the spectrogram (its energy).
    """
    return SpeechT5FeatureExtractor(
        mel_floor=1e-4, pitch_mean=math.log(160), pitch_std=0.4, energy_mean=-2.2, energy_std=0.8
    )


HOP = extractor().sample_stride
"""Hop length of the spectrograms, in samples at 16 kHz."""


def mel_of(samples):
    """Return a mel spectrogram: float32, shape ``(len(samples) // HOP + 1, 80)``."""
    return extractor()(audio_target=samples, sampling_rate=RATE)["input_values"][0]


def frames_of(units):
    """Convert durations from units of 25 ms to frames; the sums agree within one frame."""
    ends = np.round(np.cumsum(units) * UNIT / HOP).astype(int)
    return np.diff(ends, prepend=0)


def examples_of(samples, phonemes, durations):
    """Return the training example of one utterance.

    Parameters
    ----------
    samples : numpy.ndarray
        Rendered speech, mono at 16 kHz.
    phonemes : str
        Phonemes in Kokoro's alphabet.
    durations : list of int
        Durations from :func:`foundry.speech.speech_data.render`, in units of 25 ms.

    Returns
    -------
    dict
        ``tokens`` (list of str), ``durations`` (frames of each token), ``mel`` (frames, 80),
        ``pitch`` and ``energy`` (see :func:`course_utils.finetuning.prosody`).
    """
    tokens, units = tokens_of(phonemes, durations)
    before, after = (max(units[end] - MAX_SILENCE, 0) for end in (0, -1))
    units[0], units[-1] = units[0] - before, units[-1] - after
    samples = samples[before * UNIT : before * UNIT + sum(units) * UNIT]
    mel, frames = mel_of(samples), frames_of(units)
    frames[-1] += len(mel) - frames.sum()
    pitch, energy = prosody(samples, mel, frames, extractor())
    return {
        "tokens": tokens,
        "durations": frames,
        "mel": mel,
        "pitch": pitch,
        "energy": energy,
    }
