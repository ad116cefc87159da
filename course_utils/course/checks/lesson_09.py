"""Exercises of lesson 09: durations from a path, loudness, a watermark that is there or not."""

import numpy as np

from course_utils.course.exercises import Exercise, attempted, returns

PATHS = (
    ([0, 0, 1, 1, 2], [2, 1], [4, 1]),
    ([0, 1, 2, 3, 4, 5], [1, 2, 3], [1, 2, 3]),
    ([0, 0, 0, 2, 2, 3], [1, 1, 2], [3, 0, 3]),
)
"""Model frame of each frame of a recording, durations in the model, durations in the recording."""


def carried(path, durations):
    """Carry durations along a path."""
    tokens = np.repeat(np.arange(len(durations)), durations)
    return np.bincount(tokens[np.asarray(path)], minlength=len(durations)).tolist()


def verify_durations(answer):
    """Check durations for paths that stretch, keep and skip tokens."""
    for path, durations, wanted in PATHS:
        got = [int(value) for value in attempted(answer(list(path), list(durations)))]
        assert got == wanted, (
            f"for path {path} and durations {durations} you return {got}, expected {wanted}: "
            "count how many frames of the recording lie on frames of each token."
        )


def scaled(samples, level):
    """Scale to a root mean square."""
    return level * samples / np.sqrt(np.mean(np.square(samples)))


def verify_level(answer):
    """Check the loudness of three clips, and that nothing but a factor was changed."""
    rng = np.random.default_rng(9)
    for samples in (rng.normal(0, 0.3, 500), np.full(10, 0.5), rng.normal(0.1, 0.01, 90)):
        got = np.asarray(attempted(answer(samples.copy(), 0.1)))
        assert got.shape == samples.shape, (
            f"you return the shape {got.shape}, expected {samples.shape}: all samples, scaled."
        )
        level = np.sqrt(np.mean(np.square(got)))
        assert np.isclose(level, 0.1, rtol=1e-3), (
            f"what you return has the root mean square {level:.3f}, expected 0.1."
        )
        assert np.allclose(got, scaled(samples, 0.1)), (
            "you changed more than the loudness: multiply all samples by one number."
        )


def score(samples, mark):
    """Correlate a clip with a mark, on a scale on which chance is a standard normal."""
    correlation = np.dot(samples, mark)
    return correlation / (np.linalg.norm(samples) * np.linalg.norm(mark)) * np.sqrt(len(mark))


_RNG = np.random.default_rng(90)
MARK = _RNG.choice([-1.0, 1.0], 4_000)
SPEECH = _RNG.normal(0, 0.1, 4_000)
CLIPS = (SPEECH, SPEECH + 0.01 * MARK, 3 * (SPEECH + 0.01 * MARK), 0.05 * MARK)


EXERCISES = (
    Exercise(
        "09.1",
        difficulty=1,
        minutes=4,
        verify=verify_level,
        wrong=(
            lambda samples, level: level * samples,
            lambda samples, level: level * samples / np.abs(samples).max(),
            lambda samples, level: level * samples / np.mean(np.square(samples)),
            lambda samples, level: level * (samples - samples.mean()) / samples.std(),
        ),
    ),
    Exercise(
        "09.2",
        difficulty=3,
        minutes=10,
        verify=verify_durations,
        wrong=(
            lambda path, durations: durations,
            lambda path, durations: [len(path) // len(durations)] * len(durations),
            lambda path, durations: np.bincount(path, minlength=len(durations))[: len(durations)],
            # Frames of the model instead of frames of the recording.
            lambda path, durations: carried(sorted(set(path)), durations),
        ),
    ),
    Exercise(
        "09.3",
        difficulty=2,
        minutes=8,
        verify=returns(
            *(({"samples": clip, "mark": MARK}, score(clip, MARK)) for clip in CLIPS),
            tolerance=1e-4,
        ),
        wrong=(
            np.dot,
            lambda samples, mark: np.dot(samples, mark) / len(mark),
            lambda samples, mark: score(samples, mark) / np.sqrt(len(mark)),
            lambda samples, mark: abs(np.corrcoef(samples, mark[::-1])[0, 1]),
        ),
    ),
)
