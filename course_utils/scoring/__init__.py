"""Scores, as ``evaluate`` metrics that need no network, and tables of them.

``scoring.load(name)`` replaces ``evaluate.load(name)``, which would download the code of the
metric from the Hugging Face Hub; the result is used like any other `evaluate.Metric`.
"""

from importlib import import_module

# Modules are imported on first use: `evaluate` imports torch.
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
    "normalise_text": "transcription",
    "report": "classification",
    "speech_report": "speech",
    "whisper_normaliser": "transcription",
    "word_errors": "transcription",
}
__all__ = ["higher_is_better", "load", *_FUNCTIONS]


def __getattr__(name):
    """Import a function from its module on first use."""
    if name in _FUNCTIONS:
        return getattr(import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(name):
    """Return a metric by its name, without network.

    Parameters
    ----------
    name : {"accuracy", "cer", "confusion_matrix", "cpwer", "der", "jer", "macro_f1", "wer"}
        Name of the metric.

    Returns
    -------
    evaluate.Metric
        Call ``compute(predictions=..., references=...)``, or ``add_batch`` several times and then
        ``compute()``. The result is a dict with the score under the metric's name; ``"der"`` adds
        its parts. Options, such as ``collar`` of ``"der"``, go to ``compute``; the metric's
        ``inputs_description`` lists them.
    """
    return _class_of(name)()


def higher_is_better(name):
    """Return whether a higher score is better; None for ``"confusion_matrix"``, not one number."""
    return _class_of(name).higher_is_better


def _class_of(name):
    if name not in _METRICS:
        raise ValueError(f"There is no metric {name!r}: choose one of {', '.join(_METRICS)}.")
    module, metric = _METRICS[name]
    return getattr(import_module(f"{__name__}.{module}"), metric)
