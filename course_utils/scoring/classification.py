"""Scores of classification: accuracy, macro F1, confusion matrix, a report for each class."""

import datasets
import numpy as np
import pandas as pd
import sklearn.metrics

from course_utils.scoring._metric import Metric, paired


class _ClassificationMetric(Metric):
    """A metric of two lists with one class for each clip, numbers or names, in the same order."""

    higher_is_better = True
    kinds = (datasets.Value("string"), datasets.Value("int64"))  # "3" would pass for an int64

    def pair(self, references, predictions):
        """Return checked references and predictions as lists of one length."""
        return [side.tolist() for side in _paired_classes(references, predictions)]


class Accuracy(_ClassificationMetric):
    """Accuracy: the share of clips with the correct class, from 0 to 1."""

    def _compute(self, predictions, references):
        return {"accuracy": float(sklearn.metrics.accuracy_score(references, predictions))}


class MacroF1(_ClassificationMetric):
    """Macro F1: the unweighted mean over the classes of F1, from 0 to 1.

    F1 is the harmonic mean of precision and recall. A class that occurs among the predictions only
    counts, with an F1 of 0, unless the option ``labels``, a list of the classes, leaves it out.
    """

    def _compute(self, predictions, references, labels=None):
        options = {"labels": _like(references, labels), "average": "macro", "zero_division": 0}
        return {"macro_f1": float(sklearn.metrics.f1_score(references, predictions, **options))}


class ConfusionMatrix(_ClassificationMetric):
    """Confusion matrix: number of clips by true class (row) and predicted class (column).

    The option ``labels`` lists the classes, in order; by default, those that occur.
    """

    higher_is_better = None

    def _compute(self, predictions, references, labels=None):
        labels = _like(references, labels)
        matrix = sklearn.metrics.confusion_matrix(references, predictions, labels=labels)
        return {"confusion_matrix": matrix}


def report(references, predictions, labels=None):
    """Return precision, recall and F1 of every class, and their unweighted means.

    Parameters
    ----------
    references, predictions : sequence of int or of str, shape (n,)
        True and predicted classes: numbers from 0, or names.
    labels : list of str, optional
        Names of the classes, class 0 first: ``dataset.features["label"].names``. By default, the
        classes that occur. A predicted name that is not among them counts as a miss.

    Returns
    -------
    pandas.DataFrame
        One row for each class and a row ``macro average``; columns ``precision``, ``recall``,
        ``f1`` (from 0 to 1, three decimals, 0 where undefined) and ``support``, the number of
        references.
    """
    references, predictions = _paired_classes(references, predictions)
    if labels is None:
        classes = np.union1d(references, predictions)
    else:
        classes = np.arange(len(labels)) if references.dtype.kind == "i" else np.array(labels)
        known = references if references.dtype.kind == "U" else np.union1d(references, predictions)
        unknown = np.setdiff1d(known, classes).tolist()
        if unknown:
            raise ValueError(
                f"labels names {len(labels)} classes, but {unknown} is not among them."
            )
    columns = sklearn.metrics.precision_recall_fscore_support(
        references, predictions, labels=classes, zero_division=0
    )
    table = pd.DataFrame(
        dict(zip(("precision", "recall", "f1", "support"), columns, strict=True)),
        index=[str(name) for name in (classes if labels is None else labels)],
    )
    table.loc["macro average"] = [*table.mean()[:3], table["support"].sum()]
    return table.round(3).astype({"support": int})


def _paired_classes(references, predictions):
    """Return both as arrays of int64 or of str with shape (n,), or raise ValueError."""
    references, predictions = paired(references, predictions, _classes)
    if references.dtype.kind != predictions.dtype.kind:
        raise ValueError(
            "One of references and predictions holds numbers and the other names: convert one with "
            "model.config.id2label or label2id."
        )
    return references, predictions


def _classes(values, name):
    """Return class numbers as int64 or class names as str, shape (n,), or raise ValueError."""
    values = np.asarray(values if hasattr(values, "__array__") else list(values))
    if values.ndim != 1:
        raise ValueError(
            f"{name} has shape {values.shape}, but a score takes one class for each clip: convert "
            "logits to classes with .argmax(-1)."
        )
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values):
        values = values.astype(str)  # pandas keeps names as objects
    if len(values) and values.dtype.kind not in "iuU":
        raise ValueError(
            f"{name} must hold class numbers (int) or class names (str), not {values.dtype}."
        )
    return values.astype(np.int64) if values.dtype.kind in "iu" else values


def _like(references, labels):
    """Return `labels` as an array of numbers or of names, whichever the references are."""
    if labels is None:
        return None
    labels = _classes(labels, "labels")
    if (labels.dtype.kind == "U") != isinstance(references[0], str):
        raise ValueError(
            "labels must be numbers if the references are numbers, for instance range(10), and "
            "names if they are names."
        )
    return labels
