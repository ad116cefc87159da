"""Wrong answers to the exercises of lesson 10, the usual mistakes first."""

import numpy as np


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


WRONG = {
    "10.1": (
        lambda frame_rate, codebooks, entries: frame_rate * codebooks * entries,
        lambda frame_rate, codebooks, entries: frame_rate * np.log2(entries),
        lambda frame_rate, codebooks, entries: codebooks * np.log2(entries),
        lambda frame_rate, codebooks, entries: frame_rate * codebooks * np.log2(entries) / 8,
    ),
    "10.2": (
        _delayed_the_other_way,
        _cut_off,
        lambda tokens, pad: np.pad(tokens, ((0, 0), (0, len(tokens) - 1)), constant_values=pad),
        lambda tokens, pad: _delayed_the_other_way(tokens[::-1], pad),
    ),
    "10.3": (
        lambda with_prompt, without, scale: scale * with_prompt,
        lambda with_prompt, without, scale: with_prompt + scale * (with_prompt - without),
        lambda with_prompt, without, scale: without + scale * with_prompt,
        lambda with_prompt, without, scale: with_prompt + scale * (without - with_prompt),
    ),
}
