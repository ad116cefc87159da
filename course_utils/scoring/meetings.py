"""Scores of transcripts that say who spoke: words given to the wrong speaker are errors.

cpWER, the concatenated minimum-permutation word error rate, is from Watanabe et al., CHiME-6
Challenge: Tackling Multispeaker Speech Recognition for Unsegmented Recordings, CHiME 2020.
"""

import datasets
import evaluate
import numpy as np
from scipy.optimize import linear_sum_assignment

from course_utils.scoring import transcription
from course_utils.scoring._checks import paired_turns
from course_utils.scoring._offline import OfflineMetric

_INPUTS = """
Args:
    predictions (list of list of dict): What was recognised, {"speaker": str, "start": float,
        "end": float, "text": str}, one list a recording. The names of the speakers need not be
        those of the references.
    references (list of list of dict): What was said, in the same order of recordings.
"""
_CITATION = """@inproceedings{watanabe2020,
  title={{CHiME-6} Challenge: Tackling Multispeaker Speech Recognition for Unsegmented Recordings},
  author={Watanabe, S. and Mandel, M. and Barker, J. and others},
  booktitle={CHiME}, year={2020}
}"""


class SpeakerWordErrorRate(OfflineMetric):
    """Wrong words per word of the references, when each speaker's words are compared as one text.

    All that a speaker says is joined by start; every speaker who was found is paired with at most
    one true speaker, so that the fewest words are wrong. What is said by one without counterpart
    counts whole, as deleted or as inserted.
    """

    def _info(self):
        text, time = datasets.Value("string"), datasets.Value("float64")
        utterance = {"speaker": text, "start": time, "end": time, "text": text}
        return evaluate.MetricInfo(
            description="Word error rate of each speaker's joined words, best pairing of speakers.",
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": datasets.List(utterance), "references": datasets.List(utterance)}
            ),
        )

    def pair(self, references, predictions):
        """Check references and predictions, a list of utterances a recording; return both."""
        return paired_turns(references, predictions, texts=True)

    def _compute(self, predictions, references):
        errors, words = counts(references, predictions, "cpwer").sum(0)
        return {"cpwer": float(rate(errors, words, "cpwer"))}


def counts(references, predictions, metric):
    """Count wrong words and words of each recording: int64, shape (n, 2)."""
    pairs, found = paired_turns(references, predictions, texts=True), []
    for reference, prediction in zip(*pairs, strict=True):
        said, heard = _texts_of(reference), _texts_of(prediction)
        speakers = max(len(said), len(heard))
        said += [""] * (speakers - len(said))
        heard += [""] * (speakers - len(heard))
        wrong = np.array([[_wrong(ours, theirs) for theirs in heard] for ours in said])
        best = wrong[linear_sum_assignment(wrong)].sum() if speakers else 0
        found.append((best, sum(len(text.split()) for text in said)))
    return np.array(found, dtype=np.int64)


rate = transcription.rate


def _wrong(said, heard):
    """Count the wrong words of one text."""
    return transcription.counts([said], [heard], "wer")[0, 0]


def _texts_of(utterances):
    """Join what each speaker says, by start."""
    texts = {}
    for row in utterances:
        texts.setdefault(row["speaker"], []).append(row["text"])
    return [" ".join(parts) for parts in texts.values()]
