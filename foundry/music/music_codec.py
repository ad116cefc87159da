"""The codebooks of ``pocket-music``'s codec, fitted by residual k-means."""

import torch
from sklearn.cluster import KMeans

from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig


def fit_codec(clips):
    """Fit the codebooks of a codec.

    Parameters
    ----------
    clips : numpy.ndarray, shape (clips, samples)
        Music at 16 kHz.

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
    """Turn waveforms, ``(clips, samples)``, into tokens, ``(clips, frames, codebooks)``."""
    return codec.encode(samples[:, None]).audio_codes[0].transpose(1, 2)
