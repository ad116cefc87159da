"""Exercises of lesson 10: the rate of tokens, the delay of codebooks, guidance."""

import numpy as np

from course_utils.course.exercises import Exercise, returns

TOKENS = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
DELAYED = np.array(
    [[1, 2, 3, 4, 0, 0], [0, 5, 6, 7, 8, 0], [0, 0, 9, 10, 11, 12]],
)
TOLD, UNTOLD = np.array([2.0, -1.0, 0.5]), np.array([1.0, 1.0, 0.5])


def _delayed_the_other_way(tokens, pad):
    books, frames = tokens.shape
    rows = np.full((books, frames + books - 1), pad)
    for book in range(books):
        rows[book, books - 1 - book : books - 1 - book + frames] = tokens[book]
    return rows


def _cut_off(tokens, pad):
    rows = np.full(tokens.shape, pad)
    for book in range(len(tokens)):
        rows[book, book:] = tokens[book, : tokens.shape[1] - book]
    return rows


EXERCISES = (
    Exercise(
        "10.1",
        difficulty=1,
        minutes=3,
        verify=returns(
            ({"frame_rate": 50, "codebooks": 4, "entries": 2048}, 2200),
            ({"frame_rate": 25, "codebooks": 8, "entries": 256}, 1600),
        ),
        wrong=(
            lambda frame_rate, codebooks, entries: frame_rate * codebooks * entries,
            lambda frame_rate, codebooks, entries: frame_rate * np.log2(entries),
            lambda frame_rate, codebooks, entries: codebooks * np.log2(entries),
            lambda frame_rate, codebooks, entries: frame_rate * codebooks * np.log2(entries) / 8,
        ),
    ),
    Exercise(
        "10.2",
        difficulty=3,
        minutes=8,
        verify=returns(
            ({"tokens": TOKENS, "pad": 0}, DELAYED),
            ({"tokens": TOKENS[:2, :2], "pad": 99}, np.array([[1, 2, 99], [99, 5, 6]])),
        ),
        wrong=(
            _delayed_the_other_way,
            _cut_off,
            lambda tokens, pad: np.pad(tokens, ((0, 0), (0, len(tokens) - 1)), constant_values=pad),
            lambda tokens, pad: _delayed_the_other_way(tokens[::-1], pad),
        ),
    ),
    Exercise(
        "10.3",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"with_prompt": TOLD, "without": UNTOLD, "scale": 1.0}, TOLD),
            ({"with_prompt": TOLD, "without": UNTOLD, "scale": 0.0}, UNTOLD),
            ({"with_prompt": TOLD, "without": UNTOLD, "scale": 3.0}, np.array([4.0, -5.0, 0.5])),
        ),
        wrong=(
            lambda with_prompt, without, scale: scale * with_prompt,
            lambda with_prompt, without, scale: with_prompt + scale * (with_prompt - without),
            lambda with_prompt, without, scale: without + scale * with_prompt,
            lambda with_prompt, without, scale: with_prompt + scale * (without - with_prompt),
        ),
    ),
)
