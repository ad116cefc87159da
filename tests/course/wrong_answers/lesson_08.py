"""Wrong answers to the exercises of lesson 08, the usual mistakes first."""

import re

import numpy as np

from course_utils.course.checks.lesson_08 import mix, times_of

WRONG = {
    "08.1": (
        lambda a, b, share: share * a + (1 - share) * b,
        lambda a, b, share: mix(b, a, share),
        lambda a, b, share: mix(a, b, 0.5),
        lambda a, b, share: a,
    ),
    "08.2": (
        lambda durations, hop: [(0, d * hop) for d in durations],
        lambda durations, hop: times_of(durations, 1),
        lambda durations, hop: np.cumsum(durations) * hop,
        lambda durations, hop: times_of(durations, hop)[:-1],
        lambda durations, hop: times_of(durations[::-1], hop),
    ),
    "08.3": (
        lambda text: re.split(r"(?<=[.!?])\s+", text.strip()),
        lambda text: text.split(". "),
        lambda text: re.split(r"[.!?]", text),
        lambda text: [text.strip()],
    ),
}
