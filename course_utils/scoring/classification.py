"""Metrics of classification: accuracy, macro-averaged F1, confusion matrix."""

import datasets
import evaluate
import sklearn.metrics

from course_utils.scoring._checks import classes, paired_classes
from course_utils.scoring._offline import OfflineMetric

_INPUTS = """
Args:
    predictions (list of int or of str): Predicted classes, one a clip.
    references (list of int or of str): True classes, in the same order.
"""
_LABELS = """    labels (list, optional): Classes to score, in order; by default those that occur.
"""
_CITATION = """@article{scikit-learn,
  title={Scikit-learn: Machine Learning in Python},
  author={Pedregosa, F. and others},
  journal={Journal of Machine Learning Research},
  volume={12}, pages={2825--2830}, year={2011}
}"""


class _ClassificationMetric(OfflineMetric):
    """A metric of two sequences of classes, given as numbers or as names."""

    description = ""
    inputs = _INPUTS

    def _info(self):
        return evaluate.MetricInfo(
            description=self.description,
            citation=_CITATION,
            inputs_description=self.inputs,
            features=[
                datasets.Features(
                    dict.fromkeys(("predictions", "references"), datasets.Value(kind))
                )
                for kind in ("string", "int64")  # in this order: "3" would pass for an int64
            ],
        )

    def pair(self, references, predictions):
        """Check references and predictions, one class a clip; return both as lists."""
        return tuple(side.tolist() for side in paired_classes(references, predictions))


class Accuracy(_ClassificationMetric):
    """Share of clips whose class is predicted correctly, from 0 to 1."""

    description = "Accuracy: the share of correct predictions."

    def _compute(self, predictions, references):
        return {"accuracy": float(sklearn.metrics.accuracy_score(references, predictions))}


class MacroF1(_ClassificationMetric):
    """Mean over the classes of F1, the harmonic mean of precision and recall, from 0 to 1.

    Every class weighs the same, however rare. A class that occurs among the predictions only
    counts, with an F1 of 0, unless `labels` leaves it out.
    """

    description = "Macro F1: the unweighted mean of the F1 of every class."
    inputs = _INPUTS + _LABELS

    def _compute(self, predictions, references, labels=None):
        score = sklearn.metrics.f1_score(
            references,
            predictions,
            labels=_like(references, labels),
            average="macro",
            zero_division=0,
        )
        return {"macro_f1": float(score)}


class ConfusionMatrix(_ClassificationMetric):
    """How many clips of which class (row) were taken for which (column), as an int array."""

    description = "Confusion matrix: true classes in rows, predicted classes in columns."
    inputs = _INPUTS + _LABELS

    def _compute(self, predictions, references, labels=None):
        matrix = sklearn.metrics.confusion_matrix(
            references, predictions, labels=_like(references, labels)
        )
        return {"confusion_matrix": matrix}


def _like(references, labels):
    """Return `labels` as an array of the kind of the references, numbers or names."""
    if labels is None:
        return None
    labels = classes(labels, "labels")
    if (labels.dtype.kind == "U") != isinstance(references[0], str):
        raise ValueError(
            "labels must be numbers if the references are numbers, for instance range(10), and "
            "names if they are names."
        )
    return labels
