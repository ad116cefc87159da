"""Exercises of lesson 11: the pairing of cpWER, where to cut a turn, whose word it is."""

from itertools import permutations

import numpy as np

from course_utils.course.exercises import Exercise, returns

TABLES = (
    ([[5, 0], [1, 6]], 1),
    ([[2, 3], [0, 9]], 3),
    ([[4]], 4),
    ([[1, 2, 9], [1, 5, 9], [9, 9, 3]], 6),
)
LEVELS = np.array([-30.0] * 1000)
LEVELS[[205, 260, 310, 395, 520]] = -80, -50, -60, -70, -65
TURNS = [
    {"speaker": "Alice", "start": 0.0, "end": 1.0},
    {"speaker": "Bob", "start": 0.9, "end": 1.4},
    {"speaker": "Alice", "start": 1.3, "end": 2.0},
]


def pairing(table):
    """Take the least sum of one cell a row and a column."""
    return min(
        sum(table[i][j] for i, j in enumerate(order)) for order in permutations(range(len(table)))
    )


def _greedy(table):
    """Give each true speaker the best that is left, in order."""
    left, wrong = set(range(len(table))), 0
    for row in table:
        best = min(left, key=row.__getitem__)
        left.remove(best)
        wrong += row[best]
    return wrong


def quietest(levels, start, end, margin=1):
    """Find the lowest level at least a second from both ends, in seconds."""
    first, last = round(100 * (start + margin)), round(100 * (end - margin))
    return (first + int(np.argmin(levels[first : last + 1]))) / 100


def _longest_first(start, end, turns):
    """Give the word to the one turn that shares the most, not to the one person."""
    best = max(turns, key=lambda turn: min(end, turn["end"]) - max(start, turn["start"]))
    shares = min(end, best["end"]) > max(start, best["start"])
    return best["speaker"] if shares else ""


def _at_start(start, _, turns):
    return next((t["speaker"] for t in turns if t["start"] <= start < t["end"]), "")


EXERCISES = (
    Exercise(
        "11.1",
        difficulty=2,
        minutes=5,
        verify=returns(*(({"table": table}, least) for table, least in TABLES)),
        wrong=(
            lambda table: sum(map(min, table)),
            _greedy,
            lambda table: sum(row[n] for n, row in enumerate(table)),
        ),
    ),
    Exercise(
        "11.2",
        difficulty=2,
        minutes=8,
        verify=returns(
            ({"levels": LEVELS, "start": 2.0, "end": 5.0}, 3.95),
            ({"levels": LEVELS, "start": 2.0, "end": 4.9}, 3.1),
            ({"levels": LEVELS, "start": 1.0, "end": 4.0}, 2.05),
        ),
        wrong=(
            lambda levels, start, end: quietest(levels, start, end, margin=0),
            lambda levels, start, end: quietest(levels, start, end) - start,
            lambda levels, start, end: 100 * quietest(levels, start, end),
        ),
    ),
    Exercise(
        "11.3",
        difficulty=2,
        minutes=8,
        verify=returns(
            ({"start": 0.85, "end": 1.35, "turns": TURNS}, "Bob"),
            ({"start": 0.7, "end": 1.15, "turns": TURNS}, "Alice"),
            ({"start": 0.7, "end": 1.6, "turns": TURNS}, "Alice"),
            ({"start": 2.5, "end": 3.0, "turns": TURNS}, ""),
        ),
        wrong=(_longest_first, _at_start, lambda start, end, turns: turns[0]["speaker"]),
    ),
)
