"""Exercises of lesson 02: what pipeline("audio-classification") does, by hand."""

import numpy as np

from course_utils.course.exercises import solution

SCORES = {"rooster": 0.5, "dog": 0.3, "cat": 0.1, "rain": 0.1}
ANSWER = [{"label": label, "score": score} for label, score in SCORES.items()]


@solution(
    "02.1",
    [(np.array([2.0, 0.0, -1.0]),), (np.zeros(3),)],
    draw=lambda rng: (rng.normal(0, 5, 4).round(1),),
)
def softmax(logits):
    """Return each exponential divided by the sum of all of them; the result sums to 1."""
    return np.exp(logits) / np.exp(logits).sum()


@solution(
    "02.2",
    [(ANSWER, ["dog", "cat"]), (ANSWER, ["rain", "rooster"]), (ANSWER, ["dog", "cat", "Dog"])],
)
def among(scores, labels):
    """Return the scores of the labels in question, scaled so that they sum to 1."""
    chosen = {row["label"]: row["score"] for row in scores if row["label"] in labels}
    return {label: score / sum(chosen.values()) for label, score in chosen.items()}


@solution(
    "02.3",
    [([0.9, 0.6, 0.5], [True, True, False], 0.6), ([0.9, 0.6, 0.3], [True, False, True], 0.6)],
    draw=lambda rng: ([0.8, *rng.uniform(0, 1, 5).round(2)], rng.random(6) > 0.4, 0.5),
)
def at_threshold(scores, hits, threshold):
    """Return the share of scores that are at least the threshold, and that of hits among these."""
    answered = np.asarray(scores) >= threshold
    return answered.mean(), np.asarray(hits)[answered].mean()


@solution(
    "02.4",
    [(np.arange(10), 4, 2), (np.arange(3), 4, 2)],
    draw=lambda rng: (np.arange(rng.integers(1, 20)), *rng.integers(1, 8, 2).tolist()),
)
def windows(samples, length, step):
    """Return all whole windows; a recording shorter than a window is its own one window."""
    last = max(len(samples) - length, 0)
    return [samples[start : start + length] for start in range(0, last + 1, step)]
