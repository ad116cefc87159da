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


class FbankFeatureExtractor(SeamlessM4TFeatureExtractor):
    """`SeamlessM4TFeatureExtractor` with ``do_normalize_per_mel_bins`` as one of its settings.

    Transformers takes it at each call only. It scales each mel band of a clip to mean 0 and
    variance 1, which removes the mean spectrum: good for words, bad for voices.
    """

    do_normalize_per_mel_bins = True  # unless the settings say otherwise

    def __call__(self, raw_speech, *args, **kwargs):
        """Return the features of one clip or several, as `SeamlessM4TFeatureExtractor` does."""
        kwargs.setdefault("do_normalize_per_mel_bins", self.do_normalize_per_mel_bins)
        return super().__call__(raw_speech, *args, **kwargs)


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
