"""Wrong answers to the exercises of lesson 04, the usual mistakes first."""

import jiwer

from course_utils.course.checks.lesson_04 import lines_of as joined


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
    "04.3": ("", "stop", "go", "stop stop stop", 3.0),
    "04.4": (
        lambda words, pause: [dict(row) for row in words],
        lambda words, pause: [
            {
                "text": " ".join(row["text"] for row in words),
                "timestamp": (words[0]["timestamp"][0], words[-1]["timestamp"][1]),
            }
        ],
        lambda words, pause: joined(words, -pause),
        lambda words, pause: [
            line | {"timestamp": (line["timestamp"][0], line["timestamp"][0] + pause)}
            for line in joined(words, pause)
        ],
    ),
}
