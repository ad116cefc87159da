"""Wrong answers to the exercises of lesson 09, the usual mistakes first."""

import numpy as np

from course_utils.course.checks.lesson_09 import carried, detect

WRONG = {
    "09.1": (
        lambda samples, level: level * samples,
        lambda samples, level: level * samples / np.abs(samples).max(),
        lambda samples, level: level * samples / np.mean(np.square(samples)),
        lambda samples, level: level * (samples - samples.mean()) / samples.std(),
        lambda samples, level: level * samples / np.maximum(samples.std(), 1e-9),
    ),
    "09.2": (
        lambda path, durations: durations,
        lambda path, durations: [len(path) // len(durations)] * len(durations),
        lambda path, durations: np.bincount(path, minlength=len(durations))[: len(durations)],
        # Frames of the model instead of frames of the recording.
        lambda path, durations: carried(sorted(set(path)), durations),
    ),
    "09.3": (
        np.dot,
        lambda samples, mark: np.dot(samples, mark) / len(mark),
        lambda samples, mark: detect(samples, mark) / np.sqrt(len(mark)),
        lambda samples, mark: abs(np.corrcoef(samples, mark[::-1])[0, 1]),
    ),
}
