"""Exercises of lesson 04: what CTC leaves, the word error rate, cuts at the pauses."""

from itertools import groupby

import jiwer
import numpy as np

from course_utils.course.exercises import exercise, solution
from course_utils.scoring import normalise_text


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
    assert rate == 3 or jiwer.wer("stop", normalise_text(answer)) != 3, (
        f"the WER of {answer!r} is {rate:.1f}, because capitals and punctuation count as errors in "
        "a text that is not normalised: here 'Stop' and 'stop' are two words. Write lower case."
    )
    assert rate == 3, (
        f"the WER of {answer!r} is {rate:.1f}. The reference has one word, so you need three "
        "errors; it can be deleted or substituted only once, but insertions have no limit."
    )


@solution(
    "04.4",
    [
        ([False, True, True, False, True, False, False, False, True, True], 3),
        ([True, False, False, True, True], 3),
        ([False, False], 1),
    ],
    draw=lambda rng: ((rng.random(20) < 0.4).tolist(), int(rng.integers(1, 5))),
)
def pieces_of(loud, pause):
    """Return (start, end) of each piece, its first frame and the one after its last loud frame."""
    pieces = []
    for frame in np.flatnonzero(loud).tolist():
        if pieces and frame - pieces[-1][1] < pause:
            pieces[-1] = (pieces[-1][0], frame + 1)
        else:
            pieces.append((frame, frame + 1))
    return pieces
