"""Wrong answers to the exercises of lesson 07, the usual mistakes first."""

from itertools import permutations

import numpy as np
import torch

from course_utils.course.checks.lesson_07 import bce, invariant_loss, labels_of


def _by(time_of, until=np.less):
    """Return an answer to 07.1 in which another time than the middle of a frame decides."""

    def answer(turns, frames, seconds):
        times = time_of(np.arange(frames), seconds)
        names = sorted({turn["speaker"] for turn in turns})
        made = np.zeros((frames, len(names)))
        for turn in turns:
            inside = (times >= turn["start"]) & until(times, turn["end"])
            made[inside, names.index(turn["speaker"])] = 1
        return made

    return answer


def _indices(rounded):
    """Return an answer to 07.1 that converts the edges of the turns to frame numbers."""

    def answer(turns, frames, seconds):
        names = sorted({turn["speaker"] for turn in turns})
        made = np.zeros((frames, len(names)))
        for turn in turns:
            first, last = (int(rounded(turn[edge] / seconds)) for edge in ("start", "end"))
            made[first:last, names.index(turn["speaker"])] = 1
        return made

    return answer


def _any_overlap(turns, frames, seconds):
    starts = np.arange(frames) * seconds
    names = sorted({turn["speaker"] for turn in turns})
    made = np.zeros((frames, len(names)))
    for turn in turns:
        inside = (starts < turn["end"]) & (starts + seconds > turn["start"])
        made[inside, names.index(turn["speaker"])] = 1
    return made


def _orders(labels, dim=2):
    for order in permutations(range(labels.shape[dim])):
        yield labels.index_select(dim, torch.tensor(order))


def _first_frame_decides(logits, labels):
    pairs = zip(logits, labels, strict=True)
    return torch.stack(
        [bce(x[None, :, x[0].argsort()], y[None, :, y[0].argsort()])[0] for x, y in pairs]
    ).mean()


def _frame_by_frame(logits, labels):
    """Let every frame have an order of its own: speakers may change places at any time."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    each = [loss(logits, y, reduction="none").mean(2) for y in _orders(labels)]
    return torch.stack(each).amin(0).mean()


WRONG = {
    "07.1": (
        lambda turns, frames, seconds: np.zeros((frames, 2)),
        lambda turns, frames, seconds: labels_of(turns, frames, seconds).T,
        lambda turns, frames, seconds: labels_of(turns, frames, seconds)[:, ::-1],
        # One label a frame: who began last has it.
        lambda turns, frames, seconds: (
            labels_of(turns, frames, seconds) * (labels_of(turns, frames, seconds).cumsum(1) <= 1)
        ),
        _by(lambda n, seconds: n * seconds),  # the start
        _by(lambda n, seconds: (n + 1) * seconds),  # the end
        _by(lambda n, seconds: (n + 0.5) * seconds, np.less_equal),
        _any_overlap,
        _indices(np.floor),
        _indices(np.ceil),
        _indices(round),
    ),
    "07.2": (
        lambda x, y: bce(x, y).mean(),
        lambda x, y: torch.stack([bce(x, each) for each in _orders(y)]).amax(0).mean(),
        lambda x, y: torch.stack([bce(x, each) for each in _orders(y)]).mean(),
        # One order for the whole batch.
        lambda x, y: min(bce(x, each).mean() for each in _orders(y)),
        lambda x, y: torch.stack([bce(x, each) for each in _orders(y)]).amin(0),
        lambda x, y: torch.stack([bce(x, each) for each in _orders(y)]).amin(0).sum(),
        lambda x, y: torch.stack([bce(x.sigmoid(), each) for each in _orders(y)]).amin(0).mean(),
        lambda x, y: bce(x, y.flip(2)).mean(),
        lambda x, y: invariant_loss(x, y).item(),  # nothing can be learned with it
        _first_frame_decides,
        _frame_by_frame,
    ),
    "07.3": (
        lambda speakers: speakers,
        lambda speakers: speakers + 1,
        lambda speakers: speakers**2,
        lambda speakers: 2 ** (speakers - 1) + 1,
        lambda speakers: speakers * speakers - speakers + 2,
        {1: 2, 2: 4, 3: 8}.get,
        {n: 2**n for n in range(1, 9)}.get,  # the cases that a message has shown
        lambda speakers: 1 + speakers + speakers * (speakers - 1) // 2,
    ),
}
