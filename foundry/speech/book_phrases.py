"""Draw phrases with a wide vocabulary from three books.

``grammar/books.txt`` has clauses of *The Wonderful Wizard of Oz*, *Alice's Adventures in
Wonderland* and *The Adventures of Sherlock Holmes*, one a line. The books are in the public domain;
the texts are those of Project Gutenberg (numbers 55, 11 and 1661), without what it added to them.
They were split at full stops, question and exclamation marks, semicolons, colons, dashes, brackets
and quotation marks; clauses of one word or with figures or words in capitals were left out. A line
can also end after an abbreviation, such as "Mr.".
"""

import functools
from collections import Counter
from pathlib import Path

from course_utils.scoring import normalise_text
from foundry.speech.sentences import pick, split_of

SHUFFLED = 0.15
"""Probability of random words instead of words in a row."""

SHUFFLED_WORDS = range(2, 7)
"""Numbers of random words."""

PHRASE_WORDS = range(3, 13)
"""Numbers of words in a row; a shorter clause is taken whole."""


@functools.cache
def clauses():
    """Return the clauses of the books as lists of words with their punctuation."""
    path = Path(__file__).parent / "grammar" / "books.txt"
    return [line.split() for line in path.read_text("utf-8").splitlines()]


@functools.cache
def vocabulary():
    """Return the normalised words that are in the books at least twice, sorted."""
    counts = Counter(normalise_text(" ".join(map(" ".join, clauses()))).split())
    return sorted(word for word, count in counts.items() if count > 1)


def draw(rng):
    """Draw a random phrase that belongs to the training split.

    Parameters
    ----------
    rng : random.Random
        Source of the draws.

    Returns
    -------
    str
        The phrase as it is spoken, with a capital first letter and final punctuation.
    """
    while True:
        if rng.random() < SHUFFLED:
            words = [pick(rng, vocabulary()) for _ in range(pick(rng, SHUFFLED_WORDS))]
        else:
            clause = pick(rng, clauses())
            count = min(pick(rng, PHRASE_WORDS), len(clause))
            start = pick(rng, range(len(clause) - count + 1))
            words = clause[start : start + count]
        text = " ".join(words).rstrip(",.-")
        text = text[0].upper() + text[1:] + ("" if text[-1] in "?!" else ".")
        if split_of(normalise_text(text)) == "train":
            return text
