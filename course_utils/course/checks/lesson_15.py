"""Exercises of lesson 15: tokens per word, accents, shares of languages in a mixture."""

import unicodedata

from course_utils.course.exercises import solution

WORDS = ["el", "sol", "año", "está", "pingüino", "mañana", "café", "según", "aquí", "avión"]


def texts(rng):
    """Draw four texts of one to five words."""
    return [" ".join(rng.choice(WORDS, rng.integers(1, 6)).tolist()) for _ in range(4)]


def pieces(text):
    """Return pieces of at most two characters of each word."""
    return [word[n : n + 2] for word in text.split() for n in range(0, len(word), 2)]


@solution(
    "15.1",
    [(["el sol"], str.split), (["el sol", "mañana"], list), (["a", "pingüino"], pieces)],
    draw=lambda rng: (texts(rng), pieces),
)
def tokens_per_word(texts, tokenize):
    """Return the number of all tokens divided by the number of all words."""
    return sum(len(tokenize(text)) for text in texts) / sum(len(text.split()) for text in texts)


@solution(
    "15.2",
    [("está",), ("año",), ("pingüino",), ("el café según él",), ("pidió piñas aquí",)],
    draw=lambda rng: (texts(rng)[0],),
)
def without_accents(text):
    """Return the text without acute accents and the dots of ü; ñ stays, as one letter (NFC)."""
    split = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", split.replace("\u0301", "").replace("\u0308", ""))


@solution(
    "15.3",
    [([900, 100], 1.0), ([900, 100], 0.5), ([900, 100], 0.0), ([600, 300, 100], 0.5)],
    draw=lambda rng: (rng.integers(10, 1000, 3).tolist(), round(float(rng.random()), 2)),
)
def shares(sizes, alpha):
    """Return the share of each language: its size to the power alpha; they add up to 1."""
    weights = [size**alpha for size in sizes]
    return [weight / sum(weights) for weight in weights]
