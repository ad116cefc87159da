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
    """Return a list of str, in which all white space is one space, or raise ValueError."""
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
    # jiwer separates words at spaces only.
    return [" ".join(value.split()) for value in values]


class WordErrorRate(ErrorRate):
    """Word error rate: (substitutions + deletions + insertions) / reference words.

    Predictions and references are lists with one text for each utterance, in the same order.
    White space of every kind separates words. The rate exceeds 1 where much was inserted (Morris,
    Maier and Green, From WER and RIL to MER and WIL, Interspeech 2004). In languages whose words
    have no spaces, such as Chinese, Japanese and Thai, a sentence is one word: take the character
    error rate, ``"cer"``.
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
    """Character error rate: the word error rate for characters, spaces included.

    It is the usual score of Chinese, Japanese and Thai, whose words have no spaces, and says more
    than WER where words are long, as in Finnish or Turkish. Where spaces mean nothing, leave them
    out of both sides: ``"".join(normalise_text(text).split())``.
    """

    key = "cer"
    process = staticmethod(jiwer.process_characters)


def errors_and_length(edits):
    """Return the number of errors and the length of the references in a result of jiwer."""
    errors = edits.substitutions + edits.deletions + edits.insertions
    return errors, edits.hits + edits.substitutions + edits.deletions


def normalise_text(text):
    """Return a text without capitals and punctuation, for scoring, in any language.

    - Unicode compatibility forms are unified (NFKC): ``ﬁ`` becomes ``fi``, full-width letters and
      digits become plain, a letter and its accent become one character.
    - Letters become lower case. This needs no language, so German ``ß`` stays, and ``STRASSE`` and
      ``Straße`` differ; Turkish ``İ`` and ``I`` both become ``i``, never ``ı``; Greek ``Σ``
      becomes ``ς`` at the end of a word. Scripts without case stay as they are.
    - Accents and all other marks stay: French, Vietnamese, the vowel signs of Hindi and Thai, the
      points of Hebrew and Arabic where somebody wrote them.
    - Apostrophes inside words become ``'``, for ``’``, ``´`` and others; further ones go.
    - All other punctuation and symbols become a space, in words too: ``hello,world`` is two words.
      Numbers keep their decimal point; a comma between digits becomes a point, unless it groups
      thousands, and then goes: ``1,000`` becomes ``1000``, ``3,5`` becomes ``3.5``.
    - Invisible characters go, such as marks of direction and soft hyphens; those that join or
      separate letters (U+200C, U+200D), which Persian and Indic scripts need, stay.
    - White space of every kind becomes one space.

    Digits stay: "3" and "three" are different words. :func:`whisper_normaliser` unifies them.
    """
    text = re.sub("[\u00bc-\u00be\u2150-\u215e]", r" \g<0>", text)  # "1½" is not 11/2
    text = re.sub(_APOSTROPHES, "'", text)  # before NFKC, which makes an accent of some
    text = unicodedata.normalize("NFKC", text).lower().replace("i\u0307", "i")
    text = text.replace("\u200b", " ")  # a space of width 0, between words of Thai or Khmer
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", re.sub(_APOSTROPHES, "'", text))
    text = re.sub(r"(?<=\d)[.,](?=\d)", _POINT, text)
    text = "".join(map(_spoken, text)).replace(_POINT, ".")
    return " ".join(re.sub(r"(?<!\w)'|'(?!\w)", " ", text).split())


_APOSTROPHES = "[\u2018\u2019\u201b\u02bc\u00b4\u2032`]"
_POINT = "\ue000"  # stands for a decimal point; a character of private use


def _spoken(character):
    """Return a character, or what :func:`normalise_text` puts in its place."""
    category = unicodedata.category(character)
    if category[0] in "PS" and character != "'":
        return " "
    return "" if category == "Cf" and character not in "\u200c\u200d" else character


def whisper_normaliser(language="en", tokenizer=None):
    """Return Whisper's own text normaliser, for a score that stands beside a leaderboard's.

    The Open ASR Leaderboard and Whisper's paper normalise both sides with it before they count
    (Radford et al., Robust speech recognition via large-scale weak supervision, 2022, appendix C).
    It does more than :func:`normalise_text`, so its WER is lower: name it beside the score.

    Parameters
    ----------
    language : str, default "en"
        Code of the language. For English, contractions are written out ("it's" becomes "it is"),
        numbers become digits, and "um", "uh" and what stands in brackets goes. For others, what
        stands in brackets goes, and marks and punctuation become spaces, which splits words of
        Hindi and Thai at their vowel signs. In languages whose words have no spaces (``zh``,
        ``ja``, ``th``, ``lo``, ``my``, ``yue``) each character becomes a word, as in the paper.
    tokenizer : WhisperTokenizer, optional
        Its list of British spellings, of which all become American. Checkpoints of OpenAI have it:
        ``AutoTokenizer.from_pretrained("openai/whisper-tiny")``.

    Returns
    -------
    callable
        A function from str to str.

    Examples
    --------
    >>> whisper_normaliser()("It's twenty-five, um, (laughs) past.")
    'it is 25 past'
    """
    from transformers.models.whisper import english_normalizer

    if language == "en":
        spellings = getattr(tokenizer, "english_spelling_normalizer", None) or {}
        normalise = english_normalizer.EnglishTextNormalizer(spellings)
    else:
        letters = language in _WITHOUT_SPACES
        normalise = english_normalizer.BasicTextNormalizer(split_letters=letters)
    return lambda text: " ".join(normalise(text).split())


_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "my", "yue")


def align(reference, prediction):
    """Return the words of a reference paired with those of a hypothesis, with the fewest edits.

    Parameters
    ----------
    reference, prediction : str
        Transcript and recognised text of one utterance. In a language whose words have no spaces,
        ``" ".join(text)`` makes a word of each character.

    Returns
    -------
    list of (str, str, str)
        ``(kind, reference word, recognised word)`` in order, where kind is ``"equal"``,
        ``"substitute"``, ``"delete"`` (recognised word ``""``) or ``"insert"`` (reference word
        ``""``).
    """
    (reference,), (prediction,) = paired([reference], [prediction], _texts)
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
        taken_for = ", ".join(f"{_isolated(w)} ({n} x)" for w, n in mistaken[word].most_common(3))
        rows.append([word, said[word], *counts, taken_for])
    columns = ["word", "said", "substituted", "deleted", "inserted", "taken_for"]
    return pd.DataFrame(rows, columns=columns)


def _isolated(word):
    """Return a word that does not change the order of the text around it: U+2068, word, U+2069.

    The number behind an Arabic or Hebrew word would move to its other side.
    """
    from_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in word)
    return f"\u2068{word}\u2069" if from_right else word
