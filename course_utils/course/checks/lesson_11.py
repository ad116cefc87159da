"""Exercises of lesson 11: the pairing of cpWER, where to cut a turn, whose word it is."""

from itertools import permutations

import numpy as np

from course_utils.course.exercises import solution

LEVELS = np.full(1_000, -30.0)
LEVELS[[205, 260, 310, 325, 350, 395, 520]] = -80, -50, -60, -62, -66, -70, -65
TURNS = [
    {"speaker": "Alice", "start": 0.0, "end": 1.0},
    {"speaker": "Bob", "start": 0.9, "end": 1.4},
    {"speaker": "Alice", "start": 1.3, "end": 2.0},
]


def word(rng):
    """Draw start and end of a word."""
    start = rng.uniform(0, 2.2)
    return start, start + rng.uniform(0.1, 1), TURNS


@solution(
    "11.1",
    [([[5, 0], [1, 6]],), ([[2, 3], [0, 9]],), ([[4]],), ([[1, 2, 9], [1, 5, 9], [9, 9, 3]],)],
    draw=lambda rng: (rng.integers(0, 20, (3, 3)).tolist(),),
)
def fewest_wrong(table):
    """Return the fewest wrong words; each found speaker is only one of the true ones."""
    orders = permutations(range(len(table)))
    return min(sum(table[i][j] for i, j in enumerate(order)) for order in orders)


@solution(
    "11.2",
    [(LEVELS, *turn) for turn in ((2.0, 5.0), (2.0, 4.9), (1.0, 4.0), (2.25, 4.375), (2.375, 4.5))],
    draw=lambda rng: (rng.normal(-40, 10, 1_000), rng.integers(0, 9) / 2, 9.5),
)
def quietest(levels, start, end):
    """Return a time in seconds; the first and the last second of the turn do not count."""
    first, last = round(100 * (start + 1)), round(100 * (end - 1))
    return (first + int(np.argmin(levels[first : last + 1]))) / 100


@solution(
    "11.3",
    [(*times, TURNS) for times in ((0.85, 1.35), (0.7, 1.15), (0.7, 1.6), (2.5, 3.0))],
    draw=word,
)
def speaker_of(start, end, turns):
    """Return who shares the most time, "" for nobody; Alice: 0-1 and 1.3-2 s, Bob: 0.9-1.4 s."""
    shared = {}
    for turn in turns:
        common = min(end, turn["end"]) - max(start, turn["start"])
        if common > 0:
            shared[turn["speaker"]] = shared.get(turn["speaker"], 0) + common
    return max(shared, key=shared.get) if shared else ""
