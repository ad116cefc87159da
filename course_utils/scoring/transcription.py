"""Scores of transcripts: word and character error rate, alignment, errors word by word.

The counts come from jiwer; texts are compared as they are given, so normalise both sides first
(:func:`normalise_text`) unless capitals and commas are to count as errors.
"""

import re
import unicodedata
from collections import Counter

import datasets
import evaluate
import jiwer
import numpy as np

from course_utils.scoring._checks import paired_texts
from course_utils.scoring._offline import OfflineMetric

_INPUTS = """
Args:
    predictions (list of str): What was recognised, one text an utterance.
    references (list of str): What was said, in the same order.
"""
_CITATION = """@inproceedings{morris2004,
  title={From WER and RIL to MER and WIL: improved evaluation measures for connected speech
         recognition},
  author={Morris, A. C. and Maier, V. and Green, P.},
  booktitle={Interspeech}, year={2004}
}"""
_AT_ONCE = 500  # utterances
_PROCESS = {"wer": jiwer.process_words, "cer": jiwer.process_characters}


class _ErrorRate(OfflineMetric):
    """Edit operations over the length of the references; above 1 where much was inserted."""

    key = ""
    description = ""

    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=self.description,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def pair(self, references, predictions):
        """Check references and predictions, one text an utterance; return both as lists."""
        return paired_texts(references, predictions)

    def _compute(self, predictions, references):
        # Many at once spare calls; all at once, jiwer's results would fill the memory.
        sums = sum(
            _errors_and_length(
                _PROCESS[self.key](references[n : n + _AT_ONCE], predictions[n : n + _AT_ONCE])
            )
            for n in range(0, len(references), _AT_ONCE)
        )
        return {self.key: float(rate(*sums, self.key))}


class WordErrorRate(_ErrorRate):
    """Substituted, deleted and inserted words per word of the references."""

    key = "wer"
    description = "Word error rate: (substitutions + deletions + insertions) / reference words."


class CharacterErrorRate(_ErrorRate):
    """Substituted, deleted and inserted characters per character of the references."""

    key = "cer"
    description = "Character error rate: the same for characters, spaces included."


def counts(references, predictions, metric):
    """Count errors and reference length of each utterance: int64, shape (n, 2)."""
    found = []
    for reference, prediction in zip(*paired_texts(references, predictions), strict=True):
        found.append(_errors_and_length(_PROCESS[metric](reference, prediction)))
    return np.array(found, dtype=np.int64)


def _errors_and_length(edits):
    errors = edits.substitutions + edits.deletions + edits.insertions
    return np.array([errors, edits.hits + edits.substitutions + edits.deletions])


def rate(errors, lengths, metric):
    """Divide as jiwer does, whichever the metric: by 1 where all references are empty."""
    return errors / np.maximum(lengths, 1)


def normalise_text(text):
    """Strip a text of what recognition should not be scored on.

    In this order: compatibility forms are unified (NFKC), letters become lower case, hyphens and
    dashes become spaces, apostrophes become straight, every other mark of punctuation goes,
    apostrophes stay inside words only, white space becomes one space. Digits stay digits: "3" and
    "three" are different words.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str

    Examples
    --------
    >>> normalise_text("It's twenty-five past, isn't it?")
    "it's twenty five past isn't it"
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[\u2018\u2019\u02bc`]", "'", text)
    text = re.sub(r"[-\u2010-\u2015/]", " ", text)
    kept = (mark for mark in text if mark == "'" or unicodedata.category(mark)[0] not in "PS")
    return " ".join(re.sub(r"(?<!\w)'|'(?!\w)", " ", "".join(kept)).split())


def align(reference, prediction):
    """Pair the words of a reference with those of a transcript, with the fewest edits.

    Parameters
    ----------
    reference, prediction : str
        What was said and what was recognised.

    Returns
    -------
    list of (str, str, str)
        ``(kind, said, recognised)`` in order, where kind is ``"equal"``, ``"substitute"``,
        ``"delete"`` (nothing was recognised: ``""``) or ``"insert"`` (nothing was said: ``""``).

    Raises
    ------
    ValueError
        If one of the two is not a text.

    Examples
    --------
    >>> align("turn the light on", "turn light off")
    [('equal', 'turn', 'turn'), ('delete', 'the', ''), ('equal', 'light', 'light'), ('substitute', \
'on', 'off')]
    """
    (reference,), (prediction,) = paired_texts([reference], [prediction])
    said, heard = reference.split(), prediction.split()
    pairs = []
    for chunk in jiwer.process_words(reference, prediction).alignments[0]:
        ours = said[chunk.ref_start_idx : chunk.ref_end_idx]
        theirs = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        for place in range(max(len(ours), len(theirs))):
            pairs.append(
                (
                    chunk.type,
                    ours[place] if place < len(ours) else "",
                    theirs[place] if place < len(theirs) else "",
                )
            )
    return pairs


def word_errors(references, predictions):
    """Tabulate which words went wrong, and what they were taken for.

    Parameters
    ----------
    references, predictions : sequence of str, shape (n,)
        What was said and what was recognised.

    Returns
    -------
    pandas.DataFrame
        One row for each word with an error, most errors first: ``word``, ``said`` (times in the
        references), ``substituted``, ``deleted``, ``inserted`` (times it was recognised where
        nothing was said) and ``taken_for``, the words that stood in for it most often.

    Raises
    ------
    ValueError
        If the two differ in length, are empty or hold something else than texts.

    Examples
    --------
    >>> word_errors(["pay the bill", "the bill"], ["pay a bill", "a bill"])
      word  said  substituted  deleted  inserted taken_for
    0  the     2            2        0         0   a (2 x)
    """
    import pandas as pd

    references, predictions = paired_texts(references, predictions)
    said, counts, mistaken = Counter(), {}, {}
    for reference, prediction in zip(references, predictions, strict=True):
        said.update(reference.split())
        for kind, word, heard in align(reference, prediction):
            if kind != "equal":
                counts.setdefault(word or heard, Counter())[kind] += 1
            if kind == "substitute":
                mistaken.setdefault(word, Counter())[heard] += 1

    def ranked(word):
        return mistaken[word].most_common(3) if word in mistaken else []

    rows = [
        {
            "word": word,
            "said": said[word],
            "substituted": kinds["substitute"],
            "deleted": kinds["delete"],
            "inserted": kinds["insert"],
            "taken_for": ", ".join(f"{heard} ({times} x)" for heard, times in ranked(word)),
        }
        for word, kinds in counts.items()
    ]
    rows.sort(key=lambda row: (-row["substituted"] - row["deleted"] - row["inserted"], row["word"]))
    columns = ["word", "said", "substituted", "deleted", "inserted", "taken_for"]
    return pd.DataFrame(rows, columns=columns)
