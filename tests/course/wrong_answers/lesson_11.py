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


def shares(start, end, turns):
    """Return the seconds that each speaker shares with a word."""
    seconds = {}
    for turn in turns:
        common = min(end, turn["end"]) - max(start, turn["start"])
        seconds[turn["speaker"]] = seconds.get(turn["speaker"], 0) + max(common, 0)
    return seconds


def _none_for_nobody(start, end, turns):
    seconds = shares(start, end, turns)
    return max(seconds, key=seconds.get) if any(seconds.values()) else None


def _somebody_always(start, end, turns):
    seconds = shares(start, end, turns)
    return max(seconds, key=seconds.get)


def _sorts_rows(table):
    for row in table:
        row.sort()
    return sum(row[0] for row in table)


def _fills_ends(levels, start, end):
    """Find the right time, and leave infinity in the caller's levels."""
    levels[: round(100 * (start + 1))] = np.inf
    levels[round(100 * (end - 1)) + 1 :] = np.inf
    return int(np.argmin(levels)) / 100


WRONG = {
    "11.1": (
        lambda table: sum(map(min, table)),
        _greedy,
        lambda table: sum(row[n] for n, row in enumerate(table)),
        _sorts_rows,
    ),
    "11.2": (
        lambda levels, start, end: quietest(levels, start, end, margin=0),
        lambda levels, start, end: quietest(levels, start, end) - start,
        lambda levels, start, end: 100 * quietest(levels, start, end),
        _fills_ends,
        lambda levels, start, end: quietest(levels, start, end - 0.01),
        lambda levels, start, end: quietest(levels, start + 0.01, end),
    ),
    "11.3": (
        _longest_first,
        _at_start,
        lambda start, end, turns: turns[0]["speaker"],
        _none_for_nobody,
        _somebody_always,
    ),
}
