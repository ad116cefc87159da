"""Exercises of lesson 09: durations from a path, loudness, a watermark that is there or not."""

import numpy as np

from course_utils.course.exercises import solution


def path(rng):
    """Draw a path through the frames of four phonemes, and their durations."""
    durations = rng.integers(1, 4, 4)
    return np.sort(rng.integers(0, durations.sum(), 8)), durations.tolist()


def marked(rng):
    """Draw a clip with a weak mark, or without one, and the mark."""
    mark = rng.choice([-1.0, 1.0], 4_000)
    return rng.uniform(0.5, 3) * (rng.normal(0, 0.1, 4_000) + rng.choice([0, 0.01]) * mark), mark


@solution(
    "09.1",
    [(np.full(3, 0.5), 0.1), (np.array([0.3, 0.1, -0.1]), 0.1)],
    draw=lambda rng: (rng.normal(0.1, 0.3, 50), rng.uniform(0.01, 0.2)),
    tolerance=1e-4,
)
def to_level(samples, level):
    """Return all samples times one number, so that their root mean square is level."""
    return level * samples / np.sqrt(np.mean(np.square(samples)))


@solution(
    "09.2",
    [
        (np.array([0, 0, 1, 1, 2]), [2, 1]),
        (np.array([0, 1, 2, 3, 4, 5]), [1, 2, 3]),
        (np.array([0, 0, 0, 2, 2, 3]), [1, 1, 2]),
    ],
    draw=path,
)
def carried(path, durations):
    """Return how many frames of the recording lie on frames of each phoneme."""
    phonemes = np.repeat(np.arange(len(durations)), durations)
    return np.bincount(phonemes[path], minlength=len(durations)).tolist()


@solution("09.3", [(np.array([1.0, 2.0]), np.array([1.0, -1.0]))], draw=marked, tolerance=1e-4)
def detect(samples, mark):
    """Return a score that is the root of the number of samples where a clip is the mark itself."""
    norms = np.linalg.norm(samples) * np.linalg.norm(mark)
    return np.dot(samples, mark) / norms * np.sqrt(len(mark))
