"""Pictures of several clips that can be compared: same axes, same scale."""

import math

import matplotlib.pyplot as plt

from course_utils.plotting._common import DPI
from course_utils.plotting._transforms import positive_int
from course_utils.plotting.sound import (
    checked,
    level_name,
    mel_spectrogram,
    spectrogram,
    spectrum,
    waveform,
)

_BEYOND = "0.9"  # light grey where a clip has no data, which is not the same as silence
_PICTURES = {
    "waveform": waveform,
    "spectrum": spectrum,
    "spectrogram": spectrogram,
    "mel_spectrogram": mel_spectrogram,
}


def side_by_side(clips, titles=None, kind="mel_spectrogram", columns=3, **options):
    """Draw several clips in one grid with shared axes and one scale of levels.

    Grey marks what a clip does not have: time after its end, frequencies above half of its rate.

    Parameters
    ----------
    clips : list of (samples, sampling_rate)
        One pair a clip, as `course_utils.audio.load` returns it. Rates and lengths may differ.
    titles : list of str, optional
        One title a clip.
    kind : {"mel_spectrogram", "spectrogram", "spectrum", "waveform"}
        Which picture to draw.
    columns : int, default 3
        Pictures in a row.
    **options
        Handed to every picture, such as ``window_length=512``.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (number of clips,)

    Raises
    ------
    ValueError
        If there is no clip, the titles do not match the clips, the kind is unknown, or a picture
        refuses its clip.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> quiet, loud = 0.01 * rng.standard_normal(8000), rng.standard_normal(8000)
    >>> axes = side_by_side([(quiet, 16_000), (loud, 16_000)], ["quiet", "loud"])
    """
    clips = list(clips)
    if not clips or any(not isinstance(clip, tuple | list) or len(clip) != 2 for clip in clips):
        raise ValueError("clips must be a list with at least one (samples, sampling_rate) pair.")
    titles = [None] * len(clips) if titles is None else list(titles)
    if len(titles) != len(clips):
        raise ValueError(
            f"Give one title a clip: there are {len(clips)} clips, {len(titles)} titles."
        )
    if kind not in _PICTURES:
        raise ValueError(f"Unknown kind {kind!r}: choose one of {', '.join(_PICTURES)}.")
    for clip in clips:
        checked(*clip)
    reference = options.pop("reference", None)
    if kind != "waveform":
        options["reference"] = reference or 1.0
    if "spectrogram" in kind:
        options["colorbar"] = False
    if kind == "mel_spectrogram" and options.get("fmax") is None:
        # A band must mean the same frequencies in every picture.
        options["fmax"] = min(rate for _, rate in clips) / 2

    columns = min(positive_int(columns, "columns"), len(clips))
    rows = math.ceil(len(clips) / columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(max(5.0, 3.2 * columns), 0.4 + 2.1 * rows),
        dpi=DPI,
        squeeze=False,
        layout="constrained",
    )
    for unused in grid.ravel()[len(clips) :]:
        unused.remove()
    axes = grid.ravel()[: len(clips)]
    try:
        for ax, clip, title in zip(axes, clips, titles, strict=True):
            _PICTURES[kind](*clip, ax=ax, title=title, **options)
    except Exception:
        plt.close(figure)
        raise
    if kind != "waveform" and reference is None:
        _level_together(axes)
        if kind == "spectrum":
            plt.setp(axes, ylabel=level_name(None))
    _share_limits(axes, shade_above=kind == "spectrogram")
    for index, ax in enumerate(axes):
        if index % columns:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        if index + columns < len(axes):
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    if "spectrogram" in kind:
        figure.colorbar(axes[0].images[0], ax=list(axes), label=level_name(reference), pad=0.01)
    return axes


def _level_together(axes):
    """Shift all levels, so far relative to 1, so that the loudest point of the grid is at 0 dB."""
    images = [image for ax in axes for image in ax.images]
    lines = [line for ax in axes for line in ax.lines]
    levels = [image.get_array() for image in images] + [line.get_ydata() for line in lines]
    peak = max(level.max() for level in levels)
    for image in images:
        image.set_data(image.get_array() - peak)
    for line in lines:
        line.set_ydata(line.get_ydata() - peak)


def _share_limits(axes, shade_above):
    """Give all axes the widest limits among them, and shade what lies outside of a clip."""
    right = max(ax.get_xlim()[1] for ax in axes)
    bottom = min(ax.get_ylim()[0] for ax in axes)
    top = max(ax.get_ylim()[1] for ax in axes)
    for ax in axes:
        end, highest = ax.get_xlim()[1], ax.get_ylim()[1]
        if end < right:
            ax.axvspan(end, right, color=_BEYOND, linewidth=0)
        if shade_above and highest < top:
            ax.axhspan(highest, top, color=_BEYOND, linewidth=0)
        ax.set(xlim=(0, right), ylim=(bottom, top))
