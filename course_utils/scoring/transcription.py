"""Scores of transcripts: word and character error rate, alignment, errors by word.

jiwer counts the errors. Texts are compared as given: normalise both sides first
(:func:`normalise_text`), unless capitals and punctuation should count.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from itertools import zip_longest

import jiwer
import numpy as np
import pandas as pd

from course_utils.scoring._metric import ErrorRate, paired


def _texts(values, name):
    """Return a list of str, or raise ValueError."""
    if isinstance(values, str):
        raise ValueError(f"{name} is one text; give a list with one text for each utterance.")
    values = list(values)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(
                f"{name}[{index}] is {type(value).__name__}, not str: a pipeline's answer "
                'holds its text under "text", and token ids become text with '
                "processor.batch_decode."
            )
    return values


class WordErrorRate(ErrorRate):
    """Word error rate: (substitutions + deletions + insertions) / reference words.

    Predictions and references are lists with one text for each utterance, in the same order. The
    rate exceeds 1 where much was inserted (Morris, Maier and Green, From WER and RIL to MER and
    WIL, Interspeech 2004).
    """

    key = "wer"
    check = staticmethod(_texts)
    process = staticmethod(jiwer.process_words)

    def counts(self, references, predictions):
        """Return errors and length of each reference, int64, shape (n, 2)."""
        pairs = zip(references, predictions, strict=True)
        return np.array([errors_and_length(self.process(*pair)) for pair in pairs], np.int64)

    def _compute(self, predictions, references):
        # All at once, which spares calls of jiwer.
        sums = errors_and_length(self.process(references, predictions))
        return {self.key: float(self.rate(*sums))}


class CharacterErrorRate(WordErrorRate):
    """Character error rate: the word error rate for characters, spaces included."""

    key = "cer"
    process = staticmethod(jiwer.process_characters)


def errors_and_length(edits):
    """Return the number of errors and the length of the references in a result of jiwer."""
    errors = edits.substitutions + edits.deletions + edits.insertions
    return errors, edits.hits + edits.substitutions + edits.deletions


def normalise_text(text):
    """Return a text without capitals and punctuation, for scoring.

    In this order: Unicode compatibility forms are unified (NFKC), letters become lower case,
    apostrophes become straight, hyphens and dashes become spaces, all other punctuation is removed,
    apostrophes too unless they are inside a word, white space becomes one space. Digits stay: "3"
    and "three" are different words.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[\u2018\u2019\u02bc`]", "'", text)
    text = re.sub(r"[-\u2010-\u2015/]", " ", text)
    kept = (mark for mark in text if mark == "'" or unicodedata.category(mark)[0] not in "PS")
    return " ".join(re.sub(r"(?<!\w)'|'(?!\w)", " ", "".join(kept)).split())


def align(reference, prediction):
    """Return the words of a reference paired with those of a hypothesis, with the fewest edits.

    Parameters
    ----------
    reference, prediction : str
        Transcript and recognised text of one utterance.

    Returns
    -------
    list of (str, str, str)
        ``(kind, reference word, recognised word)`` in order, where kind is ``"equal"``,
        ``"substitute"``, ``"delete"`` (recognised word ``""``) or ``"insert"`` (reference word
        ``""``).
    """
    paired([reference], [prediction], _texts)
    words, others, pairs = reference.split(), prediction.split(), []
    for chunk in jiwer.process_words(reference, prediction).alignments[0]:
        said = words[chunk.ref_start_idx : chunk.ref_end_idx]
        recognised = others[chunk.hyp_start_idx : chunk.hyp_end_idx]
        pairs += [(chunk.type, *pair) for pair in zip_longest(said, recognised, fillvalue="")]
    return pairs


def word_errors(references, predictions):
    """Return a table of the words that were recognised wrongly, most errors first.

    Parameters
    ----------
    references, predictions : sequence of str, shape (n,)
        Transcript and recognised text of each utterance.

    Returns
    -------
    pandas.DataFrame
        One row for each word with an error: ``word``, ``said`` (its number in the references),
        ``substituted``, ``deleted``, ``inserted`` (number of errors of each kind) and
        ``taken_for``, the words that most often replaced it.
    """
    references, predictions = paired(references, predictions, _texts)
    said = Counter(word for reference in references for word in reference.split())
    errors, mistaken = defaultdict(Counter), defaultdict(Counter)
    for pair in zip(references, predictions, strict=True):
        for kind, word, other in align(*pair):
            if kind != "equal":
                errors[word or other][kind] += 1
            if kind == "substitute":
                mistaken[word][other] += 1
    rows = []
    for word, kinds in sorted(errors.items(), key=lambda row: (-row[1].total(), row[0])):
        counts = [kinds[kind] for kind in ("substitute", "delete", "insert")]
        taken_for = ", ".join(f"{w} ({n} x)" for w, n in mistaken[word].most_common(3))
        rows.append([word, said[word], *counts, taken_for])
    columns = ["word", "said", "substituted", "deleted", "inserted", "taken_for"]
    return pd.DataFrame(rows, columns=columns)
