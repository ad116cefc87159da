"""Log-mel filter caches as Kaldi computes them, fast enough for whole caches of clips.

``ASTFeatureExtractor`` and ``SeamlessM4TFeatureExtractor`` follow Kaldi too, clip by clip.
"""

import numpy as np
import torch

FLOOR = float(np.log(1.192092955078125e-07))
"""What the feature extractors give for digital silence."""


def log_mel(samples, filters, window=None):
    """Compute a log-mel spectrogram: frames of 25 ms every 10 ms, no padding at the ends.

    Each frame loses its mean, is pre-emphasised (0.97), windowed and transformed with 512 points.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``, at least 400 samples.
    filters : numpy.ndarray
        The extractor's ``mel_filters``, shape ``(257, bands)``.
    window : numpy.ndarray, optional
        Shape ``(400,)``; by default the symmetric Hann window of ``ASTFeatureExtractor``.

    Returns
    -------
    torch.Tensor
        Shape ``(frames, bands)``, float32, natural logarithm of power, at least :data:`FLOOR`.
    """
    if window is None:
        window = torch.hann_window(400, periodic=False, dtype=torch.float64)
    samples = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float64))
    frames = samples.unfold(0, 400, 160)
    frames = frames - frames.mean(1, keepdim=True)
    frames = torch.cat([frames[:, :1] * 0.03, frames[:, 1:] - 0.97 * frames[:, :-1]], 1)
    power = torch.fft.rfft(frames * torch.as_tensor(window), 512).abs() ** 2
    mel = power @ torch.from_numpy(filters).double()
    return torch.log(mel.clamp_min(float(np.exp(FLOOR)))).float()
