"""Exercises of lesson 04: what CTC leaves, the word error rate, lines of subtitles."""

from itertools import groupby

import jiwer
import numpy as np

from course_utils.course.exercises import exercise, solution


def words(*spoken):
    """Return words in the format of the pipeline."""
    return [{"text": text, "timestamp": (start, end)} for text, start, end in spoken]


def spoken(rng):
    """Draw four words, with pauses of 0 to 1 s, and a pause."""
    times = np.cumsum(rng.uniform(0, 1, 8)).round(2).tolist()
    return words(*zip("abcd", times[::2], times[1::2], strict=True)), round(rng.uniform(0, 1), 3)


def sentences(rng):
    """Draw a reference and a prediction of a few words each."""
    words = rng.choice(["turn", "the", "lights", "off"], 12).tolist()
    return " ".join(words[: rng.integers(1, 6)]), " ".join(words[6 : rng.integers(7, 12)])


@solution(
    "04.1",
    [([0, 3, 3, 0, 3, 5, 5, 0], 0), ([7, 7, 1, 7, 2, 2], 7), ([0, 0], 0)],
    draw=lambda rng: (rng.integers(0, 4, 10).tolist(), int(rng.integers(4))),
)
def collapse(ids, blank):
    """Return what is left: first merge equal neighbours, then drop the blanks."""
    return [token for token, _ in groupby(ids) if token != blank]


@solution(
    "04.2",
    [
        ("turn the lights off", "turn the lights off"),
        ("turn the kitchen lights off", "turn kitchen light off now"),
        ("stop", "please stop it now"),
    ],
    draw=sentences,
)
def wer(reference, prediction):
    """Return substitutions, deletions and insertions together, over the reference's words."""
    return jiwer.wer(reference, prediction)


@exercise("04.3")
def transcript(answer):
    """Check that a transcript of "stop" has three errors."""
    assert isinstance(answer, str), "a transcript is a text in quotes."
    rate = jiwer.wer("stop", answer)
    assert rate == 3, (
        f"the WER of {answer!r} is {rate:.1f}. The reference has one word, so you need three "
        "errors; it can be deleted or substituted only once, but insertions have no limit."
    )


@solution(
    "04.4",
    [
        *((words(("turn", 0.2, 0.5), ("it", 0.6, 0.7)), pause) for pause in (0.05, 0.5)),
        (words(("turn", 0.2, 0.5), ("it", 0.6, 0.7), ("off", 0.7, 1.0), ("now", 2.0, 2.4)), 0.5),
    ],
    draw=spoken,
)
def lines_of(words, pause):
    """Return lines with the texts of their words, the first one's start and the last one's end."""
    lines = []
    for word in words:
        start, end = word["timestamp"]
        if lines and start - lines[-1]["timestamp"][1] <= pause:
            text, began = f"{lines[-1]['text']} {word['text']}", lines[-1]["timestamp"][0]
            lines[-1] = {"text": text, "timestamp": (began, end)}
        else:
            lines.append(dict(word))
    return lines
