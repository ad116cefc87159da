"""Exercises of lesson 08: a mix of two voices, the times of phonemes, the sentences of a text."""

import re

import numpy as np

from course_utils.course.exercises import solution

A, B = np.array([1.0, 0.0]), np.array([0.6, 0.8])


@solution("08.1", [(A, B, share) for share in (1.0, 0.0, 0.5, 0.25)])
def mix(a, b, share):
    """Return share of a and 1 - share of b, divided by the norm of the sum: its length is 1."""
    vector = share * np.asarray(a) + (1 - share) * np.asarray(b)
    return vector / np.linalg.norm(vector)


@solution(
    "08.2",
    [([3, 0, 5, 2], 0.016), ([1, 4], 0.5)],
    draw=lambda rng: (rng.integers(0, 9, 5).tolist(), round(rng.uniform(0.01, 0.1), 3)),
)
def times_of(durations, seconds_per_frame):
    """Return a pair (start, end) for each phoneme; each starts where the last one ends."""
    edges = np.r_[0, np.cumsum(durations)] * seconds_per_frame
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


@solution(
    "08.3",
    [
        ("One. Two! Three?",),
        ("Dr. Hill saw St. Ives. Mr. and Mrs. Hill stayed.",),
        ("It costs 3.50 today.\nReally?  Yes!",),
        (" No full stop",),
    ],
    draw=lambda rng: (" ".join(rng.choice(["Dr.", "Mrs.", "Oh!", "Hill", "2.5", "it."], 6)),),
)
def sentences_of(text):
    """Return the sentences; a full stop after a title or in a number ends none."""
    titles = r"(?<!Dr\.)(?<!Mr\.)(?<!Mrs\.)(?<!St\.)"
    return [part for part in re.split(titles + r"(?<=[.!?])\s+", text.strip()) if part]
