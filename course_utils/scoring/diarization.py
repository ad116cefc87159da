"""Scores of diarization: who spoke when, compared with who was found to speak when.

The seconds come from pyannote.metrics (Bredin, pyannote.metrics: a toolkit for reproducible
evaluation, diagnostic, and error analysis of speaker diarization systems, Interspeech 2017). Every
recording is scored from its first turn to its last, of either side. Turns of one speaker that
overlap or touch count as one turn.
"""

import math
from itertools import pairwise

import datasets
import evaluate
import numpy as np
import pyannote.metrics.diarization
from pyannote.core import Annotation, Segment, Timeline

from course_utils.formats import speaker_turns
from course_utils.scoring._checks import paired_turns
from course_utils.scoring._offline import OfflineMetric

_INPUTS = """
Args:
    predictions (list of list of dict): Turns found, {"speaker": str, "start": float, "end": float}
        in seconds, one list a recording. The names of the speakers need not be those of the
        references: each is paired with at most one of them, so that the most speech agrees.
    references (list of list of dict): True turns, in the same order of recordings.
    collar (float, optional): Seconds around each start and end of a true turn that are not scored,
        half of them before it and half after it: 0.5 leaves out a quarter of a second on either
        side. By default 0.
    skip_overlap (bool, optional): Whether to leave out what two or more true speakers say at once.
        By default False.
"""
_DER_CITATION = """@inproceedings{pyannote.metrics,
  title={pyannote.metrics: a toolkit for reproducible evaluation, diagnostic, and error analysis of
         speaker diarization systems},
  author={Bredin, H.},
  booktitle={Interspeech}, year={2017}
}"""
_JER_CITATION = """@inproceedings{ryant2019,
  title={The Second DIHARD Diarization Challenge: dataset, task, and baselines},
  author={Ryant, N. and Church, K. and Cieri, C. and Cristia, A. and Du, J. and Ganapathy, S. and
          Liberman, M.},
  booktitle={Interspeech}, year={2019}
}"""
# Our names of what pyannote.metrics adds up, in the order of the columns of `_parts`.
_PARTS = {
    "miss": "missed detection",
    "false_alarm": "false alarm",
    "confusion": "confusion",
    "total": "total",
}
_JER_PARTS = ("speaker error", "speaker count")


class _TurnsMetric(OfflineMetric):
    """A metric of two lists of turns a recording."""

    description = ""
    citation_text = ""

    def _info(self):
        turn = {
            "speaker": datasets.Value("string"),
            "start": datasets.Value("float64"),
            "end": datasets.Value("float64"),
        }
        return evaluate.MetricInfo(
            description=self.description,
            citation=self.citation_text,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.List(turn), "references": datasets.List(turn)}
            ),
        )

    def pair(self, references, predictions):
        """Check references and predictions, a list of turns a recording; return both."""
        return paired_turns(references, predictions)


class DiarizationErrorRate(_TurnsMetric):
    """Missed, wrongly added and confused speech per second of speech in the references.

    Seconds count once for each speaker who talks in them, and are summed over the recordings. The
    rate passes 1 where much was added. Beside it, the result holds its parts in seconds: ``miss``,
    ``false_alarm``, ``confusion`` and the ``total`` that it is divided by.
    """

    description = "Diarization error rate: (missed + false alarm + confused speech) / speech."
    citation_text = _DER_CITATION

    def _compute(self, predictions, references, collar=0.0, skip_overlap=False):
        sums = _parts(references, predictions, collar, skip_overlap).sum(0)
        score = float(rate(sums[:3].sum(), sums[3], "der"))
        return {"der": score, **dict(zip(_PARTS, sums.tolist(), strict=True))}


class JaccardErrorRate(_TurnsMetric):
    """Share of the speech of a speaker and of their counterpart that only one of the two has.

    The mean over the true speakers of all recordings, each weighing the same, however little they
    say; a speaker without counterpart has 1. From 0 to 1.
    """

    description = "Jaccard error rate: 1 - intersection / union, averaged over the true speakers."
    citation_text = _JER_CITATION

    def _compute(self, predictions, references, collar=0.0, skip_overlap=False):
        sums = counts(references, predictions, "jer", collar, skip_overlap).sum(0)
        return {"jer": float(rate(*sums, "jer"))}


def counts(references, predictions, metric, collar=0.0, skip_overlap=False):
    """Count what a rate of each recording divides, float64, shape (n, 2); sums over rows pool."""
    if metric == "der":
        parts = _parts(references, predictions, collar, skip_overlap)
        return np.stack([parts[:, :3].sum(1), parts[:, 3]], axis=1)
    found = _components("JaccardErrorRate", references, predictions, collar, skip_overlap)
    return np.array([[parts[name] for name in _JER_PARTS] for parts in found])


def rate(errors, totals, metric):
    """Divide, and where no one speaks do as pyannote.metrics: JER 1, DER 0 if nothing was found."""
    speech = totals > 0
    silent = errors > 0 if metric == "der" else 1
    return np.where(speech, errors / np.where(speech, totals, 1), silent)


def der_parts(references, predictions, names=None, collar=0.0, skip_overlap=False):
    """Tabulate the diarization error rate of every recording and its parts.

    Parameters
    ----------
    references, predictions : sequence of list of dict, shape (n,)
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds, that are true and that
        were found, one list a recording.
    names : sequence of str, shape (n,), optional
        Names of the recordings; their numbers by default.
    collar : float, default 0
        Seconds around each start and end of a true turn that are not scored, half of them before
        it and half after it.
    skip_overlap : bool, default False
        Whether to leave out what two or more true speakers say at once.

    Returns
    -------
    pandas.DataFrame
        One row a recording and a row ``all recordings``; columns ``der`` (a share) and, in seconds,
        ``miss``, ``false_alarm``, ``confusion`` and ``total``, the speech in the references. Three
        decimals.

    Raises
    ------
    ValueError
        If an argument does not fit.

    Examples
    --------
    >>> said = [
    ...     {"speaker": "Alice", "start": 0, "end": 3},
    ...     {"speaker": "Bob", "start": 3, "end": 4},
    ... ]
    >>> found = [{"speaker": "1", "start": 0, "end": 3.5}]
    >>> der_parts([said], [found], names=["call"])
                     der  miss  false_alarm  confusion  total
    call            0.25   0.5          0.0        0.5    4.0
    all recordings  0.25   0.5          0.0        0.5    4.0
    """
    import pandas as pd

    references, predictions = paired_turns(references, predictions)
    names = [str(name) for name in (range(len(references)) if names is None else names)]
    if len(names) != len(references):
        raise ValueError(f"There are {len(names)} names for {len(references)} recordings.")
    parts = _parts(references, predictions, collar, skip_overlap)
    parts = np.vstack([parts, parts.sum(0)])
    table = pd.DataFrame(parts, index=[*names, "all recordings"], columns=list(_PARTS))
    table.insert(0, "der", rate(parts[:, :3].sum(1), parts[:, 3], "der"))
    return table.round(3)


def match_speakers(reference, prediction):
    """Find which speaker is which: the pairs with the most speech in common.

    Parameters
    ----------
    reference, prediction : list of dict
        True turns and turns found in one recording.

    Returns
    -------
    dict of str to str
        True speaker by speaker found, in order of first speaking. No true speaker stands twice;
        who shares no speech with a counterpart is left out.

    Raises
    ------
    ValueError
        If something is no turn.

    Examples
    --------
    >>> said = [
    ...     {"speaker": "Alice", "start": 0, "end": 3},
    ...     {"speaker": "Bob", "start": 3, "end": 4},
    ... ]
    >>> match_speakers(said, [{"speaker": "1", "start": 0, "end": 3.5}])
    {'1': 'Alice'}
    """
    found = speaker_turns.checked(prediction, "prediction")
    scorer = pyannote.metrics.diarization.DiarizationErrorRate()
    pairs = scorer.optimal_mapping(
        _annotation(speaker_turns.checked(reference, "reference")), _annotation(found)
    )
    order = dict.fromkeys(turn["speaker"] for turn in found)
    return {speaker: pairs[speaker] for speaker in order if speaker in pairs}


def diarization_errors(reference, prediction):
    """List the errors of one recording: where speech is missed, added or given to another.

    Parameters
    ----------
    reference, prediction : list of dict
        True turns and turns found in one recording.

    Returns
    -------
    list of dict
        ``{"kind", "start", "end", "speakers"}`` by start, where kind is ``"miss"``,
        ``"false_alarm"`` or ``"confusion"``, times are in seconds, and speakers says how many
        speakers it affects at once. Durations times speakers add up to the parts of
        ``scoring.load("der")``.

    Raises
    ------
    ValueError
        If something is no turn.

    Examples
    --------
    >>> said = [
    ...     {"speaker": "Alice", "start": 0, "end": 3},
    ...     {"speaker": "Bob", "start": 3, "end": 4},
    ... ]
    >>> for error in diarization_errors(said, [{"speaker": "1", "start": 0, "end": 3.5}]):
    ...     print(error)
    {'kind': 'confusion', 'start': 3.0, 'end': 3.5, 'speakers': 1}
    {'kind': 'miss', 'start': 3.5, 'end': 4.0, 'speakers': 1}
    """
    pairs = match_speakers(reference, prediction)
    reference = speaker_turns.checked(reference, "reference")
    # A speaker without counterpart is a tuple, which no true speaker is, whatever their name.
    prediction = [
        turn | {"speaker": pairs.get(turn["speaker"], (turn["speaker"],))}
        for turn in speaker_turns.checked(prediction, "prediction")
    ]
    edges = sorted({turn[key] for turn in reference + prediction for key in ("start", "end")})
    errors, ongoing = [], {}
    for start, end in pairwise(edges):
        true, found = (
            {turn["speaker"] for turn in side if turn["start"] <= start < turn["end"]}
            for side in (reference, prediction)
        )
        affected = {
            "miss": len(true) - len(found),
            "false_alarm": len(found) - len(true),
            "confusion": min(len(true), len(found)) - len(true & found),
        }
        earlier, ongoing = ongoing, {}
        for kind, speakers in affected.items():
            if speakers > 0:
                error = earlier.get((kind, speakers))
                if error is None:
                    error = {"kind": kind, "start": start, "end": end, "speakers": speakers}
                    errors.append(error)
                error["end"] = end
                ongoing[kind, speakers] = error
    return errors


def _parts(references, predictions, collar, skip_overlap):
    """Return the seconds of `_PARTS` of each recording, float64, shape (n, 4)."""
    found = _components("DiarizationErrorRate", references, predictions, collar, skip_overlap)
    return np.array([[parts[name] for name in _PARTS.values()] for parts in found])


def _components(metric, references, predictions, collar, skip_overlap):
    """Return what pyannote.metrics counts in each recording, as dicts."""
    if not 0 <= collar < math.inf:
        raise ValueError(f"collar is {collar}; it must be a number of seconds, 0 or more.")
    scorer = getattr(pyannote.metrics.diarization, metric)(collar=collar, skip_overlap=skip_overlap)
    found = []
    for reference, prediction in zip(*paired_turns(references, predictions), strict=True):
        turns = reference + prediction
        # Given, since pyannote.metrics warns at each recording when it has to take this itself.
        extent = (
            [Segment(min(turn["start"] for turn in turns), max(turn["end"] for turn in turns))]
            if turns
            else []
        )
        found.append(
            scorer.compute_components(
                _annotation(reference), _annotation(prediction), uem=Timeline(extent)
            )
        )
    return found


def _annotation(turns):
    """Return turns as pyannote.metrics takes them, one speaker's overlapping turns as one."""
    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn["start"], turn["end"]), track] = turn["speaker"]
    return annotation.support()
