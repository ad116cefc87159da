"""What all pictures share: axes, labels, colours."""

import matplotlib.pyplot as plt

DPI = 80  # a notebook of twenty pictures stays well below a megabyte
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito


def axes_or_new(ax, height, width):
    """Return `ax`, or the axes of a new figure, in inches, whose margins fit its labels."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), dpi=DPI, layout="constrained")[1]


def strip_or_new(ax, height, colorbar=False):
    """Return `ax`, or the axes of a new figure as wide as a page, `height` inches high.

    The margins suit every picture of sound. Measuring the labels instead would take longer than
    the drawing.
    """
    if ax is not None:
        return ax
    width = 8.0
    right = 0.75 if colorbar else 0.2
    figure, ax = plt.subplots(figsize=(width, height), dpi=DPI)
    figure.subplots_adjust(0.75 / width, 0.5 / height, 1 - right / width, 1 - 0.35 / height)
    return ax


def label(ax, title, x, y):
    """Title the picture, name its axes, return it; a dollar sign in a title begins no formula."""
    ax.set(xlabel=x, ylabel=y)
    if title is not None:
        ax.set_title(title, parse_math=False)
    return ax
