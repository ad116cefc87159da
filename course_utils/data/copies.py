"""Clips that are the same sound: equal samples, or copies at another level, rate or coding."""

import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

from course_utils import audio

_ALIKE = 0.9  # correlation of fingerprints above which the samples of two clips are compared
_SAME = 0.9  # correlation of their samples above which one is a copy of the other
_LONGER = (1.02, 0.1)  # copies differ in length by at most 2 % and 0.1 s, for coders' padding
_RATE = 8_000  # hertz, at which samples are compared
_SECONDS = 20  # from the start, that are compared
_BLOCK = 256  # clips that are compared with all others at once


def groups(clips):
    """Return the groups of clips that are one sound: lists of indices, and whether they are equal.

    Clips without a digest (unreadable or silent ones) are in no group.

    Parameters
    ----------
    clips : sequence of (path, Facts)
        A Path, with the start and the end of the part in seconds or None; and its
        `measures.Facts`.

    Returns
    -------
    equal, near : list of list of int
        Groups with equal samples; and groups with one clip each of several such groups, or of
        none, that are copies at another level, rate or coding.
    """
    same = defaultdict(list)
    for number, (_, facts) in enumerate(clips):
        if facts.digest:
            same[facts.digest].append(number)
    equal = [numbers for numbers in same.values() if len(numbers) > 1]
    heads = [numbers[0] for numbers in same.values()]
    leader = {}
    for number, other in _candidates([clips[head][1] for head in heads]):
        one, two = heads[number], heads[other]
        if copied(clips[one][0], clips[two][0]):
            leader[two] = leader.get(one, one)
    near = defaultdict(list)
    for number, first in leader.items():
        near[first].append(number)
    return equal, [sorted([first, *numbers]) for first, numbers in near.items()]


def _candidates(facts):
    """Yield for each clip the index of the shorter one with the most similar fingerprint, if any.

    Pairs are (shorter, longer), the shorter ones first.
    """
    order = [n for n, each in enumerate(facts) if each.fingerprint is not None]
    order.sort(key=lambda n: facts[n].seconds)
    if not order:
        return
    prints = np.stack([facts[n].fingerprint for n in order])
    seconds = np.array([facts[n].seconds for n in order])
    shortest = (seconds - _LONGER[1]) / _LONGER[0]
    first = np.searchsorted(seconds, shortest)  # the first clip that is long enough
    for start in range(0, len(order), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(order)))
        low = first[start]
        scores = prints[rows] @ prints[low : rows[-1]].T
        columns = np.arange(low, rows[-1])
        scores[(columns >= rows[:, None]) | (columns < first[rows, None])] = 0
        for row, score in zip(rows, scores, strict=True):
            if len(score) and score.max() > _ALIKE:
                yield order[low + int(score.argmax())], order[row]


def copied(one, other):
    """Tell whether two clips have the same wave form, up to level, sign and a small delay."""
    waves = [_wave(*clip) for clip in (one, other)]
    size = 2 ** int(np.ceil(np.log2(sum(map(len, waves)))))
    spectra = [np.fft.rfft(wave, size) for wave in waves]
    product = np.fft.irfft(spectra[0] * spectra[1].conj(), size)
    energy = np.sqrt(np.prod([wave @ wave for wave in waves]))
    return bool(energy > 0 and np.abs(product).max() > _SAME * energy)


def _wave(path, span):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the facts have them
        samples, _ = audio.load(Path(path), _RATE)
    start, end = span or (0, _SECONDS)
    samples = samples[round(start * _RATE) : round(min(end, start + _SECONDS) * _RATE)]
    return samples.astype(np.float64) - samples.mean()
