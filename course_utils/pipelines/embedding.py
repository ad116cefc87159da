"""Speaker embeddings: a vector that describes the voice in a clip, and the features behind it."""

import numpy as np
import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModelForAudioXVector,
    PreTrainedConfig,
    SeamlessM4TFeatureExtractor,
)

MIN_SECONDS = 2.0  # minimum input of the speaker model; a shorter clip is repeated to this length
HOP, FFT = 160, 512  # samples from a frame to the next, and in a Fourier transform
FLOOR = np.finfo(np.float32).eps  # minimum power of a mel band
BLOCK = 250  # number of frames that are transformed at once


class FbankFeatureExtractor(SeamlessM4TFeatureExtractor):
    """`SeamlessM4TFeatureExtractor` with ``do_normalize_per_mel_bins`` as one of its settings.

    Transformers takes it at each call only. It scales each mel band of a clip to mean 0 and
    variance 1, which removes the mean spectrum: good for words, bad for voices. The features are
    the same to the last bit, but are computed for many frames at once, which is several times
    faster.
    """

    do_normalize_per_mel_bins = True  # unless the settings say otherwise

    def __call__(self, raw_speech, *args, **kwargs):
        """Return the features of one clip or several, as `SeamlessM4TFeatureExtractor` does."""
        kwargs.setdefault("do_normalize_per_mel_bins", self.do_normalize_per_mel_bins)
        return super().__call__(raw_speech, *args, **kwargs)

    def _extract_fbank_features(self, waveform):
        """Return the log-mel filter bank of a clip as Kaldi computes it, float32."""
        samples = np.squeeze(waveform[0] if waveform.ndim == 2 else waveform)
        if samples.ndim != 1 or len(samples) < len(self.window):
            return super()._extract_fbank_features(waveform)  # it says what is wrong
        samples = (samples * 2**15).astype(np.float64)  # in units of 16-bit integers
        frames = np.lib.stride_tricks.sliding_window_view(samples, len(self.window))[::HOP]
        spectrum = np.empty((len(frames), FFT // 2 + 1), np.complex64)
        for first in range(0, len(frames), BLOCK):
            block = frames[first : first + BLOCK]
            block = block - block.mean(1, keepdims=True)
            block[:, 1:] -= 0.97 * block[:, :-1]  # pre-emphasis
            block[:, 0] *= 1 - 0.97
            spectrum[first : first + BLOCK] = np.fft.rfft(block * self.window, FFT)
        power = np.abs(spectrum, dtype=np.float64) ** 2
        mel = np.maximum(self.mel_filters.T @ power.T, FLOOR)
        return np.log(mel).astype(np.float32).T


class _FbankConfig(PreTrainedConfig):
    """Key for `AutoFeatureExtractor.register`; a class is then found by its name."""


class SpeakerEmbedder:
    """Speaker model with its feature extractor, called with mono samples at `sampling_rate`.

    Parameters
    ----------
    checkpoint : str or pathlib.Path
        Folder or Hub id of a model for ``AutoModelForAudioXVector``.
    device : torch.device or str, default "cpu"
        Device of the model.
    """

    def __init__(self, checkpoint, device="cpu"):
        register()
        model = AutoModelForAudioXVector.from_pretrained(checkpoint, dtype=torch.float32)
        self.model = model.to(device).eval()
        self.feature_extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.sampling_rate = self.feature_extractor.sampling_rate

    @torch.inference_mode()
    def __call__(self, samples):
        """Return the unit-length speaker embedding of a clip, float32, shape ``(dim,)``.

        `samples` has the shape ``(n,)`` and is repeated if shorter than :data:`MIN_SECONDS`. If it
        is empty, the embedding is zero.
        """
        if not len(samples):
            return np.zeros(self.model.config.xvector_output_dim, np.float32)
        samples = np.resize(samples, max(len(samples), round(MIN_SECONDS * self.sampling_rate)))
        features = self.feature_extractor(
            samples, sampling_rate=self.sampling_rate, return_tensors="pt"
        ).to(self.model.device)
        name = self.feature_extractor.model_input_names[0]
        embedding = self.model(features[name]).embeddings[0].float()
        return torch.nn.functional.normalize(embedding, dim=0).cpu().numpy()


def register():
    """Let ``AutoFeatureExtractor`` open folders that name :class:`FbankFeatureExtractor`."""
    AutoFeatureExtractor.register(_FbankConfig, FbankFeatureExtractor, exist_ok=True)
