"""Word and diarization error rate against jiwer and pyannote.metrics called directly."""

import jiwer
import numpy as np
import pyannote.metrics.diarization
from measure import comparison, growth, paired
from pyannote.core import Annotation, Segment, Timeline

from course_utils import scoring

PAIRS = 10_000
CONVERSATIONS = 500


def pairs(count):
    """Return references, and transcripts in which about a tenth of the words is wrong."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{n}" for n in range(2_000)])
    said, heard = [], []
    for _ in range(count):
        text = rng.choice(words, rng.integers(4, 16))
        wrong = rng.random(len(text)) < 0.1
        said.append(" ".join(text))
        heard.append(" ".join(np.where(wrong, rng.choice(words, len(text)), text)))
    return said, heard


def conversations(count):
    """Return the turns of conversations, and what was found: later by a little, some confused."""
    rng = np.random.default_rng(0)
    true, found = [], []
    for _ in range(count):
        starts = np.sort(rng.uniform(0, 60, 20))
        lengths, who = rng.uniform(0.5, 4, 20), rng.integers(0, 3, 20)
        late, other = rng.normal(0, 0.1, 20).clip(-0.2), rng.random(20) < 0.1
        true.append([_turn(*turn) for turn in zip(who, starts, lengths, strict=True)])
        who = np.where(other, (who + 1) % 3, who)
        found.append(
            [_turn(*turn) for turn in zip(who, np.abs(starts + late), lengths, strict=True)]
        )
    return true, found


def _turn(who, start, length):
    return {"speaker": f"S{who}", "start": float(start), "end": float(start + length)}


def direct(true, found):
    """Score as the documentation of pyannote.metrics does, given the extent that it asks for."""
    metric = pyannote.metrics.diarization.DiarizationErrorRate()
    for reference, hypothesis in zip(true, found, strict=True):
        end = max(turn["end"] for turn in reference + hypothesis)
        metric(annotated(reference), annotated(hypothesis), uem=Timeline([Segment(0, end)]))
    return abs(metric)


def annotated(turns):
    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn["start"], turn["end"]), track] = turn["speaker"]
    return annotation.support()


def wer(said, heard):
    return scoring.load("wer").compute(references=said, predictions=heard)["wer"]


def der(true, found):
    return scoring.load("der").compute(references=true, predictions=found)["der"]


def measure_all():
    """Return the rows of this section."""
    said, heard = pairs(PAIRS)
    true, found = conversations(CONVERSATIONS)
    assert abs(wer(said, heard) - jiwer.wer(said, heard)) < 1e-9
    assert abs(der(true, found) - direct(true, found)) < 1e-9
    taken = paired(
        {
            "ours": lambda: wer(said, heard) and None,
            "jiwer.wer": lambda: jiwer.wer(said, heard) and None,
        }
    )
    rows = [comparison(f"WER of {PAIRS} pairs", taken, **{"jiwer.wer": 1 / 1.2})]
    taken = paired(
        {
            "ours": lambda: der(true, found) and None,
            "pyannote.metrics": lambda: direct(true, found) and None,
        },
        rounds=3,
    )
    rows.append(
        comparison(f"DER of {CONVERSATIONS} conversations", taken, **{"pyannote.metrics": 1 / 1.2})
    )
    grown = [
        growth("WER", (600, 2_400, 9_600), lambda n: wer(said[:n], heard[:n]), "pairs"),
        growth("DER", (30, 120, 480), lambda n: der(true[:n], found[:n]), "conversations"),
    ]
    return {"rows": rows, "growth": grown, "note": ""}
