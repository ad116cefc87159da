"""Wrong answers to the exercises of lesson 11, the usual mistakes first."""

import numpy as np


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


WRONG = {
    "11.1": (
        lambda table: sum(map(min, table)),
        _greedy,
        lambda table: sum(row[n] for n, row in enumerate(table)),
    ),
    "11.2": (
        lambda levels, start, end: quietest(levels, start, end, margin=0),
        lambda levels, start, end: quietest(levels, start, end) - start,
        lambda levels, start, end: 100 * quietest(levels, start, end),
    ),
    "11.3": (_longest_first, _at_start, lambda start, end, turns: turns[0]["speaker"]),
}
