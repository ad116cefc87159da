"""Exercises of lesson 07: targets frame by frame, and a loss that ignores the speakers' order."""

from itertools import permutations

import numpy as np

from course_utils.course.exercises import solution

TURNS = [
    {"speaker": "Bob", "start": 1.0, "end": 3.0},
    {"speaker": "Alice", "start": 0.0, "end": 2.0},
]


def bce(probabilities, labels):
    """Return the mean binary cross-entropy."""
    return -np.mean(labels * np.log(probabilities) + (1 - labels) * np.log(1 - probabilities))


def activity(rng):
    """Draw probabilities and labels of two or three speakers in six frames."""
    shape = (6, rng.integers(2, 4))
    return rng.uniform(0.05, 0.95, shape), rng.integers(0, 2, shape).astype(float)


@solution("07.1", [(TURNS, 4, 1.0), (TURNS, 8, 0.5)])
def labels_of(turns, frames, seconds):
    """Return 0 and 1, columns by speakers' names; the middle of a frame decides."""
    middles = (np.arange(frames) + 0.5) * seconds
    names = sorted({turn["speaker"] for turn in turns})
    made = np.zeros((frames, len(names)))
    for turn in turns:
        inside = (middles >= turn["start"]) & (middles < turn["end"])
        made[inside, names.index(turn["speaker"])] = 1
    return made


@solution(
    "07.2",
    [(np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([[0.0, 1.0], [0.0, 1.0]]))],
    draw=activity,
    tolerance=1e-4,
)
def invariant_loss(probabilities, labels):
    """Return the smallest loss over all orders of the label columns."""
    orders = permutations(range(labels.shape[1]))
    return min(bce(probabilities, labels[:, list(order)]) for order in orders)


@solution(
    "07.3",
    [(speakers,) for speakers in (2, 3, 1, 4, 5, 6, 7, 8)],
    draw=lambda rng: (int(rng.integers(9, 25)),),
)
def combinations_of(speakers):
    """Return how many sets of speakers there are: each is active or is not."""
    return 2**speakers
