"""Exercises of lesson 03: labels, macro-F1 and the price of a wrong label order."""

import numpy as np

from course_utils.course.exercises import Exercise, attempted, equals, returns, same

REFERENCES = np.array([0, 0, 0, 0, 1, 1, 2, 2])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 1, 2, 0])


def macro_f1(references, predictions):
    """Return the mean over classes of 2 * hits / (references + predictions)."""
    scores = []
    for label in np.unique(references):
        hits = np.sum((references == label) & (predictions == label))
        scores.append(2 * hits / (np.sum(references == label) + np.sum(predictions == label)))
    return float(np.mean(scores))


def verify_maps(answer):
    """Check that both maps are there and are each other's inverse."""
    names = ["techno", "waltz", "swing"]
    got = attempted(answer(names))
    assert isinstance(got, tuple) and len(got) == 2, "return two dicts: label2id, id2label."
    label2id, id2label = got
    assert label2id == {"techno": 0, "waltz": 1, "swing": 2}, (
        f"label2id must count the names from 0 in their order, yours is {label2id}."
    )
    assert id2label == {0: "techno", 1: "waltz", 2: "swing"}, (
        f"id2label must turn a number into its name, yours is {id2label}."
    )


def verify_worst(answer):
    """Check the pair of different genres that is confused most, in the right direction."""
    names = ["rock", "swing", "waltz"]
    matrix = np.array([[9, 1, 0], [0, 7, 3], [2, 0, 8]])
    got = attempted(answer(matrix, names))
    assert same(np.asarray(got), np.asarray(("swing", "waltz"))), (
        f"with {matrix.tolist()} for {names} you return {got!r}, not what is biggest: three "
        "swing clips were called waltz."
    )


def biggest(matrix, names):
    """Make the usual mistake: look at the diagonal too."""
    row, column = np.unravel_index(np.argmax(matrix), matrix.shape)
    return names[row], names[column]


EXERCISES = (
    Exercise(
        "03.1",
        difficulty=1,
        minutes=3,
        verify=verify_maps,
        wrong=(
            lambda names: dict(enumerate(names)),
            lambda names: (dict(enumerate(names)), {n: i for i, n in enumerate(names)}),
            lambda names: ({n: i + 1 for i, n in enumerate(names)}, dict(enumerate(names, 1))),
        ),
    ),
    Exercise(
        "03.2",
        difficulty=3,
        minutes=8,
        verify=returns(
            (
                {"references": REFERENCES, "predictions": PREDICTIONS},
                macro_f1(REFERENCES, PREDICTIONS),
            ),
            ({"references": np.array([0, 1]), "predictions": np.array([1, 0])}, 0.0),
        ),
        wrong=(
            lambda references, predictions: np.mean(references == predictions),
            lambda references, predictions: 2 * np.mean(references == predictions),
        ),
    ),
    Exercise(
        "03.3",
        difficulty=1,
        minutes=2,
        verify=equals(
            "validation",
            "Whatever you choose by looking at a split, that split is used up for the final score.",
        ),
        wrong=("train", "test", "all"),
    ),
    Exercise(
        "03.4",
        difficulty=2,
        minutes=5,
        verify=verify_worst,
        wrong=(
            biggest,
            lambda matrix, names: biggest((matrix - np.diag(np.diag(matrix))).T, names),
            lambda matrix, names: (names[0], names[1]),
        ),
    ),
)
