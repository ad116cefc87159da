"""Exercises of lesson 06: the diarization error rate by hand and in code, the cosine."""

import numpy as np

from course_utils.course.exercises import Exercise, equals, returns

BOTH = {"Alice", "Bob"}
FRAMES = (
    # Missed, right, confused, false alarm, missed one of two, silence.
    ([{"Alice"}, {"Bob"}, {"Bob"}, set(), BOTH, set()],
     [set(), {"Bob"}, {"Alice"}, {"Alice"}, {"Bob"}, set()], 0.8),
    ([{"Alice"}, BOTH], [{"Alice"}, BOTH], 0.0),
    ([{"Alice"}, {"Alice"}], [BOTH, {"Bob", "Carol"}], 1.5),
    ([BOTH, BOTH], [{"Carol"}, {"Alice", "Carol"}], 0.75),
)  # fmt: skip


def _frames_wrong(true, found):
    """Count frames with any error over all frames."""
    return sum(a != b for a, b in zip(true, found, strict=True)) / len(true)


def _over_frames(true, found):
    pairs = list(zip(true, found, strict=True))
    return sum(max(len(a), len(b)) - len(a & b) for a, b in pairs) / len(true)


def _difference(true, found):
    """Count a confusion twice: as missed and as falsely found."""
    errors = sum(len(a ^ b) for a, b in zip(true, found, strict=True))
    return errors / sum(map(len, true))


def _without_confusion(true, found):
    errors = sum(abs(len(a) - len(b)) for a, b in zip(true, found, strict=True))
    return errors / sum(map(len, true))


EXERCISES = (
    Exercise(
        "06.1",
        difficulty=1,
        minutes=5,
        verify=equals(
            0.4,
            "Go through the strip second by second; from 3 to 4 s two speak, so that second is 2 s "
            "of speech, and 10 to 11 s is no speech at all.",
        ),
        # Time instead of speech, confusion counted twice, false alarms forgotten, in percent.
        wrong=(4 / 11, 5 / 10, 3 / 10, 4 / 9, 40.0),
    ),
    Exercise(
        "06.2",
        difficulty=3,
        minutes=10,
        verify=returns(*(({"true": true, "found": f}, der) for true, f, der in FRAMES)),
        wrong=(_frames_wrong, _over_frames, _difference, _without_confusion),
    ),
    Exercise(
        "06.3",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"a": np.array([1.0, 0.0]), "b": np.array([3.0, 0.0])}, 1.0),
            ({"a": np.array([1.0, 2.0, 2.0]), "b": np.array([2.0, -2.0, 1.0])}, 0.0),
            ({"a": np.array([3.0, 4.0]), "b": np.array([4.0, 3.0])}, 0.96),
            ({"a": np.array([1.0, 1.0]), "b": np.array([-2.0, -2.0])}, -1.0),
        ),
        wrong=(
            np.dot,
            lambda a, b: np.linalg.norm(a - b),
            lambda a, b: abs(np.dot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b)),
            lambda a, b: np.dot(a, b) / np.linalg.norm(a) ** 2,
        ),
    ),
)
