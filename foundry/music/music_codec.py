"""Fit the codebooks of the codec of ``pocket-music`` by residual k-means."""

import torch
from sklearn.cluster import KMeans

from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig


def fit_codec(clips):
    """Return a codec with fitted codebooks.

    Parameters
    ----------
    clips : numpy.ndarray, shape (clips, samples)
        Training clips at 16 kHz.

    Returns
    -------
    SpectralCodec
    """
    codec = SpectralCodec(SpectralCodecConfig()).eval()
    batches = torch.from_numpy(clips).float().split(20)
    left = torch.cat([codec.frames(batch).flatten(0, 1) for batch in batches])
    for book in codec.codebooks:
        kmeans = KMeans(len(book), init="random", n_init=1, max_iter=15, random_state=0)
        nearest = kmeans.fit_predict(left.numpy())
        book.copy_(torch.from_numpy(kmeans.cluster_centers_))
        left = left - book[torch.from_numpy(nearest)]
    return codec


@torch.no_grad()
def encode(codec, samples):
    """Encode waveforms ``(clips, samples)`` as tokens ``(clips, frames, codebooks)``."""
    return codec.encode(samples[:, None]).audio_codes[0].transpose(1, 2)
