"""The base of the course's metrics: `evaluate.Metric` without network and without files."""

import inspect
from collections.abc import Mapping

import datasets
import evaluate
import numpy as np

from course_utils.formats import speaker_turns

TURN = {
    "speaker": datasets.Value("string"),
    "start": datasets.Value("float64"),
    "end": datasets.Value("float64"),
}
"""A speaker turn, times in seconds."""


class Metric(evaluate.Metric):
    """A metric that keeps its inputs in memory; its docstring says what it takes and returns.

    By default, a metric writes its predictions to the Hugging Face cache and locks the file, which
    fails in a read-only home and makes two processes wait for each other.
    """

    higher_is_better = None  # if the result is not one number
    kinds = (datasets.Value("string"),)  # what one prediction and one reference may be

    def __init__(self):
        super().__init__(keep_in_memory=True)

    def _info(self):
        features = [
            datasets.Features({"predictions": kind, "references": kind}) for kind in self.kinds
        ]
        usage = inspect.getdoc(self)
        return evaluate.MetricInfo(
            description=usage.splitlines()[0],
            citation="",
            inputs_description=usage,
            features=features if len(features) > 1 else features[0],
        )

    def pair(self, references, predictions):
        """Return checked references and predictions as lists of one length."""
        return paired(references, predictions, self.check)

    def add(self, *, prediction=None, reference=None):
        """Add one prediction and its reference."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions=None, references=None):
        """Add predictions and references, in the same order."""
        references, predictions = self.pair(references, predictions)
        super().add_batch(predictions=predictions, references=references)

    def compute(self, *, predictions=None, references=None, **options):
        """Return the score of these predictions and those added before, as a dict."""
        if predictions is None and references is None and self.writer is None:
            raise ValueError("There is nothing to score: give predictions and references.")
        return super().compute(predictions=predictions, references=references, **options)

    def _build_data_dir(self):
        return self._data_dir_root  # never written to, so not created either


class ErrorRate(Metric):
    """Errors divided by the length of the references, summed over all of them."""

    higher_is_better = False
    key = ""  # name of the score in the result
    options = ()  # of counts

    def counts(self, references, predictions, **options):
        """Return errors and length of each reference, shape (n, 2); a sum over rows pools them."""
        raise NotImplementedError

    def rate(self, errors, lengths):
        """Return errors / lengths; where a length is 0, the number of errors."""
        return errors / np.maximum(lengths, 1)

    def _compute(self, predictions, references, **options):
        sums = self.counts(references, predictions, **options).sum(0)
        return {self.key: float(self.rate(*sums))}


def paired(references, predictions, check):
    """Return references and predictions as ``check(values, name)`` returns each.

    Raise ValueError if one is missing or empty, or if they differ in length.
    """
    sides = []
    for name, values in (("references", references), ("predictions", predictions)):
        if values is None:
            raise ValueError(f"{name} is missing: a score compares predictions with references.")
        sides.append(check(values, name))
        if not len(sides[-1]):
            raise ValueError(f"{name} is empty: there is nothing to score.")
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            f"There are {len(sides[1])} predictions for {len(sides[0])} references: give one "
            "prediction for each reference."
        )
    return sides


def recordings(values, name, texts=False):
    """Return a list with a list of turns for each recording, or raise ValueError."""
    if isinstance(values, Mapping):
        raise ValueError(
            f"{name} is a dict; give the turns of its recordings as a list, in the same order on "
            "both sides: [turns[recording] for recording in recordings]."
        )
    values = list(values)
    if values and isinstance(values[0], Mapping):
        raise ValueError(
            f"{name} holds the turns of one recording; give a list of recordings: [turns]."
        )
    return [
        speaker_turns.checked(turns, f"{name}[{index}]", texts)
        for index, turns in enumerate(values)
    ]
