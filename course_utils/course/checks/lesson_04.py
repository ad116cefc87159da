"""Exercises of lesson 04: what CTC leaves, the word error rate, lines of subtitles."""

from itertools import groupby

import jiwer
import numpy as np

from course_utils.course.exercises import attempted, exercise, same, solution

WORDS = (("turn", 0.2, 0.5), ("it", 0.6, 0.7), ("off", 0.7, 1.0), ("now", 2.0, 2.4))


def joined(words, pause):
    """Join words into lines: a new line begins after more than ``pause`` seconds."""
    lines = []
    for word in words:
        start, end = word["timestamp"]
        if lines and start - lines[-1]["timestamp"][1] <= pause:
            last = lines[-1]
            text, began = f"{last['text']} {word['text']}", last["timestamp"][0]
            lines[-1] = {"text": text, "timestamp": (began, end)}
        else:
            lines.append(dict(word))
    return lines


def sentences(rng):
    """Draw a reference and a prediction of a few words each."""
    words = rng.choice(["turn", "the", "lights", "off"], 12).tolist()
    return " ".join(words[: rng.integers(1, 6)]), " ".join(words[6 : rng.integers(7, 12)])


@solution(
    "04.1",
    *(([0, 3, 3, 0, 3, 5, 5, 0], 0), ([7, 7, 1, 7, 2, 2], 7), ([0, 0], 0)),
    draw=lambda rng: (rng.integers(0, 4, 10).tolist(), int(rng.integers(4))),
    hint="First merge equal neighbours, then drop the blanks.",
)
def collapse(ids, blank):
    """Return the token ids without repetitions and blanks."""
    return [token for token, _ in groupby(ids) if token != blank]


@solution(
    "04.2",
    ("turn the lights off", "turn the lights off"),
    ("turn the kitchen lights off", "turn kitchen light off now"),
    ("stop", "please stop it now"),
    draw=sentences,
    hint="Every substitution, deletion and insertion counts, over the words of the reference.",
)
def wer(reference, prediction):
    """Return the word error rate of a sentence."""
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


@exercise("04.4")
def lines_of(answer):
    """Check texts and times of lines for several pauses, and that the words stay as they are."""
    words = [{"text": text, "timestamp": (start, end)} for text, start, end in WORDS]
    for pause in (0.5, 0.05, 2.0, *np.random.default_rng(0).uniform(0, 1.1, 5).round(2)):
        given = [dict(word) for word in words]
        got, expected = attempted(answer(given, pause)), joined(words, pause)
        texts = [line["text"] for line in got]
        assert same(texts, [line["text"] for line in expected]), (
            f"with pause={pause} your lines read {texts}, expected "
            f"{[line['text'] for line in expected]}."
        )
        times = [tuple(line["timestamp"]) for line in got]
        assert same(times, [line["timestamp"] for line in expected]), (
            f"with pause={pause} your times are {times}, expected "
            f"{[line['timestamp'] for line in expected]}."
        )
        assert given == words, "your function changes its arguments; copy them first."
