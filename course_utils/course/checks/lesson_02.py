"""Exercises of lesson 02: what pipeline("audio-classification") does, by hand."""

import numpy as np

from course_utils.course.exercises import Exercise, attempted, returns, same

LOGITS = np.array([2.0, 0.0, -1.0, 4.0])


def softmax(logits):
    """Return the softmax of a vector."""
    powers = np.exp(logits - np.max(logits))
    return powers / powers.sum()


def verify_softmax(answer):
    """Check values, and that large logits do not overflow."""
    for logits in (LOGITS, np.zeros(3)):
        got = np.asarray(attempted(answer(logits)))
        assert got.shape == logits.shape, (
            f"{logits.size} logits must give {logits.size} scores, you return shape {got.shape}."
        )
        assert same(got.sum(), 1.0, 1e-6), (
            f"the scores must sum to 1, yours sum to {got.sum():.4g}."
        )
        assert same(got, softmax(logits), 1e-6), (
            f"for {logits.tolist()} you return {np.round(got, 3).tolist()}, expected "
            f"{np.round(softmax(logits), 3).tolist()}."
        )


def verify_windows(answer):
    """Check the windows of a long recording: length, step, and no sample lost at the end."""
    samples = np.arange(10)
    got = [np.asarray(window).tolist() for window in attempted(answer(samples, 4, 2))]
    expected = [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert got == expected, (
        f"for the samples 0 to 9, length 4 and step 2 you return {got}, expected {expected}."
    )
    short = [np.asarray(window).tolist() for window in answer(np.arange(3), 4, 2)]
    assert short == [[0, 1, 2]], (
        f"a recording of 3 samples must give itself as its one window, you return {short}."
    )


def one_or_other(scores, labels):
    """Return the two scores rescaled to sum to 1."""
    chosen = {row["label"]: row["score"] for row in scores if row["label"] in labels}
    return {label: score / sum(chosen.values()) for label, score in chosen.items()}


ANSWER = [
    {"label": "rooster", "score": 0.5},
    {"label": "dog", "score": 0.3},
    {"label": "cat", "score": 0.1},
    {"label": "rain", "score": 0.1},
]

EXERCISES = (
    Exercise(
        "02.1",
        difficulty=2,
        minutes=5,
        verify=verify_softmax,
        wrong=(
            lambda logits: logits / logits.sum() if logits.sum() else np.full(len(logits), 1.0),
            np.exp,
            lambda logits: 1 / (1 + np.exp(-logits)),
            np.argmax,
        ),
    ),
    Exercise(
        "02.2",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"scores": ANSWER, "labels": ["dog", "cat"]}, {"dog": 0.75, "cat": 0.25}),
            (
                {"scores": ANSWER, "labels": ["rain", "rooster"]},
                one_or_other(ANSWER, ["rain", "rooster"]),
            ),
        ),
        wrong=(
            lambda scores, labels: {r["label"]: r["score"] for r in scores if r["label"] in labels},
            lambda scores, labels: {r["label"]: r["score"] for r in scores},
            lambda scores, labels: dict.fromkeys(labels, 0.5),
        ),
    ),
    Exercise(
        "02.3",
        difficulty=3,
        minutes=8,
        verify=verify_windows,
        wrong=(
            lambda samples, length, step: np.split(samples, 2),
            lambda samples, length, step: [
                samples[i : i + length] for i in range(0, len(samples), step)
            ],
            lambda samples, length, step: [
                samples[i : i + length] for i in range(0, len(samples) - length + 1, length)
            ],
        ),
    ),
)
