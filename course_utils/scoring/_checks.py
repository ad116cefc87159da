"""What the scores of classes, of texts and of turns ask of their input."""

from collections.abc import Mapping

import numpy as np

from course_utils.formats import speaker_turns


def paired_classes(references, predictions):
    """Return both as arrays of int64 or of str with shape (n,), or raise ValueError."""
    references = classes(references, "references")
    predictions = classes(predictions, "predictions")
    _match(references, predictions)
    if references.dtype.kind != predictions.dtype.kind:
        raise ValueError(
            "One of references and predictions holds numbers and the other names: convert one with "
            "model.config.id2label or label2id."
        )
    return references, predictions


def classes(values, name):
    """Return class numbers as int64 or class names as str, shape (n,), or raise ValueError."""
    _require(values, name)
    values = np.asarray(values if hasattr(values, "__array__") else list(values))
    if values.ndim != 1:
        raise ValueError(
            f"{name} has shape {values.shape}, but a score takes one class per clip: "
            "logits become classes with .argmax(-1)."
        )
    if not len(values):
        raise ValueError(f"{name} is empty: there is nothing to score.")
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values):
        values = values.astype(str)  # how pandas keeps names
    if values.dtype.kind not in "iuU":
        raise ValueError(
            f"{name} must hold class numbers (int) or class names (str), not {values.dtype}."
        )
    return values.astype(np.int64) if values.dtype.kind in "iu" else values


def paired_texts(references, predictions):
    """Return both as lists of str of one length, or raise ValueError."""
    references, predictions = texts(references, "references"), texts(predictions, "predictions")
    _match(references, predictions)
    return references, predictions


def texts(values, name):
    """Return a list of str, or raise ValueError."""
    _require(values, name)
    if isinstance(values, str):
        raise ValueError(f"{name} is one text; give a list of texts, one an utterance.")
    values = list(values)
    for place, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(
                f"{name}[{place}] is {type(value).__name__}, not str: a pipeline's answer "
                'holds its text under "text", and token ids become text with '
                "processor.batch_decode."
            )
    if not values:
        raise ValueError(f"{name} is empty: there is nothing to score.")
    return values


def paired_turns(references, predictions, texts=False):
    """Return both as lists of one list of turns a recording, of one length, or raise ValueError.

    With `texts`, turns need a ``text`` and keep it.
    """
    references = _recordings(references, "references", texts)
    predictions = _recordings(predictions, "predictions", texts)
    _match(references, predictions)
    return references, predictions


def _recordings(values, name, texts):
    _require(values, name)
    if isinstance(values, Mapping):
        raise ValueError(
            f"{name} is a dict; give the turns of its recordings as a list, in the same order on "
            "both sides: [turns[recording] for recording in recordings]."
        )
    values = list(values)
    if not values:
        raise ValueError(f"{name} is empty: there is nothing to score.")
    if isinstance(values[0], Mapping):
        raise ValueError(
            f"{name} holds the turns of one recording; give a list of recordings: [turns]."
        )
    return [
        speaker_turns.checked(turns, f"{name}[{place}]", texts)
        for place, turns in enumerate(values)
    ]


def _require(values, name):
    if values is None:
        raise ValueError(f"{name} is missing: a score compares predictions with references.")


def _match(references, predictions):
    if len(references) != len(predictions):
        raise ValueError(
            f"There are {len(predictions)} predictions for {len(references)} references: give one "
            "prediction for each reference."
        )
