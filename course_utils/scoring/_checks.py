"""What every score of classes asks of its input."""

import numpy as np


def paired_classes(references, predictions):
    """Return both as arrays of int64 or of str with shape (n,), or raise ValueError."""
    references = classes(references, "references")
    predictions = classes(predictions, "predictions")
    if len(references) != len(predictions):
        raise ValueError(
            f"There are {len(predictions)} predictions for {len(references)} references: give one "
            "prediction for each reference."
        )
    if references.dtype.kind != predictions.dtype.kind:
        raise ValueError(
            "One of references and predictions holds numbers and the other names: convert one with "
            "model.config.id2label or label2id."
        )
    return references, predictions


def classes(values, name):
    """Return class numbers as int64 or class names as str, shape (n,), or raise ValueError."""
    if values is None:
        raise ValueError(f"{name} is missing: a score compares predictions with references.")
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
