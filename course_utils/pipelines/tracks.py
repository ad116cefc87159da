"""Which tracks of overlapping windows are one speaker's: correlation clustering.

Every two tracks give evidence, for one speaker where it is positive and against it where it is
negative. Two windows that overlap hear the same moments: tracks that are active at the same ones
are one speaker's. Two voices are alike, or not. Two tracks of one window are two people. Greedy
additive edge contraction (Keuper et al. 2015, *Efficient decomposition of image and mesh graphs by
lifted multicuts*) merges the two groups with the most evidence for it, adds up what theirs say of
all others, and ends when none is left in favour.
"""

import numpy as np

ENOUGH = 0.4
"""Seconds of activity from which on a track of a window counts."""

SHARED = 0.4
"""Seconds of activity where two windows overlap from which on it is evidence."""

CLEAR = 4.0
"""Seconds that a track has to itself from which on its voice is as clear as it gets."""

BLOCK = 240
"""Windows that are decided on at once; those of a longer recording join who was found before."""


def speakers_of(active, vectors, alone, starts, frame, most=None, threshold=0.5):
    """Tell for each track of each window which speaker it is.

    Parameters
    ----------
    active : list of numpy.ndarray
        0 to 1, shape ``(frames, tracks)`` of each window.
    vectors : numpy.ndarray
        Voices, of length 1, shape ``(windows, tracks, dimensions)``.
    alone : numpy.ndarray
        Seconds behind each, shape ``(windows, tracks)``.
    starts : numpy.ndarray
        First frame of each window, in order.
    frame : float
        Seconds of a frame.
    most : int, optional
        At most this many speakers.
    threshold : float
        Cosine from which on two voices are rather one than two.

    Returns
    -------
    numpy.ndarray
        Numbers from 0 on, -1 for a track that is nobody's; int64, shape ``(windows, tracks)``.
    """
    loud = [window > 0.5 for window in active]
    seconds = np.stack([window.sum(0) for window in loud]) * frame
    enough = [min(ENOUGH, len(window) * frame / 4) for window in loud]
    there = seconds >= np.array(enough)[:, None]
    clear = np.clip(alone, 0, CLEAR)[..., None]
    # With one more coordinate, products of these are clear * clear * (cosine - threshold).
    voices = clear * np.concatenate([vectors, np.ones_like(clear)], 2)
    signs = np.append(np.ones(vectors.shape[2]), -threshold)
    found = np.full(there.shape, -1)
    known = np.zeros((0, voices.shape[2]))  # the sums of the speakers' voices
    for first in range(0, len(found), BLOCK):
        block = slice(first, first + BLOCK)
        tracks = there[block]
        count = len(known)
        nodes = found.copy()
        nodes[block][tracks] = count + np.arange(tracks.sum())
        heard = np.concatenate([known, voices[block][tracks]])
        evidence = heard * signs @ heard.T
        _add_activity(evidence, loud, nodes, starts, frame, first)
        evidence[:count, :count] = -np.inf  # what was decided stays
        groups = contract(evidence, most)
        numbers = _numbers(groups, seconds[block][tracks], count, most)[groups]
        known = np.zeros((numbers.max(initial=-1) + 1, known.shape[1]))
        np.add.at(known, numbers[numbers >= 0], heard[numbers >= 0])
        found[block][tracks] = numbers[count:]
        for place in np.flatnonzero((tracks & (found[block] < 0)).any(1)) + first:
            _settle(found[place], there[place], voices[place] * signs @ known.T)
    return found


def _add_activity(evidence, loud, nodes, starts, frame, first):
    """Add what windows that overlap say of each other, and that one has no speaker twice."""
    for place in range(first, min(first + BLOCK, len(loud))):
        own = np.flatnonzero(nodes[place] >= 0)
        rows = nodes[place][own]
        evidence[np.ix_(rows, rows)] = -np.inf
        for other in range(place - 1, -1, -1):
            later = starts[place] - starts[other]
            before = loud[other][later:]
            if not len(before):
                break
            after = loud[place][: len(before)]
            theirs = np.flatnonzero(nodes[other] >= 0)
            mine, past = after[:, own].astype(int), before[: len(after), theirs].astype(int)
            longest = np.maximum.outer(mine.sum(0), past.sum(0)) * frame
            total = np.add.outer(mine.sum(0), past.sum(0))
            # Dice's coefficient: 1 if active at the same moments, 0 if never.
            agreement = 2 * (mine.T @ past) / np.maximum(total, 1)
            said = np.where(longest >= SHARED, (agreement - 0.5) * longest, 0)
            columns = nodes[other][theirs]
            evidence[np.ix_(rows, columns)] += said
            evidence[np.ix_(columns, rows)] += said.T


def contract(evidence, most, merged=None):
    """Merge groups while evidence asks for it, or there are too many.

    Parameters
    ----------
    evidence : numpy.ndarray
        For one speaker or, below zero, for two, shape ``(nodes, nodes)``; changed in place. Two
        with minus infinity between them are never merged.
    most : int or None
        At most this many groups, as far as may be merged.
    merged : callable, optional
        Called with two nodes that become one, the first of them; gives its evidence, shape
        ``(nodes,)``. By default that of the two adds up.

    Returns
    -------
    numpy.ndarray
        The first node of each one's group, int64, shape ``(nodes,)``.
    """
    groups = np.arange(len(evidence))
    np.fill_diagonal(evidence, -np.inf)
    left = len(evidence)
    while left > 1:
        one, other = sorted(np.unravel_index(evidence.argmax(), evidence.shape))
        strength = evidence[one, other]
        if np.isneginf(strength) or (strength <= 0 and (most is None or left <= most)):
            break
        evidence[one] = merged(one, other) if merged else evidence[one] + evidence[other]
        evidence[:, one] = evidence[one]
        evidence[other] = evidence[:, other] = evidence[one, one] = -np.inf
        groups[groups == other] = one
        left -= 1
    return groups


def _numbers(groups, seconds, count, most):
    """Give each group a number, as they come; where there are too many, -1 for the shortest."""
    numbers = np.full(len(groups), -1)
    numbers[:count] = np.arange(count)
    lengths = np.bincount(groups[count:], seconds, minlength=len(groups))
    longest = np.argsort(-lengths, kind="stable")
    new = [group for group in longest if group >= count and lengths[group] > 0]
    new = sorted(new[: None if most is None else most - count])
    numbers[new] = count + np.arange(len(new))
    return numbers


def _settle(found, there, alike):
    """Give tracks of one window that are nobody's to those likeliest of who is not in it."""
    for track in np.flatnonzero(there & (found < 0)):
        left = [speaker for speaker in range(alike.shape[1]) if speaker not in found]
        if left:
            found[track] = max(left, key=lambda speaker: alike[track, speaker])
