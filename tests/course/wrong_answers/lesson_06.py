"""Wrong answers to the exercises of lesson 06, the usual mistakes first."""

import numpy as np


def _frames_wrong(true, found):
    """Count frames with any error over all frames."""
    return sum(a != b for a, b in zip(true, found, strict=True)) / len(true)


def _over_frames(true, found):
    pairs = list(zip(true, found, strict=True))
    return sum(max(len(a), len(b)) - len(a & b) for a, b in pairs) / len(true)


def _difference(true, found):
    """Count a confusion twice: as missed and as falsely found."""
    errors = sum(len(a ^ b) for a, b in zip(true, found, strict=True))
    return errors / sum(map(len, true))


def _without_confusion(true, found):
    errors = sum(abs(len(a) - len(b)) for a, b in zip(true, found, strict=True))
    return errors / sum(map(len, true))


WRONG = {
    "06.1": (4 / 11, 5 / 10, 3 / 10, 4 / 9, 40.0),
    "06.2": (_frames_wrong, _over_frames, _difference, _without_confusion),
    "06.3": (
        np.dot,
        lambda a, b: np.linalg.norm(a - b),
        lambda a, b: abs(np.dot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b)),
        lambda a, b: np.dot(a, b) / np.linalg.norm(a) ** 2,
    ),
}
