"""Figures of several clips that can be compared: same axes, same scale."""

import math

import matplotlib.pyplot as plt

from course_utils.plotting.sound import LEVEL, checked, mel_spectrogram, positive_int
from course_utils.plotting.style import DPI, one_each

_NO_DATA = "0.9"  # light grey: no data, which is not the same as silence


def side_by_side(clips, titles=None, columns=3, **options):
    """Draw mel spectrograms of several clips in one grid with shared axes and one scale of levels.

    Grey marks the time after the end of a clip.

    Parameters
    ----------
    clips : list of (samples, sampling_rate)
        One pair per clip, as `course_utils.audio.load` returns it. Rates and lengths may differ.
    titles : list of str, optional
        One title per clip.
    columns : int, default 3
        Axes in a row.
    **options
        Further arguments of `mel_spectrogram`. ``fmax`` is half of the lowest rate by default.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (number of clips,)
    """
    clips = list(clips)
    if not clips or any(not isinstance(clip, tuple | list) or len(clip) != 2 for clip in clips):
        raise ValueError("clips must be a list with at least one (samples, sampling_rate) pair.")
    titles = [None] * len(clips) if titles is None else one_each(titles, len(clips), "clips")
    for clip in clips:
        checked(*clip)
    # A band must mean the same frequencies for every clip.
    options = {"fmax": min(rate for _, rate in clips) / 2} | options
    columns = min(positive_int(columns, "columns"), len(clips))
    rows = math.ceil(len(clips) / columns)
    size = (max(5.0, 3.2 * columns), 0.4 + 2.1 * rows)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, dpi=DPI, squeeze=False, layout="constrained"
    )
    for unused in grid.ravel()[len(clips) :]:
        unused.remove()
    axes = grid.ravel()[: len(clips)]
    try:
        for ax, clip, title in zip(axes, clips, titles, strict=True):
            mel_spectrogram(*clip, reference=1.0, ax=ax, title=title, colorbar=False, **options)
    except Exception:
        plt.close(figure)
        raise
    images = [ax.images[0] for ax in axes]
    loudest = max(image.get_array().max() for image in images)
    end = max(ax.get_xlim()[1] for ax in axes)
    for index, (ax, image) in enumerate(zip(axes, images, strict=True)):
        image.set_data(image.get_array() - loudest)
        if ax.get_xlim()[1] < end:
            ax.axvspan(ax.get_xlim()[1], end, color=_NO_DATA, linewidth=0)
        ax.set_xlim(0, end)
        if index % columns:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)
        if index + columns < len(axes):
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    figure.colorbar(images[0], ax=list(axes), label=LEVEL, pad=0.01)
    return axes
