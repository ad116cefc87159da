"""Pictures of speech in the making: which phoneme lasts how long, and at which pitch."""

import numpy as np

from course_utils.plotting._common import label
from course_utils.plotting.sound import features

PITCH_COLOUR = "#d55e00"


def phonemes(mel, tokens, durations, seconds_per_frame, pitch=None, ax=None, title=None):
    """Draw a mel spectrogram with the borders of its phonemes, and their pitch.

    Parameters
    ----------
    mel : array or CPU tensor of float, shape (frames, bands)
        Log-mel spectrogram of one utterance.
    tokens : list of str
        Names, written above the spectrogram where there is room.
    durations : array of int, shape (tokens,)
        Frames of each token; their sum is ``frames``.
    seconds_per_frame : float
        Hop of the spectrogram in seconds.
    pitch : array of float, shape (tokens,), optional
        Fundamental frequency of each token in hertz, drawn on an axis of its own on the right;
        NaN where there is none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If tokens, durations, pitch and frames do not match.

    Examples
    --------
    >>> ax = phonemes(np.zeros((9, 4)), ["HH", "AY1"], [3, 6], 0.016, pitch=[float("nan"), 120.0])
    """
    durations = np.asarray(durations)
    if len(tokens) != len(durations):
        raise ValueError(f"There are {len(tokens)} tokens, but {len(durations)} durations.")
    if durations.sum() != len(mel):
        raise ValueError(
            f"durations add up to {durations.sum()} frames, but mel has {len(mel)}: both must be "
            "of the same utterance."
        )
    if pitch is not None and len(pitch) != len(tokens):
        raise ValueError(f"There are {len(tokens)} tokens, but {len(pitch)} values of pitch.")
    ax = features(mel, seconds_per_frame, ax=ax, colorbar=False)
    edges = (np.r_[0, np.cumsum(durations)] - 0.5) * seconds_per_frame
    ax.vlines(edges[1:-1], *ax.get_ylim(), color="white", linewidth=0.6, alpha=0.7)
    # A letter at this size takes about 0.06 inches.
    width = ax.get_position().width * ax.figure.get_figwidth()
    for token, start, end in zip(tokens, edges[:-1], edges[1:], strict=True):
        if (end - start) / edges[-1] * width > 0.06 * len(token):
            ax.annotate(
                token, ((start + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", fontsize=7,
                family="monospace", parse_math=False,
            )  # fmt: skip
    if pitch is not None:
        right = ax.twinx()
        there = np.isfinite(pitch)
        heights = np.asarray(pitch)[there]
        right.hlines(heights, edges[:-1][there], edges[1:][there], color=PITCH_COLOUR, linewidth=2)
        right.set_ylim(0, 1.1 * max(heights, default=100))
        right.set_ylabel("Pitch (Hz)", color=PITCH_COLOUR)
    return label(ax, f"{title}\n" if title else title, "Time (s)", "Mel band")
