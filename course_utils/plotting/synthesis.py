"""Figures of synthetic speech: duration and pitch of each phoneme."""

import numpy as np
from matplotlib.patheffects import withStroke

from course_utils.plotting.sound import features
from course_utils.plotting.style import CONFUSED, label


def phonemes(mel, tokens, durations, seconds_per_frame, pitch=None, ax=None, title=None):
    """Draw a mel spectrogram with the boundaries of its phonemes, and their pitch.

    Parameters
    ----------
    mel : array or CPU tensor of float, shape (frames, bands)
        Log-mel spectrogram of one utterance.
    tokens : list of str
        Names of the phonemes, written above the spectrogram where there is room.
    durations : array of int, shape (tokens,)
        Frames of each token; their sum is ``frames``.
    seconds_per_frame : float
        Hop of the spectrogram in seconds.
    pitch : array of float, shape (tokens,), optional
        Fundamental frequency of each token in hertz, NaN where there is none; it gets an axis of
        its own on the right.
    ax, title
        As for `waveform`; the axes are returned.
    """
    durations = np.asarray(durations)
    for values, name in ((durations, "durations"), (pitch, "values of pitch")):
        if values is not None and len(values) != len(tokens):
            raise ValueError(f"There are {len(tokens)} tokens, but {len(values)} {name}.")
    if durations.sum() != len(mel):
        raise ValueError(f"durations add up to {durations.sum()} frames, but mel has {len(mel)}.")
    ax = features(mel, seconds_per_frame, ax=ax, colorbar=None)
    edges = (np.r_[0, np.cumsum(durations)] - 0.5) * seconds_per_frame
    ax.vlines(edges[1:-1], *ax.get_ylim(), color="white", linewidth=0.6, alpha=0.7)
    style = {"ha": "center", "va": "bottom", "fontsize": 7, "family": "monospace"}
    # A letter of this size is about 0.06 inches wide.
    width = ax.get_position().width * ax.figure.get_figwidth()
    for token, start, end in zip(tokens, edges[:-1], edges[1:], strict=True):
        if (end - start) / edges[-1] * width > 0.06 * len(token):
            transform = ax.get_xaxis_transform()
            ax.text((start + end) / 2, 1.01, token, transform=transform, parse_math=False, **style)
    if pitch is not None:
        right = ax.twinx()
        known = np.isfinite(pitch)
        hertz = np.asarray(pitch)[known]
        lines = right.hlines(hertz, edges[:-1][known], edges[1:][known], CONFUSED, linewidth=2)
        lines.set_path_effects([withStroke(linewidth=4, foreground="white")])
        right.set_ylim(0, 1.1 * max(hertz, default=100))
        right.set_ylabel("Pitch (Hz)", color=CONFUSED)
    return label(ax, title, "Time (s)", "Mel band", pad=16)
