"""Scores of generated speech: what a recogniser that had no part in it understands."""

import time

import librosa
import numpy as np
import torch
from transformers import pipeline

from .. import scoring, spelling
from ..acoustics import RATE
from . import speech_scores
from .tts_features import HOP, extractor

DOMAINS = ("home", "everyday", "phrasebook")
"""Not digits: recognisers write several in a row as one number."""

SENTENCES = 50
"""Sentences of the test split that are spoken, evenly spaced, none of them in training."""

VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
"""Training voices that speak them."""


def held_out(count=SENTENCES):
    """List sentences that training never heard."""
    rows = speech_scores.shipped("test", DOMAINS)
    return [rows[n]["text"] for n in np.linspace(0, len(rows) - 1, count).round().astype(int)]


def griffin_lim(mel):
    """Make a waveform of a mel spectrogram without a network (Griffin and Lim 1984).

    Parameters
    ----------
    mel : numpy.ndarray
        As :func:`.tts_features.mel_of` gives it, shape ``(frames, 80)``.

    Returns
    -------
    numpy.ndarray
        float32, mono at 16 kHz.
    """
    filters = extractor().mel_filters
    magnitudes = np.maximum(np.linalg.pinv(filters.T) @ 10 ** np.asarray(mel, np.float64).T, 0)
    return librosa.griffinlim(magnitudes, n_iter=60, hop_length=HOP, random_state=0).astype(
        np.float32
    )


def score(speak, voices, judge, texts):
    """Have sentences spoken by voices and written down by a recogniser that had no part in it.

    Parameters
    ----------
    speak : callable
        From a text and a voice's vector, shape ``(1, n)``, to samples at 16 kHz.
    voices : dict
        From name to vector.
    judge : pathlib.Path
        Folder of a recogniser for ``pipeline``.
    texts : list of str
        What is said.

    Returns
    -------
    dict
        Of each voice and ``all``: ``wer`` (normalised texts) with its ``interval``, ``utterances``;
        ``real_time_factor``, seconds of computation for a second of speech, of ``all``.
    """
    recognise = pipeline("automatic-speech-recognition", model=str(judge), device="cpu")
    table, said, heard, took, seconds = {}, [], [], 0.0, 0.0
    for name, vector in voices.items():
        began = time.perf_counter()
        clips = [speak(text, torch.as_tensor(vector)[None]) for text in texts]
        took, seconds = took + time.perf_counter() - began, seconds + sum(map(len, clips)) / RATE
        answers = [recognise({"array": clip, "sampling_rate": RATE})["text"] for clip in clips]
        references = [scoring.normalise_text(text) for text in texts]
        # In noise a recogniser may repeat itself for ever; and it writes "3" for "three".
        predictions = [
            scoring.normalise_text(spelling.spell_out(answer[: 3 * len(text)]))
            for text, answer in zip(texts, answers, strict=True)
        ]
        table[name] = speech_scores.score(references, predictions)
        said, heard = said + references, heard + predictions
    return table | {"all": speech_scores.score(said, heard) | {"real_time_factor": took / seconds}}
