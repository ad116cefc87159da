"""Exercises of lesson 07: targets frame by frame, and the loss that no order of speakers moves."""

from itertools import permutations

import numpy as np

from course_utils.course.exercises import Exercise, attempted, returns

TURNS = [
    {"speaker": "Bob", "start": 1.0, "end": 3.0},
    {"speaker": "Alice", "start": 0.0, "end": 2.0},
]


def labels_of(turns, frames, seconds):
    """Mark the frames in whose middle each speaker is active, a column a speaker, by name."""
    middles = (np.arange(frames) + 0.5) * seconds
    names = sorted({turn["speaker"] for turn in turns})
    made = np.zeros((frames, len(names)))
    for turn in turns:
        inside = (middles >= turn["start"]) & (middles < turn["end"])
        made[inside, names.index(turn["speaker"])] = 1
    return made


def verify_labels(answer):
    """Check the targets of turns that overlap and come in any order, for two frame lengths."""
    for frames, seconds in ((4, 1.0), (8, 0.5)):
        got = np.asarray(attempted(answer([dict(turn) for turn in TURNS], frames, seconds)))
        expected = labels_of(TURNS, frames, seconds)
        assert got.shape == expected.shape, (
            f"for {frames} frames and 2 speakers you return the shape {got.shape}, expected "
            f"{expected.shape}."
        )
        for column, name in enumerate(("Alice", "Bob")):
            assert np.array_equal(got[:, column], expected[:, column]), (
                f"for {frames} frames of {seconds} s the column of {name} is "
                f"{got[:, column].astype(float).tolist()}, expected "
                f"{expected[:, column].tolist()}: look at the middle of each frame."
            )


def bce(probabilities, labels):
    """Mean binary cross-entropy."""
    p, y = np.asarray(probabilities), np.asarray(labels)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def least(probabilities, labels):
    """Binary cross-entropy under the best order of the speakers."""
    p, y = np.asarray(probabilities), np.asarray(labels)
    return min(bce(p, y[:, list(order)]) for order in permutations(range(y.shape[1])))


_RNG = np.random.default_rng(7)
ACTIVITY = [
    (_RNG.uniform(0.05, 0.95, (6, n)), (_RNG.uniform(size=(6, n)) < 0.5) * 1.0) for n in (2, 3, 3)
]
SWAPPED = (np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([[0.0, 1.0], [0.0, 1.0]]))


def _first_frame_decides(probabilities, labels):
    p, y = np.asarray(probabilities), np.asarray(labels)
    return bce(p[:, np.argsort(p[0])], y[:, np.argsort(y[0])])


EXERCISES = (
    Exercise(
        "07.1",
        difficulty=2,
        minutes=8,
        verify=verify_labels,
        wrong=(
            lambda turns, frames, seconds: np.zeros((frames, 2)),
            lambda turns, frames, seconds: labels_of(turns, frames, seconds).T,
            lambda turns, frames, seconds: labels_of(turns, frames, seconds)[:, ::-1],
            # One label a frame: who began last has it.
            lambda turns, frames, seconds: (
                labels_of(turns, frames, seconds)
                * (labels_of(turns, frames, seconds).cumsum(1) <= 1)
            ),
        ),
    ),
    Exercise(
        "07.2",
        difficulty=3,
        minutes=10,
        verify=returns(
            *(({"probabilities": p, "labels": y}, least(p, y)) for p, y in (SWAPPED, *ACTIVITY)),
            tolerance=1e-4,
        ),
        wrong=(
            bce,
            lambda p, y: max(bce(p, y[:, list(o)]) for o in permutations(range(y.shape[1]))),
            lambda p, y: bce(p, y[:, ::-1]),
            _first_frame_decides,
        ),
    ),
    Exercise(
        "07.3",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"speakers": 2}, 4),
            ({"speakers": 3}, 8),
            ({"speakers": 1}, 2),
        ),
        wrong=(
            lambda speakers: speakers,
            lambda speakers: speakers + 1,
            lambda speakers: speakers**2,
            lambda speakers: 2 ** (speakers - 1) + 1,
        ),
    ),
)
