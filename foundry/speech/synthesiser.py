"""A text-to-speech model and the vocoder beside it."""

import numpy as np
import torch
from transformers import AutoModel, pipeline

from course_utils import pipelines


def load(folder):
    """Return the pipeline of an exported text-to-speech model with ``pocket-vocoder`` beside it."""
    pipelines.register()
    vocoder = AutoModel.from_pretrained(folder.parent / "pocket-vocoder", dtype=torch.float32)
    return pipeline("text-to-speech", model=str(folder), vocoder=vocoder.eval(), device="cpu")


def say(speaker, text, voice):
    """Return a text as it is spoken by the pipeline of `load`: float32, mono at 16 kHz.

    ``voice`` is a speaker embedding, as for :func:`course_utils.pipelines.voice_input`.
    """
    made = speaker(text, forward_params=pipelines.voice_input(speaker.model, voice))
    return np.asarray(made["audio"], np.float32).ravel()


def say_tokens(speaker, tokens, voice):
    """Return the speech for phonemes: float32, mono at 16 kHz.

    ``tokens`` are those of :func:`foundry.speech.pronunciation.tokens_of`, ``voice`` that of `say`.
    """
    ids = torch.tensor([speaker.tokenizer.convert_tokens_to_ids(tokens)])
    with torch.inference_mode():
        voice = pipelines.voice_input(speaker.model, voice)
        return speaker.vocoder(speaker.model(ids, **voice)["spectrogram"]).ravel().numpy()
