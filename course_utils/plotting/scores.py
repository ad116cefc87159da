"""Confusion matrix, training curves and the scores of a pipeline."""

from collections.abc import Mapping

import numpy as np

from course_utils.plotting._common import COLOURS, axes_or_new, label

# What Trainer logs beside each evaluation and what is no score.
_BOOKKEEPING = ("runtime", "per_second", "preparation_time")


def confusion_matrix(matrix, labels=None, normalize=False, ax=None, title=None):
    """Draw which class was taken for which: references in rows, predictions in columns.

    The colour is always the share of the row, so that a rare class is judged like a common one.

    Parameters
    ----------
    matrix : array of int, shape (classes, classes)
        Number of clips of class `row` that were called `column`:
        ``scoring.load("confusion_matrix").compute(...)["confusion_matrix"]``.
    labels : list of str, optional
        Names of the classes; their numbers by default.
    normalize : bool, default False
        Whether the cells say the share of the row instead of the number of clips.
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
        If the matrix is not square, has negative or non-finite entries, or does not match the
        labels.

    Examples
    --------
    >>> ax = confusion_matrix([[8, 2], [1, 9]], labels=["cat", "dog"])
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(
            "A confusion matrix is square, with a row and a column for each class; this one has "
            f"shape {matrix.shape}."
        )
    if matrix.dtype.kind not in "iuf" or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("A confusion matrix holds counts: finite numbers that are not negative.")
    size = len(matrix)
    labels = [str(name) for name in (range(size) if labels is None else labels)]
    if len(labels) != size:
        raise ValueError(f"The matrix has {size} classes but there are {len(labels)} labels.")
    totals = matrix.sum(axis=1, keepdims=True)
    # A class without clips has no shares: its row stays empty.
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    cell = 0.5 if size <= 12 else 0.3
    ax = axes_or_new(ax, height=1.6 + cell * size, width=2.6 + cell * size)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="Share of the true class", shrink=0.8)
    ax.set_xticks(
        range(size), labels, rotation=45, ha="right", rotation_mode="anchor", parse_math=False
    )
    ax.set_yticks(range(size), labels, parse_math=False)
    if size <= 20:  # beyond that, numbers would be too small to read
        for (row, column), share in np.ndenumerate(shares):
            text = f"{share:.2f}" if normalize else f"{matrix[row, column]:g}"
            if matrix[row, column]:
                colour = "white" if share > 0.5 else "black"
                ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    return label(ax, title, "Predicted class", "True class")


def training_curves(log_history, ax=None, title=None):
    """Draw what a training run logged: losses on the left axis, metrics on the right one.

    Parameters
    ----------
    log_history : list of dict
        ``trainer.state.log_history`` of `transformers.Trainer`. Entries may lack the training
        loss, the evaluation loss or the metrics: what is there is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the losses.

    Raises
    ------
    ValueError
        If nothing was logged that could be drawn.

    Examples
    --------
    >>> ax = training_curves([{"loss": 1.2, "epoch": 1}, {"eval_loss": 1.1, "epoch": 1}])
    """
    if not isinstance(log_history, list) or not all(isinstance(e, Mapping) for e in log_history):
        raise ValueError("log_history must be a list of dict, such as trainer.state.log_history.")
    clock, unit = _clock(log_history)
    losses, metrics = _curves(log_history, clock)
    if not losses and not metrics:
        raise ValueError(
            "log_history holds no losses and no evaluations: train first, and log often enough "
            '(logging_strategy="epoch", eval_strategy="epoch").'
        )
    ax = axes_or_new(ax, height=3.0, width=6.5)
    lines = []
    for index, (name, points) in enumerate(losses.items()):
        style = "-" if name == "Training loss" else "--"
        lines += ax.plot(
            *zip(*points, strict=True), f"o{style}", markersize=4, color=COLOURS[index], label=name
        )
    ax.grid(alpha=0.3)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if metrics:
        right = ax.twinx() if losses else ax
        for index, (name, points) in enumerate(metrics.items(), start=len(losses)):
            lines += right.plot(
                *zip(*points, strict=True),
                "s:",
                markersize=4,
                color=COLOURS[index % len(COLOURS)],
                label=name,
            )
        values = [value for points in metrics.values() for _, value in points]
        if min(values) >= 0 and max(values) <= 1:
            right.set_ylim(0, 1.02)
        right.set_ylabel("Metric")
    label(ax, title, unit, "Loss" if losses else "Metric")
    legend = ax.legend(
        lines, [line.get_label() for line in lines], loc="upper center",
        bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return ax


def probabilities(predictions, ax=None, title=None):
    """Draw the answer of a classification pipeline as bars, in the order that it gives.

    Parameters
    ----------
    predictions : list of dict
        ``[{"label": "dog", "score": 0.93}, ...]`` with scores from 0 to 1.
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
        If this is not the answer for one clip.

    Examples
    --------
    >>> ax = probabilities([{"label": "dog", "score": 0.9}, {"label": "cat", "score": 0.1}])
    """
    predictions = list(predictions)
    if not predictions or not all(
        isinstance(entry, Mapping) and {"label", "score"} <= entry.keys() for entry in predictions
    ):
        raise ValueError(
            'predictions must be a pipeline\'s answer for one clip, [{"label": ..., "score": ...}, '
            "...]: of several clips, pick one with [0]."
        )
    names = [str(entry["label"]) for entry in predictions]
    scores = [float(entry["score"]) for entry in predictions]
    if not all(0 <= score <= 1 for score in scores):
        raise ValueError(f"Scores must be probabilities from 0 to 1, not {scores}.")
    ax = axes_or_new(ax, height=0.9 + 0.3 * len(names), width=5.5)
    rows = np.arange(len(names))
    bars = ax.barh(rows, scores, color=COLOURS[0], height=0.7)
    ax.bar_label(bars, [f"{score:.2f}" for score in scores], padding=3, fontsize=9)
    ax.set_yticks(rows, names, parse_math=False)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.1), xticks=np.arange(0, 1.1, 0.2))
    ax.spines[["top", "right"]].set_visible(False)
    return label(ax, title, "Probability", "")


def _clock(log_history):
    """Return the key that dates every entry, if there is one, and the name of the time axis."""
    for key in ("epoch", "step"):
        if all(key in entry for entry in log_history):
            return key, key.capitalize()
    return None, "Log entry"


def _curves(log_history, clock):
    """Sort the entries of a log into losses and metrics: name -> list of (moment, value)."""
    losses, metrics = {}, {}
    for number, entry in enumerate(log_history, start=1):
        moment = entry.get(clock, number)
        for key, value in entry.items():
            if key == "loss":
                losses.setdefault("Training loss", []).append((moment, value))
            elif key.startswith("eval_") and not key.endswith(_BOOKKEEPING):
                kind = losses if key.endswith("_loss") else metrics
                kind.setdefault(f"Validation {key.removeprefix('eval_')}", []).append(
                    (moment, value)
                )
    return losses, metrics
