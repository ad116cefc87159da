"""Speaker embeddings: a vector that describes the voice in a clip, and the features behind it."""

import numpy as np
import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModelForAudioXVector,
    PreTrainedConfig,
    SeamlessM4TFeatureExtractor,
)

MIN_SECONDS = 2.0
"""Minimum input of the speaker model, in seconds; a shorter clip is repeated to this length."""


class FbankFeatureExtractor(SeamlessM4TFeatureExtractor):
    """Compute log-mel features as `SeamlessM4TFeatureExtractor`; normalise if its settings say so.

    Transformers takes ``do_normalize_per_mel_bins`` at each call only, and normalises by default.
    Here it is a setting in ``preprocessor_config.json``, and the default of the call.

    Parameters
    ----------
    *args, **kwargs
        As for `transformers.SeamlessM4TFeatureExtractor`.
    do_normalize_per_mel_bins : bool, default True
        Whether each mel band of a clip is scaled to mean 0 and variance 1. That removes the mean
        spectrum: good for recognising words, bad for recognising voices.
    """

    def __init__(self, *args, do_normalize_per_mel_bins=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.do_normalize_per_mel_bins = do_normalize_per_mel_bins

    def __call__(self, raw_speech, *args, do_normalize_per_mel_bins=None, **kwargs):
        """Return features of one clip or several, as `SeamlessM4TFeatureExtractor` does."""
        if do_normalize_per_mel_bins is None:
            do_normalize_per_mel_bins = self.do_normalize_per_mel_bins
        kwargs["do_normalize_per_mel_bins"] = do_normalize_per_mel_bins
        return super().__call__(raw_speech, *args, **kwargs)


class _FbankConfig(PreTrainedConfig):
    """Key of the extractor in ``AutoFeatureExtractor``, which wants one; no model is of this type.

    The extractor is found by its class name, which ``preprocessor_config.json`` gives.
    """

    model_type = "fbank"


class SpeakerEmbedder:
    """Speaker model with its feature extractor: from samples to a speaker embedding.

    Parameters
    ----------
    checkpoint : str or pathlib.Path
        Folder or Hub id of a model for ``AutoModelForAudioXVector``.
    device : torch.device or str, default "cpu"
        Device of the model.

    Attributes
    ----------
    sampling_rate : int
        Sampling rate of the samples that the model expects, in hertz.
    """

    def __init__(self, checkpoint, device="cpu"):
        register()
        model = AutoModelForAudioXVector.from_pretrained(checkpoint, dtype=torch.float32)
        self.model = model.to(device).eval()
        self.feature_extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.sampling_rate = self.feature_extractor.sampling_rate

    @torch.inference_mode()
    def __call__(self, samples):
        """Return the unit-length speaker embedding of `samples`, or zeros if `samples` is empty.

        Parameters
        ----------
        samples : numpy.ndarray
            Mono at :attr:`sampling_rate`, shape ``(n,)``. Less than two seconds are repeated.

        Returns
        -------
        numpy.ndarray
            Float32, shape ``(dim,)``.
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
