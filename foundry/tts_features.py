"""What a text-to-speech model learns from rendered speech: phonemes, frames, pitch and energy.

The mel spectrogram is that of ``SpeechT5FeatureExtractor``: 80 bands from 80 to 7,600 Hz, a frame
of 64 ms every 16 ms, decimal logarithm of the magnitude, at least -4: what is fainter cannot be
heard and only costs effort. The settings are saved with the model, in its
``preprocessor_config.json``, together with those that normalise pitch and energy.
"""

import functools
import math

import numpy as np
from transformers import SpeechT5FeatureExtractor

from course_utils.finetuning.tts import prosody
from course_utils.simulation.augmentation import RATE
from foundry.pronunciation import tokens_of

EDGE = 3
"""Units of 25 ms that are kept of the silence before and after the speech."""

UNIT = RATE // 40
"""Samples in a unit of duration."""


@functools.cache
def extractor():
    """Return the feature extractor of the models.

    Attributes beside those of Transformers: mean and standard deviation of the logarithm of the
    pitch in hertz, and of the mean of a frame of the spectrogram (its energy).
    """
    return SpeechT5FeatureExtractor(
        mel_floor=1e-4, pitch_mean=math.log(160), pitch_std=0.4, energy_mean=-2.2, energy_std=0.8
    )


HOP = extractor().sample_stride
"""Hop length of the spectrograms, in samples at 16 kHz."""


def mel_of(samples):
    """Compute a mel spectrogram: float32, shape ``(len(samples) // HOP + 1, 80)``."""
    return extractor()(audio_target=samples, sampling_rate=RATE)["input_values"][0]


def frames_of(units):
    """Turn durations in units of 25 ms into whole frames; the sums agree within a frame."""
    ends = np.round(np.cumsum(units) * UNIT / HOP).astype(int)
    return np.diff(ends, prepend=0)


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
        ``pitch`` and ``energy`` (see :func:`course_utils.finetuning.prosody`).
    """
    tokens, units = tokens_of(phonemes, durations)
    before, after = (max(units[end] - EDGE, 0) for end in (0, -1))
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
