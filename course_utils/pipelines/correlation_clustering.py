"""Which local speakers of overlapping windows are one person: correlation clustering.

Each pair of local speakers has evidence, positive for one person and negative for two: how well
their activities agree where their windows overlap, plus how similar their embeddings are. Two local
speakers of one window are never one person. Greedy additive edge contraction (Keuper et al. 2015,
*Efficient decomposition of image and mesh graphs by lifted multicuts*) merges the two groups with
the most evidence, adds up their evidence for all others, and stops when none is positive.
"""

import numpy as np

ACTIVE = 0.5  # probability above which a local speaker is active in a frame
MIN_ACTIVE_SECONDS = 0.4  # minimum activity of a local speaker in a window; with less, it is nobody
MIN_SHARED_SECONDS = 0.4  # minimum activity in the overlap of two windows for agreement to count
FULL_WEIGHT_SECONDS = 4.0  # non-overlapped speech from which on an embedding has its full weight
BLOCK = 240  # windows that are clustered at once, together with the speakers found before


def match_local_speakers(
    activity, embeddings, seconds, starts, frame_seconds, max_speakers=None, threshold=0.5
):
    """Return the speaker of each local speaker, int64, ``(windows, local_speakers)``; -1: nobody.

    `activity` is a list of probabilities ``(frames, local_speakers)``, one a window, and `starts`
    the first frame of each. `embeddings` are unit-length, ``(windows, local_speakers, dim)``, with
    `seconds` of non-overlapped speech behind each. Those whose cosine is above `threshold` are
    evidence for one person. Local speakers beyond `max_speakers` join the most similar, or nobody.
    """
    active = [window > ACTIVE for window in activity]
    lengths = np.stack([window.sum(0) for window in active]) * frame_seconds
    enough = [min(MIN_ACTIVE_SECONDS, len(window) * frame_seconds / 4) for window in active]
    present = lengths >= np.array(enough)[:, None]
    weight = np.clip(seconds, 0, FULL_WEIGHT_SECONDS)[..., None]
    # With one more coordinate, products of these are weight * weight * (cosine - threshold).
    weighted = weight * np.concatenate([embeddings, np.ones_like(weight)], 2)
    signs = np.append(np.ones(embeddings.shape[2]), -threshold)
    labels = np.full(present.shape, -1)
    known = np.zeros((0, weighted.shape[2]))  # sums over the local speakers of each speaker so far
    for first in range(0, len(labels), BLOCK):
        block = slice(first, first + BLOCK)
        here = present[block]
        count = len(known)
        # The nodes of the graph: speakers found so far, then the block's local speakers.
        nodes = labels.copy()
        nodes[block][here] = count + np.arange(here.sum())
        rows = np.concatenate([known, weighted[block][here]])
        evidence = rows * signs @ rows.T
        _add_agreement(evidence, active, nodes, starts, frame_seconds, first)
        evidence[:count, :count] = -np.inf  # speakers found before stay apart
        groups = contract(evidence, max_speakers)
        numbers = _numbers(groups, lengths[block][here], count, max_speakers)[groups]
        known = np.zeros((numbers.max(initial=-1) + 1, known.shape[1]))
        np.add.at(known, numbers[numbers >= 0], rows[numbers >= 0])
        labels[block][here] = numbers[count:]
        for index in np.flatnonzero((here & (labels[block] < 0)).any(1)) + first:
            _assign(labels[index], present[index], weighted[index] * signs @ known.T)
    return labels


def _add_agreement(evidence, active, nodes, starts, frame_seconds, first):
    """Add the agreement of activities in overlapping windows; keep those of one window apart."""
    for index in range(first, min(first + BLOCK, len(active))):
        own = np.flatnonzero(nodes[index] >= 0)
        rows = nodes[index][own]
        evidence[np.ix_(rows, rows)] = -np.inf
        for other in range(index - 1, -1, -1):
            before = active[other][starts[index] - starts[other] :]
            if not len(before):
                break
            after = active[index][: len(before)]
            others = np.flatnonzero(nodes[other] >= 0)
            ours, theirs = after[:, own].astype(int), before[: len(after), others].astype(int)
            longest = np.maximum.outer(ours.sum(0), theirs.sum(0)) * frame_seconds
            total = np.add.outer(ours.sum(0), theirs.sum(0))
            # Dice coefficient: 1 if both are active at the same moments, 0 if never.
            dice = 2 * (ours.T @ theirs) / np.maximum(total, 1)
            agreement = np.where(longest >= MIN_SHARED_SECONDS, (dice - 0.5) * longest, 0)
            columns = nodes[other][others]
            evidence[np.ix_(rows, columns)] += agreement
            evidence[np.ix_(columns, rows)] += agreement.T


def contract(evidence, max_groups, merge=None):
    """Merge the two groups with the most evidence, until none is positive.

    `evidence` has the shape ``(nodes, nodes)`` and is changed in place; minus infinity keeps two
    nodes apart. If there are more than `max_groups`, merging goes on as far as it may. ``merge(one,
    other)`` returns the evidence of two merged nodes, shape ``(nodes,)``, by default their sum.
    Returns the first node of each node's group, int64, shape ``(nodes,)``.
    """
    groups = np.arange(len(evidence))
    np.fill_diagonal(evidence, -np.inf)
    left = len(evidence)
    while left > 1:
        one, other = sorted(np.unravel_index(evidence.argmax(), evidence.shape))
        strength = evidence[one, other]
        if np.isneginf(strength) or (strength <= 0 and (max_groups is None or left <= max_groups)):
            break
        evidence[one] = merge(one, other) if merge else evidence[one] + evidence[other]
        evidence[:, one] = evidence[one]
        evidence[other] = evidence[:, other] = evidence[one, one] = -np.inf
        groups[groups == other] = one
        left -= 1
    return groups


def _numbers(groups, lengths, count, max_groups):
    """Return numbers of the groups, in order; if there are too many, -1 for the shortest."""
    numbers = np.full(len(groups), -1)
    numbers[:count] = np.arange(count)
    totals = np.bincount(groups[count:], lengths, minlength=len(groups))
    longest = np.argsort(-totals, kind="stable")
    new = [group for group in longest if group >= count and totals[group] > 0]
    new = sorted(new[: None if max_groups is None else max_groups - count])
    numbers[new] = count + np.arange(len(new))
    return numbers


def _assign(labels, present, similarity):
    """Give each unlabelled local speaker of a window the most similar speaker not yet in it."""
    for local in np.flatnonzero(present & (labels < 0)):
        left = [speaker for speaker in range(similarity.shape[1]) if speaker not in labels]
        if left:
            labels[local] = max(left, key=lambda speaker: similarity[local, speaker])
