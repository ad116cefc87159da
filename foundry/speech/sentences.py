"""Draw the sentences of the speech data: six domains, one grammar each, three disjoint splits.

The grammars are the TOML files in ``grammar/``. A template is a line of English in which ``{name}``
stands for one entry of a word list and ``[a|b|]`` for one of the alternatives. The hash of a
sentence decides its split, so no seed and no rebuild can move a test sentence into training.
"""

import hashlib
import re
import tomllib
from pathlib import Path

from course_utils.scoring import normalise_text


def grammar(name):
    """Return a grammar of the folder ``grammar/`` as a dict."""
    return tomllib.loads((Path(__file__).parent / "grammar" / f"{name}.toml").read_text("utf-8"))


_EVERYDAY, _PHRASEBOOK, _TASKS, _TELLER = map(
    grammar, ("everyday", "phrasebook", "tasks", "teller")
)
_WORDS = _TASKS["words"] | _EVERYDAY["words"]
_PHRASE_WORDS = _WORDS | _PHRASEBOOK["words"]
_TELLER_WORDS = _WORDS | _TELLER["words"]

DOMAINS = ("digits", "home", "banking", "everyday", "phrasebook", "teller")
"""Kinds of sentences: spoken digits, smart-home commands, telephone-banking requests, everyday
sentences over a wide vocabulary, phrase-book sentences over a narrow one, and numbers dictated to
an automatic bank teller."""

NO_INTENT = "none"
"""Intent of the sentences of all other domains than those of `INTENTS`."""

INTENTS = {"banking": list(_TASKS["banking"]), "teller": list(_TELLER["intents"])}
"""Intents of a domain. The fourteen of ``banking`` have the names of MINDS-14."""

SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""Share of all possible sentences in each split."""

ALPHABET = " 'abcdefghijklmnopqrstuvwxyz"
"""Characters of a normalised text."""

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

SINGLE_DIGITS = 0.3
"""Probability of a single digit instead of a sequence, in the training texts of ``digits``."""

HANDWRITTEN = 0.12
"""Probability of a handwritten sentence instead of a template, in ``everyday``."""

UNSEEN = 0.5
"""Probability of a pattern that training does not have, in the test split of ``teller``."""

_CHOICE = re.compile(r"\[([^][]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


def pick(rng, items):
    """Draw one item by ``rng.random()`` alone, whose stream is the same in every Python version."""
    return items[int(rng.random() * len(items))]


def fill(template, rng, words):
    """Fill a template's slots and choices at random; see `expand`."""
    while "[" in template or "{" in template:
        template = _CHOICE.sub(lambda match: pick(rng, match[1].split("|")), template)
        template = _SLOT.sub(lambda match: pick(rng, words[match[1]]), template)
    text = re.sub(r"\s+", " ", template).strip()
    return re.sub(r" ([,.?!])", r"\1", text)


def expand(template, rng, words=_WORDS):
    """Fill a template's slots and choices at random, in English.

    Parameters
    ----------
    template : str
        With ``{name}`` for a word list and ``[a|b|]`` for alternatives; they can be nested.
    rng : random.Random
        Source of the draws.
    words : dict, optional
        Word lists: slot name to entries.

    Returns
    -------
    str
        A sentence with a capital first letter, single spaces and "an" before vowels.
    """
    text = fill(template, rng, words)
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO]|u(?!ni|se))", r"\1n ", text)
    return text[0].upper() + text[1:]


def split_of(text):
    """Return the split of a normalised text, which depends on nothing else.

    The single digits are all in training: ten words cannot be split. They are tested on recordings
    of people (see the data card).
    """
    if " " not in text:
        return "train"
    position = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
    for split, share in SPLITS.items():
        position -= share
        if position < 0:
            return split
    return "test"


def _digits(rng, split):
    """Draw one digit, or two to eight digits with commas between groups."""
    if split == "train" and rng.random() < SINGLE_DIGITS:
        return pick(rng, DIGITS).capitalize() + "."
    zero = "oh" if rng.random() < 0.15 else "zero"
    words = [zero if word == "zero" else word for word in DIGITS]
    count = 2 + int(rng.random() * 7)
    group = pick(rng, [2, 3, 4, 8])
    drawn = [pick(rng, words) + ("," if n % group == 0 else "") for n in range(1, count)]
    return " ".join([*drawn, pick(rng, words)]).capitalize() + "."


def draw(domain, split, rng, intent=None):
    """Draw a random sentence that belongs to a split.

    Parameters
    ----------
    domain : str
        One of `DOMAINS`.
    split : {"train", "validation", "test"}
        Split of the sentence.
    rng : random.Random
        Source of the draws.
    intent : str, optional
        One of the domain's `INTENTS`.

    Returns
    -------
    str
        The sentence as it is spoken, with capitals and punctuation.
    """
    while True:
        if domain == "digits":
            spoken = _digits(rng, split)
        elif domain == "home":
            spoken = expand(pick(rng, _TASKS["home"]), rng)
        elif domain == "banking":
            spoken = expand(pick(rng, _TASKS["banking"][intent]), rng)
        elif domain == "teller":
            unseen = split == "test" and rng.random() < UNSEEN
            templates = _TELLER["unseen" if unseen else "intents"][intent]
            spoken = expand(pick(rng, templates), rng, _TELLER_WORDS)
        elif domain == "everyday":
            kind = "handwritten" if rng.random() < HANDWRITTEN else "templates"
            spoken = expand(pick(rng, _EVERYDAY[kind]), rng)
        elif domain == "phrasebook":
            spoken = expand(pick(rng, _PHRASEBOOK["templates"]), rng, _PHRASE_WORDS)
        else:
            raise ValueError(f"there is no domain {domain!r}; choose one of {', '.join(DOMAINS)}")
        if split_of(normalise_text(spoken)) == split:
            return spoken
