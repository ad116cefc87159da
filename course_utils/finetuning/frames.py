"""Filter banks of a whole clip at once, where Transformers goes frame by frame.

Without torchaudio, the feature extractors of AST and of wav2vec2-bert call a Fourier transform for
each hundredth of a second, which takes half of the time in which a small model answers. `hurry`
hands them a function that gives the same numbers in a few calls.
"""

from importlib import import_module

import numpy as np
from transformers import audio_utils

MODULES = (
    "transformers.models.audio_spectrogram_transformer"
    ".feature_extraction_audio_spectrogram_transformer",
    "transformers.models.seamless_m4t.feature_extraction_seamless_m4t",
)
"""Modules whose `spectrogram` is exchanged."""
BLOCK = 4_096
"""Frames at a time, so that an hour takes no more memory than a minute."""

_THEIRS = audio_utils.spectrogram


def hurry():
    """Let the extractors of this process use :func:`spectrogram`; a second call changes nothing."""
    for name in MODULES:
        module = import_module(name)
        if getattr(module, "spectrogram", None) is _THEIRS:
            module.spectrogram = spectrogram


def spectrogram(waveform, window, frame_length, hop_length, fft_length=None, **options):
    """Compute what ``transformers.audio_utils.spectrogram`` does, many frames a call.

    Parameters
    ----------
    waveform, window, frame_length, hop_length, fft_length, **options
        As there. With options that no extractor of `MODULES` uses, that function is called.

    Returns
    -------
    numpy.ndarray, shape (bands, frames)
    """
    settings = {"power": 1.0, "center": True, "preemphasis": None, "mel_filters": None}
    settings |= {"log_mel": None, "mel_floor": 1e-10, "remove_dc_offset": False, **options}
    as_usual = (
        settings.keys() == {*_USED}
        and settings["power"] == 2.0
        and settings["center"] is False
        and settings["log_mel"] == "log"
        and settings["mel_filters"] is not None
        and np.ndim(waveform) == 1
        and len(waveform) >= frame_length == len(window)
        and fft_length is not None
        and fft_length >= frame_length
    )
    if not as_usual:
        return _THEIRS(waveform, window, frame_length, hop_length, fft_length=fft_length, **options)
    waveform = np.asarray(waveform, dtype=np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(waveform, frame_length)[::hop_length]
    bands = np.empty((settings["mel_filters"].shape[1], len(windows)), dtype=np.float32)
    for first in range(0, len(windows), BLOCK):
        frames = windows[first : first + BLOCK].copy()
        if settings["remove_dc_offset"]:
            frames -= frames.mean(axis=1, keepdims=True)
        if settings["preemphasis"] is not None:
            frames[:, 1:] -= settings["preemphasis"] * frames[:, :-1]
            frames[:, 0] *= 1 - settings["preemphasis"]
        transform = np.fft.rfft(frames * window, fft_length).astype(np.complex64)
        power = np.abs(transform, dtype=np.float64) ** 2
        levels = np.maximum(settings["mel_floor"], settings["mel_filters"].T @ power.T)
        bands[:, first : first + BLOCK] = np.log(levels)
    return bands


_USED = (
    "power", "center", "preemphasis", "mel_filters", "log_mel", "mel_floor", "remove_dc_offset",
)  # fmt: skip
