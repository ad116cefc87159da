"""Exercises of lesson 10: the rate of tokens, the delay of codebooks, guidance."""

import numpy as np

from course_utils.course.exercises import solution

WITH, WITHOUT = np.array([2.0, -1.0, 0.5]), np.array([1.0, 1.0, 0.5])


@solution(
    "10.1",
    [(50, 4, 2048)],
    draw=lambda rng: (*rng.integers(1, 100, 2).tolist(), int(2 ** rng.integers(4, 12))),
)
def bits_per_second(frame_rate, codebooks, entries):
    """Return bits per second; a token of a codebook with 1,024 entries takes 10 bits."""
    return frame_rate * codebooks * np.log2(entries)


@solution(
    "10.2",
    [
        (np.array([[1, 2], [5, 6]]), 99),
        (np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]), 0),
    ],
    draw=lambda rng: (rng.integers(1, 99, rng.integers(1, 5, 2)), int(rng.integers(99))),
)
def delayed(tokens, pad):
    """Return rows of frames + codebooks - 1 tokens; row k has k times pad in front."""
    books, frames = tokens.shape
    rows = np.full((books, frames + books - 1), pad)
    for book in range(books):
        rows[book, book : book + frames] = tokens[book]
    return rows


@solution(
    "10.3",
    [(WITH, WITHOUT, scale) for scale in (1.0, 0.0, 3.0)],
    draw=lambda rng: (*rng.normal(0, 2, (2, 3)).round(1), float(rng.integers(9))),
)
def guided(with_prompt, without, scale):
    """Return with_prompt at scale 1, without at scale 0, and else what is on the line."""
    return without + scale * (with_prompt - without)
