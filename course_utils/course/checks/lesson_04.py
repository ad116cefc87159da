"""Exercises of lesson 04: what CTC leaves, the word error rate, lines of subtitles."""

from itertools import pairwise

import jiwer

from course_utils.course.exercises import Exercise, attempted, returns

SENTENCES = (
    ("turn the lights off", "turn the lights off"),
    ("turn the kitchen lights off", "turn kitchen light off now"),
    ("nine oh eight", "no"),
    ("stop", "please stop it now"),
    ("a b c d", "b c d e"),
)


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


def verify_tripled(answer):
    """Check a transcript of "stop" for three errors, whatever it says."""
    answer = attempted(answer)
    assert isinstance(answer, str), "a transcript is a text in quotes."
    rate = jiwer.wer("stop", answer)
    assert rate == 3, (
        f"the WER of {answer!r} is {rate:.1f}. One word was said, so you need three errors; a word "
        "can be left out or substituted only once, but as many as you like can be inserted."
    )


def word(text, start, end):
    """Make a word as the pipeline returns it."""
    return {"text": text, "timestamp": (start, end)}


WORDS = [word("turn", 0.2, 0.5), word("it", 0.6, 0.7), word("off", 0.7, 1.0), word("now", 2.0, 2.4)]


def joined(words, pause):
    """Join words into lines, one step at a time."""
    lines = [dict(words[0])]
    for before, after in pairwise(words):
        if after["timestamp"][0] - before["timestamp"][1] > pause:
            lines.append(dict(after))
        else:
            last = lines[-1]
            last["text"] += " " + after["text"]
            last["timestamp"] = (last["timestamp"][0], after["timestamp"][1])
    return lines


def verify_lines(answer):
    """Check texts and times of lines for several pauses, and that the words stay as they are."""
    for pause in (0.5, 0.05, 2.0):
        given = [dict(row) for row in WORDS]
        got = [
            {"text": line["text"], "timestamp": tuple(line["timestamp"])}
            for line in attempted(answer(given, pause))
        ]
        expected = joined(WORDS, pause)
        texts = [line["text"] for line in got], [line["text"] for line in expected]
        assert texts[0] == texts[1], (
            f"with pause={pause} your lines read {texts[0]}, expected {texts[1]}."
        )
        assert got == expected, (
            f"with pause={pause} your times are {[line['timestamp'] for line in got]}, expected "
            f"{[line['timestamp'] for line in expected]}."
        )
    assert given == WORDS, "your function changes the words that it is given; copy them first."


EXERCISES = (
    Exercise(
        "04.1",
        difficulty=2,
        minutes=6,
        verify=returns(
            ({"ids": [0, 3, 3, 0, 3, 5, 5, 0], "blank": 0}, [3, 3, 5]),
            ({"ids": [7, 7, 1, 7, 2, 2], "blank": 7}, [1, 2]),
            ({"ids": [4, 9, 4, 4, 9, 9, 4], "blank": 9}, [4, 4, 4]),
            ({"ids": [0, 0], "blank": 0}, []),
        ),
        wrong=(
            lambda ids, blank: [token for token in ids if token != blank],
            lambda ids, blank: list(dict.fromkeys(token for token in ids if token != blank)),
            lambda ids, blank: merged([token for token in ids if token != blank]),
            lambda ids, blank: merged(ids),
        ),
    ),
    Exercise(
        "04.2",
        difficulty=4,
        minutes=12,
        verify=returns(
            *(
                ({"reference": said, "prediction": heard}, jiwer.wer(said, heard))
                for said, heard in SENTENCES
            )
        ),
        wrong=(
            _with_insertions_forgotten,
            _over_the_longer,
            jiwer.cer,
            lambda reference, prediction: (
                sum(a != b for a, b in zip(reference.split(), prediction.split(), strict=False))
                / len(reference.split())
            ),
        ),
    ),
    Exercise(
        "04.3",
        difficulty=1,
        minutes=3,
        verify=verify_tripled,
        wrong=("", "stop", "go", "stop stop stop", 3.0),
    ),
    Exercise(
        "04.4",
        difficulty=3,
        minutes=8,
        verify=verify_lines,
        wrong=(
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
    ),
)
