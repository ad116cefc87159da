"""All scores of the ledger in one picture."""

import textwrap

import numpy as np

from course_utils.plotting._common import COLOURS, axes_or_new, label

LOWER_IS_BETTER = frozenset(("cer", "cpwer", "der", "jer", "loss", "mcd", "wer"))
HIGHER_IS_BETTER = frozenset(("accuracy", "adherence", "macro_f1", "similarity"))

# A ring, so that a score that did not move is seen inside it.
MARKERS = {
    "baseline": {"marker": "o", "s": 90, "facecolors": "none", "edgecolors": COLOURS[1]},
    "fine-tuned": {"marker": "D", "s": 30, "color": COLOURS[0]},
}


def journey(entries, ax=None, title=None):
    """Draw every score from its baseline to where fine-tuning brought it, a row an entry.

    Parameters
    ----------
    entries : list of dict
        ``progress.latest()``: ``lesson``, ``task``, ``metric``, and ``baseline`` and ``finetuned``,
        of which one may be None.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes
        With a sentence instead of rows if there are no entries. A row with a score beyond 1 is
        drawn in shares of its largest; the numbers beside it are the scores themselves.

    Raises
    ------
    ValueError
        If an entry has no score.

    Examples
    --------
    >>> ax = journey([{"lesson": "03", "task": "music genres", "metric": "macro_f1",
    ...                "baseline": 0.54, "finetuned": 0.92}])
    """
    ax = axes_or_new(ax, height=1.3 + 0.34 * max(len(entries), 1), width=8.5)
    if not entries:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No score yet: run a lesson, and it appears here.", ha="center")
        return label(ax, title, "", "")
    for row, entry in enumerate(entries):
        scores = [entry["baseline"], entry["finetuned"]]
        known = [score for score in scores if score is not None]
        if not known:
            raise ValueError(f"{entry['task']!r} has neither baseline nor fine-tuned score.")
        scale = max(1.0, *np.abs(known))
        ax.plot(np.divide(known, scale), [row] * len(known), color="0.75", linewidth=3, zorder=1)
        for score, style in zip(scores, MARKERS.values(), strict=True):
            if score is not None:
                ax.scatter(score / scale, row, zorder=2, **style)
        told = " → ".join("–" if score is None else f"{score:.3g}" for score in scores)
        ax.text(1.02, row, told, transform=ax.get_yaxis_transform(), va="center", fontsize=9)
    for name, style in MARKERS.items():
        ax.scatter([], [], label=name, **style)
    ax.set_yticks(range(len(entries)), [_name(entry) for entry in entries], parse_math=False)
    ax.set_ylim(len(entries) - 0.5, -0.5)
    ax.set_xlim(min(0, ax.get_xlim()[0]) - 0.03, 1.03)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    return label(ax, title, "Score (↓ less is better, ↑ more is better)", "")


def _name(entry):
    """Say what a row is, on one line."""
    metric = entry["metric"]
    better = "↓" * (metric in LOWER_IS_BETTER) or "↑" * (metric in HIGHER_IS_BETTER)
    text = f"{entry['lesson']}  {entry['task']}, {metric} {better}"
    return textwrap.shorten(text, 48, placeholder=" …")
