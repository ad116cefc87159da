"""Features of speech for the models on mel features, and studio speech turned into recordings.

The features are those of ``SeamlessM4TFeatureExtractor``: 80 mel bands, each normalised over the
utterance, and a few frames of 10 ms side by side. Two of them, 50 vectors a second, suit
recognition: English has up to twenty letters a second; with 25 vectors, CTC has no room to place
them.
"""

import numpy as np
import torch
from transformers import SeamlessM4TFeatureExtractor

from course_utils import audio
from course_utils.simulation.augmentation import (
    RATE,
    add_noise,
    band,
    log_uniform,
    reverberate,
)
from foundry.kaldi import log_mel
from foundry.synthesis import equalise

MELS = 80
STRIDE = 2


def extractor(stride=STRIDE):
    """Make the feature extractor of a model: ``stride`` frames of 10 ms side by side."""
    return SeamlessM4TFeatureExtractor(feature_size=MELS, num_mel_bins=MELS, stride=stride)


def features_of(samples, extractor, do_normalize_per_mel_bins=True):
    """Compute what the extractor gives for one utterance, without its padding.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``, at least 0.1 s.
    extractor : transformers.SeamlessM4TFeatureExtractor
        From :func:`extractor`.
    do_normalize_per_mel_bins : bool
        As in a call of the extractor.

    Returns
    -------
    torch.Tensor
        Shape ``(frames, MELS * extractor.stride)``, float32.
    """
    mel = log_mel(samples * 2.0**15, extractor.mel_filters, extractor.window)
    if do_normalize_per_mel_bins:
        mel = (mel - mel.mean(0)) / (mel.var(0, correction=1) + 1e-7).sqrt()
    whole = len(mel) // extractor.stride * extractor.stride
    return mel[:whole].reshape(-1, extractor.stride * MELS)


def record(rng, samples):
    """Turn studio speech into a recording: another pace and pitch, then `place` and `level`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Float32, 0.87 to 1.14 times as long.
    """
    if rng.uniform() < 0.8:
        # Playing faster raises pitch and formants with the pace, as another throat would.
        samples = audio.resample(samples, round(RATE * rng.uniform(0.88, 1.14)), RATE)
    return level(rng, place(rng, samples))


def place(rng, samples):
    """Put studio speech somewhere: a room, a microphone, noise; arguments as for `record`."""
    if rng.uniform() < 0.35:
        samples = reverberate(rng, samples, log_uniform(rng, 0.1, 0.6), log_uniform(rng, 0.02, 0.4))
    if rng.uniform() < 0.5:
        samples = equalise(rng, samples, 5.0)
    if rng.uniform() < 0.7:
        samples = add_noise(rng, samples, rng.uniform(5, 45), rng.uniform(-6, 1))
    if rng.uniform() < 0.3:  # a dull microphone, or a recording at a low sampling rate
        highest = log_uniform(rng, 3600, 7500)
        if rng.uniform() < 0.5:
            samples = band(samples, None, highest, 4)
        else:
            low = round(2 * highest)
            samples = audio.resample(audio.resample(samples, RATE, low), low, RATE)
    return np.asarray(samples, dtype=np.float32)


def level(rng, samples):
    """Turn the volume down by up to 36 dB: recordings of people are often that quiet.

    The features of Whisper keep the level, and a model that has heard loud speech only takes
    quiet speech for something else. Arguments as for `record`.
    """
    return np.asarray(samples * 10 ** (rng.uniform(-36, 0) / 20), dtype=np.float32)


def hide(features, ends, generator, bands=16, frames=20):
    """Blank two bands and a few stretches of time in a batch (SpecAugment, Park et al. 2019).

    Parameters
    ----------
    features : torch.Tensor
        Mel frames, shape ``(batch, frames, MELS)``; changed in place.
    ends : torch.Tensor
        Frames of each utterance, shape ``(batch,)``.
    generator : torch.Generator
        Source of randomness.
    bands, frames : int
        Widest band in mel bands, longest stretch in frames.

    Returns
    -------
    torch.Tensor
        The batch.
    """

    def whole(most):
        return int(torch.randint(max(int(most), 1), (), generator=generator))

    for row, end in enumerate(ends.tolist()):
        for _ in range(2):
            width = whole(bands + 1)
            first = whole(MELS - width)
            features[row, :, first : first + width] = 0
        for _ in range(1 + end // (4 * frames)):
            width = min(whole(frames + 1), end // 5)
            first = whole(end - width)
            features[row, first : first + width] = 0
    return features
