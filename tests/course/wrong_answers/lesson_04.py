"""Wrong answers to the exercises of lesson 04, the usual mistakes first."""

import jiwer

from course_utils.course.checks.lesson_04 import pieces_of as pieces


def merged(ids):
    """Keep the first of equal neighbours."""
    return [token for place, token in enumerate(ids) if place == 0 or token != ids[place - 1]]


def _with_insertions_forgotten(reference, prediction):
    found = jiwer.process_words(reference, prediction)
    return (found.substitutions + found.deletions) / len(reference.split())


def _over_the_longer(reference, prediction):
    found = jiwer.process_words(reference, prediction)
    edits = found.substitutions + found.deletions + found.insertions
    return edits / max(len(reference.split()), len(prediction.split()))


WRONG = {
    "04.1": (
        lambda ids, blank: [token for token in ids if token != blank],
        lambda ids, blank: list(dict.fromkeys(token for token in ids if token != blank)),
        lambda ids, blank: merged([token for token in ids if token != blank]),
        lambda ids, blank: merged(ids),
    ),
    "04.2": (
        _with_insertions_forgotten,
        _over_the_longer,
        jiwer.cer,
        lambda reference, prediction: (
            sum(a != b for a, b in zip(reference.split(), prediction.split(), strict=False))
            / len(reference.split())
        ),
    ),
    "04.3": ("", "stop", "go", "stop stop stop", 3.0, "Stop it right now", "stop, it right now"),
    "04.4": (
        lambda loud, pause: pieces(loud, 1),
        lambda loud, pause: pieces(loud, pause + 1),
        lambda loud, pause: [(start, end - 1) for start, end in pieces(loud, pause)],
        lambda loud, pause: pieces(loud, pause)[:-1],
        lambda loud, pause: [end - start for start, end in pieces(loud, pause)],
        lambda loud, pause: [(0, len(loud))],
    ),
}
