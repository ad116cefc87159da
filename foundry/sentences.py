"""The sentences of the speech data: six domains, a small grammar each, three disjoint splits.

A template is a line of plain English in which ``{name}`` stands for one entry of a word list and
``[a|b|]`` for one of the alternatives. Which split a sentence belongs to is a property of the
sentence, its hash, so no seed and no later rebuild can bring a test sentence into training.
"""

import hashlib
import re

from course_utils.scoring import normalise_text
from foundry.sentences_everyday import HANDWRITTEN, TEMPLATES, WORDS
from foundry.sentences_phrasebook import PHRASE_WORDS, PHRASEBOOK
from foundry.sentences_tasks import BANKING, HOME, TASK_WORDS
from foundry.sentences_teller import TELLER, TELLER_WORDS

DOMAINS = ("digits", "home", "banking", "everyday", "phrasebook", "teller")
"""Spoken digits, smart-home commands, telephone-banking requests, everyday sentences over a wide
vocabulary, phrase-book sentences over a narrow one, numbers for an automatic bank teller."""

NO_INTENT = "none"
INTENTS = {"banking": list(BANKING), "teller": list(TELLER)}
"""The intents of a domain, where it has any; the fourteen of banking are named as in MINDS-14."""

SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""Share of all possible sentences that belongs to a split."""

ALPHABET = " 'abcdefghijklmnopqrstuvwxyz"
"""Every character that a normalised text can hold."""

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

SINGLE_DIGITS = 0.3
"""Share of single digits among the training texts of ``digits``."""

BY_HAND = 0.12
"""Share of hand-written sentences among the draws for ``everyday``."""


def _lists(text):
    """Parse ``name: entry, entry`` lines; an indented line goes on."""
    lists = {}
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith(" "):
            name, line = line.split(":", 1)
            lists[name] = ""
        lists[name] += " " + line
    return {
        name: [entry.strip() for entry in entries.split(",") if entry.strip()]
        for name, entries in lists.items()
    }


def _lines(text):
    """Split into lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


_WORDS = _lists(TASK_WORDS + WORDS)
_HOME = _lines(HOME)
_PHRASEBOOK = _lines(PHRASEBOOK)
_PHRASE_WORDS = _WORDS | _lists(PHRASE_WORDS)
_TELLER_WORDS = _WORDS | _lists(TELLER_WORDS)
_BANKING = {intent: _lines(text) for intent, text in BANKING.items()}
_TELLER = {intent: _lines(text) for intent, text in TELLER.items()}
_EVERYDAY = _lines(TEMPLATES)
_BY_HAND = _lines(HANDWRITTEN)

_CHOICE = re.compile(r"\[([^][]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


def pick(rng, items):
    """Draw one item; only ``rng.random()``, whose stream no Python version changes."""
    return items[int(rng.random() * len(items))]


def expand(template, rng, words=_WORDS):
    """Fill a template's slots and choices at random.

    Parameters
    ----------
    template : str
        With ``{name}`` for a word list and ``[a|b|]`` for alternatives, nested as you like.
    rng : random.Random
        Source of the draws.
    words : dict, optional
        From the name of a slot to its entries.

    Returns
    -------
    str
        A sentence with a capital first letter, single spaces and "an" before vowels.
    """
    while "[" in template or "{" in template:
        template = _CHOICE.sub(lambda match: pick(rng, match[1].split("|")), template)
        template = _SLOT.sub(lambda match: pick(rng, words[match[1]]), template)
    text = re.sub(r"\s+", " ", template).strip()
    text = re.sub(r" ([,.?!])", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO]|u(?!ni|se))", r"\1n ", text)
    return text[0].upper() + text[1:]


def split_of(text):
    """Return the split that a normalised text belongs to, whoever asks.

    The single digits belong to training: ten words cannot be split, and recordings of people
    test them (see the data card).
    """
    if " " not in text:
        return "train"
    place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
    for split, share in SPLITS.items():
        place -= share
        if place < 0:
            return split
    return "test"


def _digits(rng, split):
    """Draw one digit or a sequence of two to eight, in groups as people read numbers out."""
    if split == "train" and rng.random() < SINGLE_DIGITS:
        return pick(rng, DIGITS).capitalize() + "."
    zero = "oh" if rng.random() < 0.15 else "zero"
    words = [zero if word == "zero" else word for word in DIGITS]
    count = 2 + int(rng.random() * 7)
    group = pick(rng, [2, 3, 4, 8])
    drawn = [pick(rng, words) + ("," if place % group == 0 else "") for place in range(1, count)]
    return " ".join([*drawn, pick(rng, words)]).capitalize() + "."


def draw(domain, split, rng, intent=None):
    """Draw a random sentence that belongs to a split.

    Parameters
    ----------
    domain : str
        One of `DOMAINS`.
    split : {"train", "validation", "test"}
        Whose sentences.
    rng : random.Random
        Source of the draws.
    intent : str, optional
        One of the domain's `INTENTS`.

    Returns
    -------
    str
        The sentence with capitals and punctuation, as it is spoken.
    """
    while True:
        if domain == "digits":
            spoken = _digits(rng, split)
        elif domain == "home":
            spoken = expand(pick(rng, _HOME), rng)
        elif domain == "banking":
            spoken = expand(pick(rng, _BANKING[intent]), rng)
        elif domain == "teller":
            spoken = expand(pick(rng, _TELLER[intent]), rng, _TELLER_WORDS)
        elif domain == "everyday":
            by_hand = rng.random() < BY_HAND
            spoken = expand(pick(rng, _BY_HAND if by_hand else _EVERYDAY), rng)
        elif domain == "phrasebook":
            spoken = expand(pick(rng, _PHRASEBOOK), rng, _PHRASE_WORDS)
        else:
            raise ValueError(f"there is no domain {domain!r}; choose one of {', '.join(DOMAINS)}")
        if split_of(normalise_text(spoken)) == split:
            return spoken
