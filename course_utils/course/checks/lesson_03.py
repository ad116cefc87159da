"""Exercises of lesson 03: labels, macro-F1 and the price of a wrong label order."""

import numpy as np

from course_utils.course.exercises import attempted, exercise, expect, solution

NAMES = ["rock", "swing", "waltz"]


@exercise("03.1")
def label_maps(answer):
    """Check that both maps are there and are each other's inverse."""
    got = attempted(answer(list(NAMES)))
    assert isinstance(got, tuple) and len(got) == 2, "return two dicts: label2id, id2label."
    label2id, id2label = got
    assert label2id == {"rock": 0, "swing": 1, "waltz": 2}, (
        f"label2id must count the names from 0 in their order, yours is {label2id}."
    )
    assert id2label == dict(enumerate(NAMES)), (
        f"id2label must turn a number into its name, yours is {id2label}."
    )


@solution(
    "03.2",
    (np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 1, 2, 0])),
    (np.array([0, 1]), np.array([1, 0])),
    (np.array([0, 0]), np.array([0, 1])),
    draw=lambda rng: tuple(rng.integers(0, 5, (2, 6))),
    hint="Each label that occurs in references counts the same, and no other label counts.",
)
def macro_f1(references, predictions):
    """Return the mean of 2 * hits / (references + predictions) over the labels in references."""
    scores = []
    for label in np.unique(references):
        hits = np.sum((references == label) & (predictions == label))
        scores.append(2 * hits / (np.sum(references == label) + np.sum(predictions == label)))
    return float(np.mean(scores))


@exercise("03.3")
def compare_on(answer):
    """Check the split on which learning rates are compared."""
    hint = "A split by which you choose something is used up for the final score."
    expect(answer, "validation", hint)


@solution(
    "03.4",
    (np.array([[9, 1, 0], [0, 7, 3], [2, 0, 8]]), NAMES),
    draw=lambda rng: (rng.permutation(9).reshape(3, 3), NAMES),
    hint="Rows are true and columns are answers; the diagonal is right.",
)
def worst_pair(matrix, names):
    """Return the pair of different genres that is confused most, the true one first."""
    errors = matrix - np.diag(np.diag(matrix))
    row, column = np.unravel_index(np.argmax(errors), errors.shape)
    return names[row], names[column]
