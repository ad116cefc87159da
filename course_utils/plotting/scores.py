"""Figures of scores: confusion matrix, training curves, answers of a classifier, the ledger."""

import textwrap
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from course_utils import scoring
from course_utils.plotting.style import COLOURS, axes_or_new, heatmap, label, legend, one_each

# What Trainer logs with each evaluation that is not a score.
_BOOKKEEPING = ("runtime", "per_second", "preparation_time")

# The baseline is a ring, so that a score that did not change is visible inside it.
_MARKERS = {
    "baseline": {"marker": "o", "s": 90, "facecolors": "none", "edgecolors": COLOURS[3]},
    "fine-tuned": {"marker": "D", "s": 30, "color": COLOURS[0]},
}
NAMES = {"wer": "WER", "cer": "CER", "macro_f1": "macro-F1"}
"""Metrics whose name in a figure differs from their key."""

_ARROWS = {True: " ↑", False: " ↓", None: ""}


def confusion_matrix(matrix, labels=None, ax=None, title=None):
    """Draw how often each class was predicted as each: references in rows, predictions in columns.

    The numbers count clips; the colour is the share of the row, so that a rare class is judged like
    a common one.

    Parameters
    ----------
    matrix : array of int, shape (classes, classes)
        Number of clips of class `row` that were predicted as `column`:
        ``scoring.load("confusion_matrix").compute(...)["confusion_matrix"]``.
    labels : list of str, optional
        Names of the classes; their numbers by default.
    ax, title
        As for `waveform`; the axes are returned.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"A confusion matrix is square, but this one has shape {matrix.shape}.")
    if matrix.dtype.kind not in "iuf" or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("A confusion matrix holds counts: finite numbers that are not negative.")
    size = len(matrix)
    labels = one_each(labels, size, "classes")
    totals = matrix.sum(axis=1, keepdims=True)
    # A class without clips has no shares: its row stays empty.
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    cells = [[f"{count:g}" if count else "" for count in row] for row in matrix]
    side = size * (0.5 if size <= 12 else 0.3)
    ax = axes_or_new(ax, height=1.6 + side, width=2.6 + side)
    heatmap(ax, shares, cells, labels, range(size), 0, "Share of the true class")
    return label(ax, title, "Predicted class", "True class")


def training_curves(log_history, ax=None, title=None):
    """Draw what a training run logged: losses on the left axis, metrics on the right one.

    Parameters
    ----------
    log_history : list of dict
        ``trainer.state.log_history`` of `transformers.Trainer`. Entries may lack the training
        loss, the evaluation loss or the metrics.
    ax, title
        As for `waveform`; the axes of the losses are returned.
    """
    import pandas as pd

    if not isinstance(log_history, list) or not all(isinstance(e, Mapping) for e in log_history):
        raise ValueError("log_history must be a list of dict, such as trainer.state.log_history.")
    log = pd.DataFrame(log_history)
    scores = [key for key in log if key.startswith("eval_") and not key.endswith(_BOOKKEEPING)]
    losses = [key for key in log if key == "loss" or (key in scores and key.endswith("_loss"))]
    metrics = [key for key in scores if key not in losses]
    if not losses and not metrics:
        raise ValueError("log_history holds neither losses nor evaluations: train first.")
    clock = next((key for key in ("epoch", "step") if key in log and log[key].notna().all()), None)
    moments = log[clock] if clock else log.index + 1
    ax = axes_or_new(ax, height=3.0, width=6.5)
    right = ax.twinx() if losses and metrics else ax
    lines = []
    for key, colour in zip(losses + metrics, COLOURS * len(log.columns), strict=False):
        logged = log[key].notna()
        score = key.removeprefix("eval_")
        name = "Training loss" if key == "loss" else f"Validation {NAMES.get(score, score)}"
        style = "o-" if key == "loss" else "o--" if key in losses else "s:"
        lines += (right if key in metrics else ax).plot(
            moments[logged], log[key][logged], style, markersize=4, color=colour, label=name
        )
    ax.grid(alpha=0.3)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if metrics:
        if log[metrics].min(axis=None) >= 0 and log[metrics].max(axis=None) <= 1:
            right.set_ylim(0, 1.02)
        right.set_ylabel("Metric")
    legend(ax, lines, below=0.45)
    x = clock.capitalize() if clock else "Log entry"
    return label(ax, title, x, "Loss" if losses else "Metric")


def probabilities(predictions, ax=None, title=None):
    """Draw the answer of a classification pipeline as bars, in the order of the answer.

    Parameters
    ----------
    predictions : list of dict
        ``[{"label": "dog", "score": 0.93}, ...]`` with scores from 0 to 1.
    ax, title
        As for `waveform`; the axes are returned.
    """
    predictions = list(predictions)
    if not predictions or not all(
        isinstance(entry, Mapping) and {"label", "score"} <= entry.keys() for entry in predictions
    ):
        raise ValueError(
            'predictions must be [{"label": ..., "score": ...}, ...] of one clip: pick it with [0].'
        )
    names = [str(entry["label"]) for entry in predictions]
    scores = [float(entry["score"]) for entry in predictions]
    if not all(0 <= score <= 1 for score in scores):
        raise ValueError(f"Scores must be from 0 to 1, not {scores}.")
    ax = axes_or_new(ax, height=0.9 + 0.3 * len(names), width=5.5)
    rows = np.arange(len(names))
    bars = ax.barh(rows, scores, color=COLOURS[0], height=0.7)
    ax.bar_label(bars, [f"{score:.2f}" for score in scores], padding=3, fontsize=9)
    ax.set_yticks(rows, names, parse_math=False)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.1), xticks=np.arange(0, 1.1, 0.2))
    ax.spines[["top", "right"]].set_visible(False)
    return label(ax, title, "Score", "")


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
