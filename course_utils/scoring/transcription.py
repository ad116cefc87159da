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

from ._checks import paired_texts
from ._offline import OfflineMetric

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
        counts = _counts(references, predictions, self.key)
        return {self.key: float(_rate(*counts.sum(0)))}


class WordErrorRate(_ErrorRate):
    """Substituted, deleted and inserted words per word of the references."""

    key = "wer"
    description = "Word error rate: (substitutions + deletions + insertions) / reference words."


class CharacterErrorRate(_ErrorRate):
    """Substituted, deleted and inserted characters per character of the references."""

    key = "cer"
    description = "Character error rate: the same for characters, spaces included."


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


def confidence_interval(
    references,
    predictions,
    versus=None,
    metric="wer",
    groups=None,
    level=0.95,
    resamples=2000,
    seed=0,
):
    """Bootstrap the interval in which an error rate lies, or the difference of two.

    The utterances are drawn again with replacement and scored, many times; the interval spans the
    middle ``level`` of those scores (Bisani and Ney, Bootstrap estimates for confidence intervals
    in ASR performance evaluation, ICASSP 2004).

    Parameters
    ----------
    references, predictions : sequence of str, shape (n,)
        What was said and what was recognised.
    versus : sequence of str, shape (n,), optional
        What another model recognised in the same utterances. The interval is then that of
        ``rate(predictions) - rate(versus)``, both rates from the same draws: below 0 throughout,
        the first model is better.
    metric : {"wer", "cer"}, default "wer"
        Which rate.
    groups : sequence, shape (n,), optional
        Speaker of each utterance. Whole speakers are then drawn, since utterances of one speaker
        go wrong together; without it, the interval holds for these speakers only.
    level : float, default 0.95
        Between 0 and 1.
    resamples : int, default 2000
        Number of draws.
    seed : int, default 0
        Seed of the draws.

    Returns
    -------
    (float, float)
        Lower and upper end.

    Raises
    ------
    ValueError
        If an argument does not fit.

    Examples
    --------
    >>> confidence_interval(["a b c d"] * 10, ["a b c x"] * 10)
    (0.25, 0.25)
    """
    if metric not in _PROCESS:
        raise ValueError(f"metric is {metric!r}; choose one of {', '.join(_PROCESS)}.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1.")
    references, predictions = paired_texts(references, predictions)
    sides = [_counts(references, predictions, metric)]
    if versus is not None:
        sides.append(_counts(*paired_texts(references, versus), metric))
    groups = range(len(references)) if groups is None else list(groups)
    if len(groups) != len(references):
        raise ValueError(f"There are {len(groups)} groups for {len(references)} references.")
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    units = member.max() + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    rates = []
    for counts in sides:
        sums = np.zeros((units, 2))
        np.add.at(sums, member, counts)
        rates.append(_rate(*(times @ sums).T))
    spread = rates[0] - rates[1] if versus is not None else rates[0]
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(references, predictions, metric):
    """Count errors and reference length of each utterance: int64, shape (n, 2)."""
    counts = []
    for reference, prediction in zip(references, predictions, strict=True):
        found = _PROCESS[metric](reference, prediction)
        errors = found.substitutions + found.deletions + found.insertions
        counts.append((errors, found.hits + found.substitutions + found.deletions))
    return np.array(counts, dtype=np.int64)


def _rate(errors, lengths):
    """Divide as jiwer does: by 1 where all references are empty."""
    return errors / np.maximum(lengths, 1)
