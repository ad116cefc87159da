"""Exercises of lesson 08: a mix of two voices, the times of phonemes, the sentences of a text."""

import re

import numpy as np

from course_utils.course.exercises import Exercise, attempted, returns

TEXTS = (
    ("One. Two! Three?", ["One.", "Two!", "Three?"]),
    ("Dr. Hill saw St. Ives. Mr. and Mrs. Hill stayed.",
     ["Dr. Hill saw St. Ives.", "Mr. and Mrs. Hill stayed."]),
    ("It costs 3.50 today.\nReally?  Yes!", ["It costs 3.50 today.", "Really?", "Yes!"]),
    (" No full stop", ["No full stop"]),
)  # fmt: skip


def mix(a, b, share):
    """Mix two vectors of voices; the mix has length 1."""
    vector = share * np.asarray(a) + (1 - share) * np.asarray(b)
    return vector / np.linalg.norm(vector)


def verify_mix(answer):
    """Check the mix of two directions, for both pure voices and in between."""
    a, b = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    for share in (1.0, 0.0, 0.5, 0.25):
        got, wanted = np.asarray(attempted(answer(a, b, share)), float), mix(a, b, share)
        assert got.shape == wanted.shape, f"the mix has the shape {got.shape}, expected (2,)."
        length = np.linalg.norm(got)
        assert np.isclose(length, 1), (
            f"for share {share} the mix has length {length:.3f}, expected 1: divide by its norm."
        )
        assert np.allclose(got, wanted), (
            f"for a = {a}, b = {b} and share {share} you return {got.round(3)}, expected "
            f"{wanted.round(3)}."
        )


def times_of(durations, seconds_per_frame):
    """Give start and end of each phoneme."""
    edges = np.r_[0, np.cumsum(durations)] * seconds_per_frame
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def verify_times(answer):
    """Check times for two hops, a phoneme without frames among them."""
    for durations, hop in (([3, 0, 5, 2], 0.016), ([1, 4], 0.5)):
        got = [tuple(map(float, pair)) for pair in attempted(answer(list(durations), hop))]
        wanted = times_of(durations, hop)
        assert len(got) == len(wanted), (
            f"for {len(wanted)} durations you return {len(got)} pairs: one for each."
        )
        assert np.allclose(got, wanted), (
            f"for durations {durations} and {hop} s a frame you return "
            f"{np.round(got, 3).tolist()}, expected {np.round(wanted, 3).tolist()}."
        )


def split(text, titles=r"(?<!Dr\.)(?<!Mr\.)(?<!Mrs\.)(?<!St\.)"):
    """Split a text into sentences."""
    return [part for part in re.split(titles + r"(?<=[.!?])\s+", text.strip()) if part]


EXERCISES = (
    Exercise(
        "08.1",
        difficulty=2,
        minutes=5,
        verify=verify_mix,
        wrong=(
            lambda a, b, share: share * a + (1 - share) * b,
            lambda a, b, share: mix(b, a, share),
            lambda a, b, share: mix(a, b, 0.5),
            lambda a, b, share: a,
        ),
    ),
    Exercise(
        "08.2",
        difficulty=2,
        minutes=5,
        verify=verify_times,
        wrong=(
            lambda durations, hop: [(0, d * hop) for d in durations],
            lambda durations, hop: times_of(durations, 1),
            lambda durations, hop: times_of(durations, hop)[:-1],
            lambda durations, hop: times_of(durations[::-1], hop),
        ),
    ),
    Exercise(
        "08.3",
        difficulty=3,
        minutes=10,
        verify=returns(*(({"text": text}, parts) for text, parts in TEXTS)),
        wrong=(
            lambda text: split(text, ""),
            lambda text: text.split(". "),
            lambda text: re.split(r"[.!?]", text),
            lambda text: [text.strip()],
        ),
    ),
)
