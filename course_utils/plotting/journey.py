"""All scores of the ledger in one figure."""

import textwrap
from contextlib import suppress

import numpy as np

from course_utils import scoring
from course_utils.plotting.style import COLOURS, axes_or_new, label, legend

# The baseline is a ring, so that a score that did not change is visible inside it.
_MARKERS = {
    "baseline": {"marker": "o", "s": 90, "facecolors": "none", "edgecolors": COLOURS[3]},
    "fine-tuned": {"marker": "D", "s": 30, "color": COLOURS[0]},
}
_ARROWS = {True: " ↑", False: " ↓", None: ""}


def journey(entries, ax=None, title=None):
    """Draw the score of each ledger entry before and after fine-tuning, one row per entry.

    A row with a score beyond 1 is divided by its largest score; the numbers beside a row are the
    scores themselves. Without entries, a sentence is drawn instead.

    Parameters
    ----------
    entries : list of dict
        ``progress.latest()``: ``lesson``, ``task``, ``metric``, ``higher_is_better`` (by default
        ``scoring.higher_is_better(metric)``), and ``baseline`` and ``finetuned``, of which one may
        be None.
    ax, title
        As for `waveform`; the axes are returned.

    Raises
    ------
    ValueError
        If an entry has no score.
    """
    for entry in entries:
        if entry["baseline"] is None and entry["finetuned"] is None:
            raise ValueError(f"{entry['task']!r} has neither baseline nor fine-tuned score.")
    ax = axes_or_new(ax, height=1.3 + 0.34 * max(len(entries), 1), width=8.5)
    if not entries:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No score yet: run a lesson, and it appears here.", ha="center")
        return label(ax, title, "", "")
    for row, entry in enumerate(entries):
        scores = [entry["baseline"], entry["finetuned"]]
        known = [score for score in scores if score is not None]
        scale = max(1.0, *np.abs(known))
        ax.plot(np.divide(known, scale), [row] * len(known), color="0.75", linewidth=3, zorder=1)
        for score, style in zip(scores, _MARKERS.values(), strict=True):
            if score is not None:
                ax.scatter(score / scale, row, zorder=2, **style)
        numbers = " → ".join("–" if score is None else f"{score:.3g}" for score in scores)
        ax.text(1.02, row, numbers, transform=ax.get_yaxis_transform(), va="center", fontsize=9)
    ax.set_yticks(range(len(entries)), [_name(entry) for entry in entries], parse_math=False)
    ax.set_ylim(len(entries) - 0.5, -0.5)
    ax.set_xlim(min(0, ax.get_xlim()[0]) - 0.03, 1.03)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    handles = [ax.scatter([], [], label=name, **style) for name, style in _MARKERS.items()]
    legend(ax, handles, below=0.45)
    return label(ax, title, "Score (↓ lower is better, ↑ higher is better)", "")


def _name(entry):
    """Return lesson, task, metric and direction on one line."""
    metric, better = entry["metric"], entry.get("higher_is_better")
    with suppress(ValueError):  # of a metric that is not known
        better = scoring.higher_is_better(metric) if better is None else better
    text = f"{entry['lesson']}  {entry['task']}, {metric}{_ARROWS[better]}"
    return textwrap.shorten(text, 48, placeholder=" …")
