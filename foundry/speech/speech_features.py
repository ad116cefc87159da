"""Mel features of speech, and augmentation of studio speech into simulated recordings.

The features are those of ``SeamlessM4TFeatureExtractor``: 80 mel bands, normalised over the
utterance, with ``stride`` frames of 10 ms stacked into one vector. Recognition uses a stride of 2,
50 vectors a second: English has up to twenty letters a second, too many for CTC at 25 vectors.
"""

import numpy as np
from transformers import SeamlessM4TFeatureExtractor

from course_utils import audio
from course_utils.simulation.augmentation import (
    RATE,
    add_noise,
    band,
    log_uniform,
    reverberate,
)
from foundry.common.sound_synthesis import equalise

MELS = 80
"""Number of mel bands."""

STRIDE = 2
"""Number of frames of 10 ms in a vector, for recognition."""


def extractor(stride=STRIDE):
    """Return a feature extractor that stacks ``stride`` frames of 10 ms."""
    return SeamlessM4TFeatureExtractor(feature_size=MELS, num_mel_bins=MELS, stride=stride)


def features_of(samples, extractor, **options):
    """Return the features of one utterance without padding.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``, at least 0.1 s.
    extractor : transformers.SeamlessM4TFeatureExtractor
        Feature extractor, from :func:`extractor`.
    **options
        Options for the call of the extractor, such as ``do_normalize_per_mel_bins``.

    Returns
    -------
    torch.Tensor
        Shape ``(vectors, MELS * extractor.stride)``, float32.
    """
    frames = 1 + (len(samples) - 400) // 160  # windows of 25 ms every 10 ms
    given = extractor(samples, sampling_rate=RATE, return_tensors="pt", **options)
    return given["input_features"][0, : frames // extractor.stride]


def simulate_recording(rng, samples):
    """Augment studio speech: speed perturbation, `simulate_channel`, `random_gain`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Float32, 0.87 to 1.14 times as long.
    """
    if rng.uniform() < 0.8:
        # Resampling changes speed, pitch and formants together, as if another speaker spoke.
        samples = audio.resample(samples, round(RATE * rng.uniform(0.88, 1.14)), RATE)
    return random_gain(rng, simulate_channel(rng, samples))


def simulate_channel(rng, samples):
    """Add reverberation, equalisation, noise and a limited bandwidth, each with a probability.

    The parameters are those of `simulate_recording`; the length does not change.
    """
    if rng.uniform() < 0.35:
        samples = reverberate(rng, samples, log_uniform(rng, 0.1, 0.6), log_uniform(rng, 0.02, 0.4))
    if rng.uniform() < 0.5:
        samples = equalise(rng, samples, 5.0)
    if rng.uniform() < 0.7:
        samples = add_noise(rng, samples, rng.uniform(5, 45), rng.uniform(-6, 1))
    if rng.uniform() < 0.3:  # a muffled microphone, or a low sampling rate
        highest = log_uniform(rng, 3600, 7500)
        if rng.uniform() < 0.5:
            samples = band(samples, None, highest, 4)
        else:
            low = round(2 * highest)
            samples = audio.resample(audio.resample(samples, RATE, low), low, RATE)
    return np.asarray(samples, dtype=np.float32)


def random_gain(rng, samples):
    """Attenuate by 0 to 36 dB, as recordings of people are often that quiet.

    Whisper's features keep the level: a model trained on loud speech fails on quiet speech. The
    parameters are those of `simulate_recording`.
    """
    return np.asarray(samples * 10 ** (rng.uniform(-36, 0) / 20), dtype=np.float32)
