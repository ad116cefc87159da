"""Wrong answers to the exercises of lesson 07, the usual mistakes first."""

from itertools import permutations

import numpy as np

from course_utils.course.checks.lesson_07 import bce, labels_of


def _first_frame_decides(probabilities, labels):
    p, y = np.asarray(probabilities), np.asarray(labels)
    return bce(p[:, np.argsort(p[0])], y[:, np.argsort(y[0])])


WRONG = {
    "07.1": (
        lambda turns, frames, seconds: np.zeros((frames, 2)),
        lambda turns, frames, seconds: labels_of(turns, frames, seconds).T,
        lambda turns, frames, seconds: labels_of(turns, frames, seconds)[:, ::-1],
        # One label a frame: who began last has it.
        lambda turns, frames, seconds: (
            labels_of(turns, frames, seconds) * (labels_of(turns, frames, seconds).cumsum(1) <= 1)
        ),
    ),
    "07.2": (
        bce,
        lambda p, y: max(bce(p, y[:, list(o)]) for o in permutations(range(y.shape[1]))),
        lambda p, y: bce(p, y[:, ::-1]),
        _first_frame_decides,
    ),
    "07.3": (
        lambda speakers: speakers,
        lambda speakers: speakers + 1,
        lambda speakers: speakers**2,
        lambda speakers: 2 ** (speakers - 1) + 1,
        lambda speakers: speakers * speakers - speakers + 2,
        {1: 2, 2: 4, 3: 8}.get,
        {n: 2**n for n in range(1, 9)}.get,  # the cases that a message has shown
        lambda speakers: 1 + speakers + speakers * (speakers - 1) // 2,
    ),
}
