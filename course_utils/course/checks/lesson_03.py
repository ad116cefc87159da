"""Exercises of lesson 03: labels, macro-F1, the worst confusion, files that have to go."""

import numpy as np

from course_utils.course.exercises import exercise, expect, solution

NAMES = ["rock", "swing", "waltz"]


@solution("03.1", [(NAMES,), (["b", "a"],)])
def label_maps(names):
    """Return label2id, which counts the names from 0 in their order, and id2label, its inverse."""
    return {name: number for number, name in enumerate(names)}, dict(enumerate(names))


@solution(
    "03.2",
    [
        (np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 1, 2, 0])),
        (np.array([0, 1]), np.array([1, 0])),
        (np.array([0, 0]), np.array([0, 1])),
    ],
    draw=lambda rng: tuple(rng.integers(0, 5, (2, 6))),
)
def macro_f1(references, predictions):
    """Return the mean of 2 · hits / (references + predictions) over the labels in references."""
    scores = []
    for label in np.unique(references):
        hits = np.sum((references == label) & (predictions == label))
        scores.append(2 * hits / (np.sum(references == label) + np.sum(predictions == label)))
    return float(np.mean(scores))


@exercise("03.3")
def compare_on(answer):
    """Check the split on which learning rates are compared."""
    hint = "A split by which you choose something is used up for the final score."
    splits = ("train", "validation", "test")
    assert answer in splits, "write one of the three names as it stands in the text."
    expect(answer, "validation", hint)


@solution(
    "03.4",
    [
        (np.array([[9, 1, 0], [0, 7, 3], [2, 0, 8]]), NAMES),
        (np.array([[9, 2, 0], [0, 7, 2], [2, 0, 8]]), NAMES),
    ],
    draw=lambda rng: (rng.permutation(9).reshape(3, 3), NAMES),
)
def worst_pair(matrix, names):
    """Return the names (row, column) of most clips, the first of equal ones; no shares, no sums."""
    errors = matrix - np.diag(np.diag(matrix))
    row, column = np.unravel_index(np.argmax(errors), errors.shape)
    return names[row], names[column]


FINDINGS = [
    ("silent", ["rain/3.wav"]),
    ("quiet", ["fire/2.wav"]),
    ("same sound", ["fire/1.wav", "fire/7.wav", "fire/8.wav"]),
    ("unreadable", ["engine/4.wav", "engine/1.wav"]),
    ("copied sound", ["rain/1.wav", "rain/9.wav"]),
]


def _findings(rng):
    """Draw findings of all kinds, each with two to four files."""
    numbers = iter(rng.permutation(100).tolist())
    kinds = ["silent", "unreadable", "same sound", "copied sound", "clipped", "mixed rates"]
    rng.shuffle(kinds)
    return (
        [(kind, [f"{next(numbers)}.wav" for _ in range(rng.integers(2, 5))]) for kind in kinds],
    )


@solution("03.5", [(FINDINGS,), (FINDINGS[1:3],), ([],)], draw=_findings)
def to_delete(findings):
    """Unreadable and silent files go; of the same and of copied sounds all but the first."""
    names = []
    for kind, files in findings:
        names += files if kind in ("unreadable", "silent") else []
        names += files[1:] if kind in ("same sound", "copied sound") else []
    return sorted(names)
