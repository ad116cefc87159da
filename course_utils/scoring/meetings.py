"""Scores of transcripts with speakers: words given to the wrong speaker are errors."""

from functools import partial

import datasets
import jiwer
import numpy as np
from scipy.optimize import linear_sum_assignment

from course_utils.scoring._metric import TURN, ErrorRate, recordings
from course_utils.scoring.transcription import errors_and_length


class SpeakerWordErrorRate(ErrorRate):
    """cpWER, the concatenated minimum-permutation word error rate.

    Predictions and references are lists with the utterances of each recording, ``{"speaker": str,
    "start": float, "end": float, "text": str}``; speakers may have other names on the two sides.
    The words of each speaker are joined in order of start. Each hypothesis speaker is paired with
    at most one reference speaker, so that the number of wrong words is smallest. All words of an
    unpaired speaker are errors, deleted or inserted (Watanabe et al., CHiME-6 Challenge, CHiME
    2020).
    """

    key = "cpwer"
    kinds = (datasets.List(TURN | {"text": datasets.Value("string")}),)
    check = staticmethod(partial(recordings, texts=True))

    def counts(self, references, predictions):
        """Return wrong words and reference words of each recording, shape (n, 2)."""
        return np.array([_counts(*pair) for pair in zip(references, predictions, strict=True)])


def _counts(reference, prediction):
    sides = [_texts_of(reference), _texts_of(prediction)]
    speakers = max(map(len, sides))
    reference, prediction = (side + [""] * (speakers - len(side)) for side in sides)
    edits = [[jiwer.process_words(text, other) for other in prediction] for text in reference]
    wrong = np.array([[errors_and_length(edit)[0] for edit in row] for row in edits])
    best = wrong[linear_sum_assignment(wrong)].sum() if speakers else 0
    return best, sum(len(text.split()) for text in reference)


def _texts_of(utterances):
    """Return the joined words of each speaker."""
    texts = {}
    for row in utterances:
        texts.setdefault(row["speaker"], []).append(row["text"])
    return [" ".join(" ".join(parts).split()) for parts in texts.values()]
