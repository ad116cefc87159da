"""Scores, as ``evaluate`` metrics that need no network, and tables of them.

``scoring.load(name)`` stands in for ``evaluate.load(name)``, which would ask the Hugging Face Hub
for the code of the metric; what it returns is used like any other `evaluate.Metric`.
"""

from importlib import import_module

import numpy as np

__all__ = [
    "align",
    "confidence_interval",
    "der_parts",
    "diarization_errors",
    "equal_error_rate",
    "higher_is_better",
    "load",
    "match_speakers",
    "mel_cepstral_distortion",
    "normalise_text",
    "pitch",
    "report",
    "speech_report",
    "word_errors",
]

# name -> module of this package and class in it. Imported on demand: `evaluate` imports torch.
_METRICS = {
    "accuracy": ("classification", "Accuracy"),
    "cer": ("transcription", "CharacterErrorRate"),
    "confusion_matrix": ("classification", "ConfusionMatrix"),
    "cpwer": ("meetings", "SpeakerWordErrorRate"),
    "der": ("diarization", "DiarizationErrorRate"),
    "jer": ("diarization", "JaccardErrorRate"),
    "macro_f1": ("classification", "MacroF1"),
    "wer": ("transcription", "WordErrorRate"),
}
_FUNCTIONS = {
    "align": "transcription",
    "confidence_interval": "intervals",
    "der_parts": "diarization",
    "diarization_errors": "diarization",
    "equal_error_rate": "verification",
    "match_speakers": "diarization",
    "mel_cepstral_distortion": "speech",
    "normalise_text": "transcription",
    "pitch": "speech",
    "speech_report": "speech",
    "word_errors": "transcription",
}


def __getattr__(name):
    """Import a function from its module when it is first asked for."""
    if name in _FUNCTIONS:
        return getattr(import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(name):
    """Load a metric by name, offline.

    Parameters
    ----------
    name : {"accuracy", "cer", "confusion_matrix", "cpwer", "der", "jer", "macro_f1", "wer"}
        Which metric.

    Returns
    -------
    evaluate.Metric
        Call ``compute(predictions=..., references=...)``, or ``add_batch`` several times and then
        ``compute()``. The result is a dict with the metric under its name; ``"der"`` adds its
        parts. Options, such as ``collar`` of ``"der"``, go to ``compute``; the metric's
        ``inputs_description`` lists them.

    Raises
    ------
    ValueError
        If there is no metric of this name.

    Examples
    --------
    >>> accuracy = load("accuracy")
    >>> accuracy.compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    {'accuracy': 0.75}
    """
    if name not in _METRICS:
        raise ValueError(f"There is no metric {name!r}: choose one of {', '.join(_METRICS)}.")
    module, metric = _METRICS[name]
    return getattr(import_module(f"{__name__}.{module}"), metric)()


def higher_is_better(name):
    """Return True if a higher score of this metric is better, False if a lower one is."""
    if name not in _METRICS:
        raise ValueError(f"There is no metric {name!r}: choose one of {', '.join(_METRICS)}.")
    return name in ("accuracy", "macro_f1")


def report(references, predictions, labels=None):
    """Tabulate precision, recall and F1 of every class, with their plain means in the last row.

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
        One row a class and a row ``macro average``; columns ``precision``, ``recall``, ``f1``
        (from 0 to 1, three decimals, 0 where undefined) and ``support``, the number of references.

    Raises
    ------
    ValueError
        If the two differ in length or kind, are empty, or refer to a class that has no label.

    Examples
    --------
    >>> report([0, 0, 1, 1], [0, 1, 1, 1], labels=["cat", "dog"])
                   precision  recall     f1  support
    cat                1.000    0.50  0.667        2
    dog                0.667    1.00  0.800        2
    macro average      0.833    0.75  0.733        4
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    from course_utils.scoring._checks import paired_classes

    references, predictions = paired_classes(references, predictions)
    if labels is None:
        classes = np.union1d(references, predictions)
        names = [str(name) for name in classes]
    else:
        names = [str(name) for name in labels]
        classes = np.arange(len(names)) if references.dtype.kind == "i" else np.array(names)
        known = references if references.dtype.kind == "U" else np.union1d(references, predictions)
        unknown = np.setdiff1d(known, classes).tolist()
        if unknown:
            raise ValueError(f"labels names {len(names)} classes, but {unknown} is not among them.")
    *scores, support = precision_recall_fscore_support(
        references, predictions, labels=classes, zero_division=0
    )
    table = pd.DataFrame(
        dict(zip(("precision", "recall", "f1"), scores, strict=True), support=support), index=names
    )
    macro = table[["precision", "recall", "f1"]].mean()
    table.loc["macro average"] = [*macro, support.sum()]
    return table.round(3).astype({"support": int})
