"""SpecAugment: mask bands of frequency and stretches of time (Park et al. 2019)."""

import torch


def spec_augment(features, lengths, generator, max_bands, max_frames, time_masks=None):
    """Set two frequency bands and some stretches of time to 0 in each spectrogram of a batch.

    Parameters
    ----------
    features : torch.Tensor
        Normalised spectrograms, shape ``(batch, frames, bands)``; changed in place.
    lengths : torch.Tensor
        Number of frames of each spectrogram without padding, shape ``(batch,)``.
    generator : torch.Generator
        Source of randomness.
    max_bands, max_frames : int
        Maximum width of a mask in mel bands, in frames. A time mask covers at most a fifth of the
        spectrogram.
    time_masks : int, optional
        Number of time masks; by default 1, and 1 more for every ``4 * max_frames`` frames.

    Returns
    -------
    torch.Tensor
        ``features``.
    """

    def below(limit):
        return int(torch.randint(max(int(limit), 1), (), generator=generator))

    bands = features.shape[2]
    for row, length in enumerate(lengths.tolist()):
        for _ in range(2):
            width = below(max_bands + 1)
            first = below(bands - width)
            features[row, :, first : first + width] = 0
        for _ in range(1 + length // (4 * max_frames) if time_masks is None else time_masks):
            width = min(below(max_frames + 1), length // 5)
            first = below(length - width)
            features[row, first : first + width] = 0
    return features
