"""Exercises of lesson 07: targets frame by frame, and a loss that ignores the speakers' order."""

from itertools import permutations

import numpy as np
import torch

from course_utils.course.exercises import compare, exercise, solution

# Edges between the middles of the frames, which tell the middle of a frame from its start.
TURNS = [
    {"speaker": "Bob", "start": 0.3, "end": 1.6},
    {"speaker": "Alice", "start": 1.6, "end": 3.0},
]
# Edges at the middles: the start of a turn is part of it, the end is not.
EXACT = [
    {"speaker": "Bob", "start": 1.5, "end": 3.5},
    {"speaker": "Alice", "start": 0.5, "end": 2.5},
]


def bce(logits, labels):
    """Return the binary cross-entropy of each recording, the mean over frames and tracks."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(logits, labels, reduction="none").mean((1, 2))


def batch(rng):
    """Draw logits and labels of some recordings of six frames and two or three tracks."""
    shape = tuple(rng.integers((2, 6, 2), (5, 7, 4)))
    values = rng.normal(0, 2, shape), rng.integers(0, 2, shape)
    return tuple(torch.tensor(value, dtype=torch.float32) for value in values)


def conversation(rng):
    """Draw turns of two or three speakers whose edges are at any time, and frames of any length."""
    starts = rng.uniform(0, 6, 5)
    turns = [
        {"speaker": name, "start": float(start), "end": float(start + rng.uniform(0.3, 3))}
        for name, start in zip(rng.permutation(list("CABCA")).tolist(), starts, strict=True)
    ]
    return turns, int(rng.integers(8, 20)), float(rng.uniform(0.2, 1))


@solution("07.1", [(TURNS, 3, 1.0), (EXACT, 4, 1.0), (TURNS, 8, 0.5)], draw=conversation)
def labels_of(turns, frames, seconds):
    """Return 0 and 1, columns by speakers' names; the middle of a frame decides."""
    middles = (np.arange(frames) + 0.5) * seconds
    names = sorted({turn["speaker"] for turn in turns})
    made = np.zeros((frames, len(names)))
    for turn in turns:
        inside = (middles >= turn["start"]) & (middles < turn["end"])
        made[inside, names.index(turn["speaker"])] = 1
    return made


def invariant_loss(logits, labels):
    """Return the mean over recordings of the smallest loss over all orders of the label columns."""
    orders = permutations(range(labels.shape[2]))
    return torch.stack([bce(logits, labels[..., list(order)]) for order in orders]).amin(0).mean()


@exercise("07.2")
def differentiable_loss(answer):
    """Check the loss, and that a network can learn with it."""
    logits = torch.tensor([[[2.0, -2.0], [1.0, -1.0]]])
    labels = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    compare(answer, invariant_loss, [(logits, labels)], draw=batch, tolerance=1e-4)
    loss = answer(logits.clone().requires_grad_(), labels)
    assert getattr(loss, "requires_grad", False), (
        "the value is right, but it has no gradient, so a network could not learn with it: return "
        "a tensor, made of torch functions only (no .item(), no NumPy)."
    )


@solution(
    "07.3",
    [(speakers,) for speakers in (2, 3, 1, 4, 5, 6, 7, 8)],
    draw=lambda rng: (int(rng.integers(9, 25)),),
)
def combinations_of(speakers):
    """Return how many sets of speakers there are: each is active or is not."""
    return 2**speakers
