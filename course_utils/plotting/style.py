"""What all figures share: colours, axes, labels, legends."""

import matplotlib.pyplot as plt
import numpy as np

DPI = 80  # pixels per inch: a notebook with twenty figures stays well below a megabyte
# Colours of speakers and curves, in order of appearance: from Okabe and Ito's and Tol's palettes.
# Together with the three colours of errors they can be told apart without colour vision.
COLOURS = ("#0072b2", "#e69f00", "#cc79a7", "#882255", "#332288", "#f0e442")
MISSED = "#56b4e9"  # left out by a model: missed speech, deleted words
ADDED = "#009e73"  # added by a model: false alarms, inserted words
CONFUSED = "#d55e00"  # taken for something else: the wrong speaker, substituted words


def axes_or_new(ax, height, width=8.0):
    """Return `ax`, or the axes of a new figure of this size in inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), dpi=DPI, layout="constrained")[1]


def label(ax, title, x, y, pad=None):
    """Set the title, `pad` points above the axes, and the axis labels; return the axes."""
    ax.set(xlabel=x, ylabel=y)
    if title is not None:
        ax.set_title(title, pad=pad, parse_math=False)  # a dollar sign begins no formula
    return ax


def legend(ax, handles, below=None, columns=3):
    """Put a legend `below` inches under the axes, or to their right, with names as they are."""
    if below is None:
        where = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    else:
        height = ax.get_position().height * ax.figure.get_figheight()
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, -below / height)}
    names = [handle.get_label() for handle in handles]
    drawn = ax.legend(handles, names, ncols=columns, frameon=False, fontsize=8, **where)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def one_each(names, count, things):
    """Return a name as str for each of `count` things, numbers by default, or raise ValueError."""
    names = [str(name) for name in (range(count) if names is None else names)]
    if len(names) != count:
        raise ValueError(f"There are {len(names)} names for {count} {things}.")
    return names


def heatmap(ax, values, cells, names, ticks, low, quantity):
    """Draw a square matrix from `low` to 1, with text in its cells and names at its ticks."""
    image = ax.imshow(values, cmap="Blues", vmin=low, vmax=1)
    ax.figure.colorbar(image, ax=ax, label=quantity, shrink=0.85)
    for (row, column), value in np.ndenumerate(values) if len(values) <= 20 else ():  # readable
        colour = "white" if value - low > 0.6 * (1 - low) else "black"
        style = {"ha": "center", "va": "center", "color": colour, "fontsize": 8}
        ax.text(column, row, cells[row][column], **style)
    ax.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_yticks(ticks, names, parse_math=False)
