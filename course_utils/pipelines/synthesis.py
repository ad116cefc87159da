"""Synthesisers of any architecture: which voice they take, and what they show of how they speak."""

from dataclasses import dataclass

import numpy as np
import torch
from transformers import AutoFeatureExtractor, SpeechT5FeatureExtractor

VOICES = {
    "speaker_embed_dim": "speaker_embedding",  # FastSpeech2Conformer
    "speaker_embedding_dim": "speaker_embeddings",  # SpeechT5
}
"""Entry of a configuration that holds the length of a speaker embedding, and its argument."""


@dataclass(frozen=True)
class Utterance:
    """How a model speaks one text; None stands for what it does not show.

    Attributes
    ----------
    symbols : list of str
        The tokens.
    mel : torch.Tensor
        Log-mel spectrogram on the CPU, float32, shape ``(frames, bands)``: the model's own, or
        that of its waveform.
    durations : numpy.ndarray
        Frames of each token, int64, shape ``(tokens,)``; their sum is ``frames``. They are
        predicted, or counted from the attention: a frame belongs to the token with most weight.
    pitch : numpy.ndarray or None
        Predicted pitch of each token, normalised, float32, shape ``(tokens,)``.
    samples : numpy.ndarray or None
        Waveform, float32, shape ``(n,)``, of a model that needs no vocoder.
    """

    symbols: list
    mel: torch.Tensor
    durations: np.ndarray
    pitch: np.ndarray | None = None
    samples: np.ndarray | None = None


def voice_input(model, vector):
    """Return the argument by which a synthesiser is told whose voice to use.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    vector : array or torch.Tensor of float, shape (dim,) or (1, dim)
        Speaker embedding.

    Returns
    -------
    dict
        Name and tensor of shape ``(1, dim)`` on the model's device, for ``forward_params``; empty
        if the model takes no speaker embedding.

    Raises
    ------
    ValueError
        If the model takes embeddings of another length, which come from another speaker encoder.
    """
    for entry, name in VOICES.items():
        if size := getattr(model.config, entry, None):
            row = torch.as_tensor(vector, dtype=torch.float32).reshape(1, -1).to(model.device)
            if row.shape[1] != size:
                raise ValueError(
                    f"the speaker embedding has {row.shape[1]} numbers, and the synthesiser takes "
                    f"{size}: compute it with the speaker encoder that the synthesiser was trained "
                    "with"
                )
            return {name: row}
    return {}


def mel_extractor(speak):
    """Return the feature extractor for the spectrograms of a text-to-speech pipeline.

    It is the synthesiser's, or, for one that makes a waveform at once, SpeechT5's: 80 mel bands, a
    frame every 16 ms at 16 kHz.
    """
    if speak.vocoder is None:
        return SpeechT5FeatureExtractor()
    return AutoFeatureExtractor.from_pretrained(speak.model.name_or_path)


@torch.no_grad()
def look_inside(speak, text, vector):
    """Speak a text, and return what the model shows of how it did: an :class:`Utterance`.

    Parameters
    ----------
    speak : transformers.TextToAudioPipeline
        Pipeline with a FastSpeech2Conformer, SpeechT5 or VITS.
    text : str
    vector : array of float, shape (dim,) or (1, dim)
        Speaker embedding, for a model that takes one.

    Raises
    ------
    ValueError
        If the model has another architecture.
    """
    model = speak.model
    tokens = speak.tokenizer(text, return_tensors="pt").to(model.device)
    voice = voice_input(model, vector)
    symbols = speak.tokenizer.convert_ids_to_tokens(tokens["input_ids"][0])
    if hasattr(model, "generate_speech"):
        return _attending(model, tokens["input_ids"], voice, symbols)
    if hasattr(model, "pitch_predictor"):
        made = model(**tokens, **voice)
        durations = made.duration_outputs[0].long().cpu().numpy()
        pitch = made.pitch_outputs[0, :, 0].cpu().numpy()
        return Utterance(symbols, made.spectrogram[0].cpu(), durations, pitch)
    if hasattr(model, "duration_predictor"):
        return _waveform(model, tokens, symbols)
    raise ValueError(f"{type(model).__name__} shows neither durations nor attention.")


def _attending(model, ids, voice, symbols):
    """Speak with SpeechT5: its attention says at each step which token it is at."""
    mel, attention = model.generate_speech(ids, output_cross_attentions=True, **voice)
    # In training, these heads of each layer were guided towards the diagonal.
    heads = attention[:, : model.config.guided_attention_loss_num_heads]
    attended = heads.mean((0, 1)).argmax(1)  # a token for each step, (steps,)
    steps = np.bincount(attended.cpu().numpy(), minlength=len(symbols))
    return Utterance(symbols, mel.cpu(), steps * model.config.reduction_factor)


def _waveform(model, tokens, symbols):
    """Speak with VITS, and take the spectrogram of its waveform."""
    logarithms = []
    hook = model.duration_predictor.register_forward_hook(
        lambda module, inputs, output: logarithms.append(output)
    )
    try:
        samples = model(**tokens).waveform[0].float().cpu().numpy()
    finally:
        hook.remove()
    frames = torch.ceil(torch.exp(logarithms[0][0, 0]) / model.speaking_rate).cpu().numpy()
    extractor, rate = SpeechT5FeatureExtractor(), model.config.sampling_rate
    if rate != extractor.sampling_rate:
        raise ValueError(f"the model speaks at {rate} Hz, and only 16 kHz is looked into here.")
    # Borders of the tokens in frames of the spectrogram.
    hop = np.prod(model.config.upsample_rates) / extractor.sample_stride
    borders = np.round(np.cumsum(frames) * hop).astype(np.int64)
    mel = extractor(audio_target=samples, sampling_rate=rate)["input_values"][0]
    mel = torch.from_numpy(mel[: borders[-1]])
    return Utterance(symbols, mel, np.diff(borders, prepend=0), samples=samples)
