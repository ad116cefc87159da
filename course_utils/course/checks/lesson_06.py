"""Exercises of lesson 06: the diarization error rate by hand and in code, the cosine."""

import numpy as np

from course_utils.course.exercises import exercise, expect, solution

ALICE, BOB, BOTH, NOBODY = {"Alice"}, {"Bob"}, {"Alice", "Bob"}, set()


def frames(rng):
    """Draw eight frames of true and found speakers, somebody speaking in the first."""
    true, found = (
        [{name for name in ("Alice", "Bob", "Carol") if rng.random() < 0.4} for _ in range(8)]
        for _ in range(2)
    )
    return [BOTH, *true[1:]], found


@exercise("06.1")
def toy_der(answer):
    """Check the DER that is read off the figure."""
    hint = (
        "Go through the figure second by second; from 3 to 4 s two speak, so that second is 2 s of "
        "speech, and 10 to 11 s is no speech at all. Three kinds of error count, and the DER is a "
        "fraction, not per cent."
    )
    expect(answer, 0.4, hint)


@solution(
    "06.2",
    [
        ([ALICE, BOTH], [ALICE, BOTH]),
        ([ALICE, BOB], [NOBODY, BOB]),
        ([ALICE, BOB], [BOB, BOB]),
        ([ALICE, NOBODY], [ALICE, BOB]),
        ([BOTH, BOTH], [{"Carol"}, {"Alice", "Carol"}]),
    ],
    draw=frames,
)
def der(true, found):
    """Return missed, false alarm and confusion together, in speakers, over all true speakers."""
    pairs = zip(true, found, strict=True)
    return sum(max(len(a), len(b)) - len(a & b) for a, b in pairs) / sum(map(len, true))


@solution(
    "06.3",
    [(np.array([1.0, 0.0]), np.array([3.0, 0.0])), (np.array([1.0, 1.0]), np.array([-2.0, -2.0]))],
    draw=lambda rng: tuple(rng.normal(0, 2, (2, 3)).round(1)),
)
def cosine(a, b):
    """Return the dot product divided by the lengths of both vectors."""
    return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
