"""Scores of diarization: who spoke when in the reference and in the hypothesis.

pyannote.metrics measures the errors (Bredin, pyannote.metrics: a toolkit for reproducible
evaluation, diagnostic, and error analysis of speaker diarization systems, Interspeech 2017). Each
recording is scored from the first turn to the last, of either side. Turns of one speaker that
overlap or touch count as one turn.
"""

import math
from collections import Counter
from itertools import starmap

import datasets
import numpy as np
import pandas as pd
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics import diarization as metrics
from pyannote.metrics.errors.identification import IdentificationErrorAnalysis

from course_utils.formats import speaker_turns
from course_utils.scoring._metric import TURN, ErrorRate, paired, recordings

_PARTS = {
    "miss": "missed detection",
    "false_alarm": "false alarm",
    "confusion": "confusion",
    "total": "total",
}
"""Parts of the diarization error rate in our results and in those of pyannote.metrics."""


class DiarizationErrorRate(ErrorRate):
    """Diarization error rate: (missed + false alarm + confused speech) / reference speech.

    Predictions and references are lists with the turns of each recording, ``{"speaker": str,
    "start": float, "end": float}`` in seconds; speakers may have other names on the two sides and
    are mapped one to one so that the most speech agrees. Overlapped speech counts once for each of
    its speakers; recordings are pooled. The rate exceeds 1 where there is much false alarm. The
    result also has its parts in seconds: ``miss``, ``false_alarm``, ``confusion`` and the
    ``total`` reference speech.

    The options are those of :func:`der_parts`, ``collar`` and ``skip_overlap``.
    """

    key = "der"
    options = ("collar", "skip_overlap")
    kinds = (datasets.List(TURN),)
    check = staticmethod(recordings)

    def counts(self, references, predictions, collar=0.0, skip_overlap=False):
        """Return seconds of error and of speech of each recording, shape (n, 2)."""
        parts = _parts(references, predictions, collar, skip_overlap)
        return np.stack([parts[:, :3].sum(1), parts[:, 3]], axis=1)

    def rate(self, errors, totals):
        """Return errors / totals; without reference speech 1, or 0 if there is no error either."""
        return np.where(totals > 0, errors / np.where(totals > 0, totals, 1), errors > 0)

    def _compute(self, predictions, references, collar=0.0, skip_overlap=False):
        sums = _parts(references, predictions, collar, skip_overlap).sum(0)
        score = float(self.rate(sums[:3].sum(), sums[3]))
        return {"der": score, **dict(zip(_PARTS, sums.tolist(), strict=True))}


class JaccardErrorRate(DiarizationErrorRate):
    """Jaccard error rate: 1 - intersection / union of the speech of a speaker on both sides.

    The mean over the true speakers of all recordings, with equal weight, from 0 to 1; an unmapped
    speaker counts as 1 (Ryant et al., The Second DIHARD Diarization Challenge, Interspeech 2019).
    Inputs and options are those of the diarization error rate.
    """

    key = "jer"

    def counts(self, references, predictions, collar=0.0, skip_overlap=False):
        """Return the sum of speakers' rates and their number in each recording, shape (n, 2)."""
        scorer = metrics.JaccardErrorRate(collar=collar, skip_overlap=skip_overlap)
        found = _components(scorer, references, predictions)
        return np.array([[parts["speaker error"], parts["speaker count"]] for parts in found])

    def rate(self, errors, totals):
        """Return errors / totals, or 1 without true speakers."""
        return np.where(totals > 0, super().rate(errors, totals), 1)

    _compute = ErrorRate._compute


def der_parts(references, predictions, names=None, collar=0.0, skip_overlap=False):
    """Return the diarization error rate of every recording and its parts.

    Parameters
    ----------
    references, predictions : sequence of list of dict, shape (n,)
        Turns of each recording, ``{"speaker": str, "start": float, "end": float}`` in seconds.
    names : sequence of str, shape (n,), optional
        Names of the recordings; their numbers by default.
    collar : float, default 0
        Seconds around each start and end of a true turn that are not scored, half of them before
        it and half after it.
    skip_overlap : bool, default False
        Whether to leave out overlapped speech of the reference.

    Returns
    -------
    pandas.DataFrame
        One row for each recording and a row ``all recordings``; columns ``der`` (a share) and, in
        seconds, ``miss``, ``false_alarm``, ``confusion`` and ``total``, the reference speech. Three
        decimals.
    """
    references, predictions = paired(references, predictions, recordings)
    names = [str(name) for name in (range(len(references)) if names is None else names)]
    if len(names) != len(references):
        raise ValueError(f"There are {len(names)} names for {len(references)} recordings.")
    parts = _parts(references, predictions, collar, skip_overlap)
    parts = np.vstack([parts, parts.sum(0)])
    table = pd.DataFrame(parts, index=[*names, "all recordings"], columns=list(_PARTS))
    table.insert(0, "der", DiarizationErrorRate().rate(parts[:, :3].sum(1), parts[:, 3]))
    return table.round(3)


def match_speakers(reference, prediction):
    """Return the one-to-one mapping of speakers with the most speech in common.

    It maps speakers of the prediction, in order of first speaking, to those of the reference, as a
    dict of str to str without the unmapped ones.
    """
    sides = _checked(reference, prediction)
    pairs = metrics.DiarizationErrorRate().optimal_mapping(*map(_annotation, sides))
    order = dict.fromkeys(turn["speaker"] for turn in sides[1])
    return {speaker: pairs[speaker] for speaker in order if speaker in pairs}


def diarization_errors(reference, prediction):
    """Return the errors in the predicted turns of one recording, with their kinds and times.

    Returns
    -------
    list of dict
        ``{"kind", "start", "end", "speakers"}`` by start, where kind is ``"miss"``,
        ``"false_alarm"`` or ``"confusion"``, times are in seconds, and speakers is the number of
        speakers with this error at once. Durations times speakers add up to the parts of
        ``scoring.load("der")``.
    """
    pairs = match_speakers(reference, prediction)
    true, found, extent = _annotations(*_checked(reference, prediction))
    # An unmapped speaker becomes a tuple, which is never the name of a reference speaker.
    found = found.rename_labels({label: pairs.get(label, (label,)) for label in found.labels()})
    difference = IdentificationErrorAnalysis().difference(true, found, uem=extent)
    kinds, errors = {theirs: ours for ours, theirs in _PARTS.items()}, Annotation()
    for segment in difference.itersegments():
        labels = difference.get_labels(segment, unique=False)
        for kind, speakers in Counter(label[0] for label in labels).items():
            if kind in kinds:  # not "correct"
                errors[segment, kind] = (kinds[kind], speakers)
    return [
        {"kind": kind, "start": segment.start, "end": segment.end, "speakers": speakers}
        for segment, _, (kind, speakers) in errors.support().itertracks(yield_label=True)
    ]


def _checked(reference, prediction):
    sides = (reference, "reference"), (prediction, "prediction")
    return [speaker_turns.checked(turns, name) for turns, name in sides]


def _parts(references, predictions, collar, skip_overlap):
    """Return the seconds of `_PARTS` of each recording, float64, shape (n, 4)."""
    scorer = metrics.DiarizationErrorRate(collar=collar, skip_overlap=skip_overlap)
    found = _components(scorer, references, predictions)
    return np.array([[parts[name] for name in _PARTS.values()] for parts in found])


def _components(scorer, references, predictions):
    """Return what a metric of pyannote.metrics measures in each recording, as dicts."""
    if not 0 <= scorer.collar < math.inf:
        raise ValueError(f"collar is {scorer.collar}; it must be a number of seconds, 0 or more.")
    pairs = zip(references, predictions, strict=True)
    return [
        scorer.compute_components(*sides, uem=uem) for *sides, uem in starmap(_annotations, pairs)
    ]


def _annotations(reference, prediction):
    """Return both as Annotations, and what to score as a Timeline: from first to last turn."""
    sides = [_annotation(reference), _annotation(prediction)]
    extents = Timeline([side.get_timeline().extent() for side in sides])
    return *sides, Timeline([extents.extent()])  # without it, pyannote.metrics warns


def _annotation(turns):
    """Return turns as a pyannote Annotation, overlapping turns of a speaker merged."""
    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn["start"], turn["end"]), track] = turn["speaker"]
    return annotation.support()
