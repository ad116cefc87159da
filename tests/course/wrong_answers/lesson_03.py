"""Wrong answers to the exercises of lesson 03, the usual mistakes first."""

import numpy as np
from sklearn.metrics import f1_score


def mean_f1(references, predictions, labels):
    """Return the mean F1 over some labels."""
    scores = []
    for label in labels:
        hits = np.sum((references == label) & (predictions == label))
        scores.append(2 * hits / (np.sum(references == label) + np.sum(predictions == label)))
    return float(np.mean(scores))


def _in_place(matrix, names):
    """Find the right pair, and leave the caller's matrix without its diagonal."""
    np.fill_diagonal(matrix, 0)
    return biggest(matrix, names)


def _last_of_equal(matrix, names):
    row, column = biggest((matrix - np.diag(np.diag(matrix)))[::-1, ::-1], range(3))
    return names[2 - row], names[2 - column]


def _largest_share(matrix, names):
    errors = matrix / matrix.sum(axis=1, keepdims=True)
    np.fill_diagonal(errors, 0)
    return biggest(errors, names)


def biggest(matrix, names):
    """Make the usual mistake: look at the diagonal too."""
    row, column = np.unravel_index(np.argmax(matrix), matrix.shape)
    return names[row], names[column]


UNUSABLE = ("unreadable", "silent")
COPIED = ("same sound", "copied sound")


def deleted(findings, without_first, all_files):
    """Return the sorted files of some kinds, of others all but the first."""
    names = [name for kind, files in findings if kind in all_files for name in files]
    names += [name for kind, files in findings if kind in without_first for name in files[1:]]
    return sorted(names)


WRONG = {
    "03.1": (
        lambda names: dict(enumerate(names)),
        lambda names: (dict(enumerate(names)), {n: i for i, n in enumerate(names)}),
        lambda names: ({n: i + 1 for i, n in enumerate(names)}, dict(enumerate(names, 1))),
    ),
    "03.2": (
        lambda references, predictions: np.mean(references == predictions),
        lambda references, predictions: 2 * np.mean(references == predictions),
        lambda references, predictions: f1_score(references, predictions, average="macro"),
        lambda references, predictions: f1_score(references, predictions, average="micro"),
        lambda references, predictions: f1_score(references, predictions, average="weighted"),
        # All labels that occur, those that are predicted, those that are both.
        lambda references, predictions: mean_f1(
            references, predictions, np.union1d(references, predictions)
        ),
        lambda references, predictions: mean_f1(references, predictions, np.unique(predictions)),
        lambda references, predictions: mean_f1(references, predictions, np.unique(references)) / 2,
        lambda references, predictions: (
            100 * mean_f1(references, predictions, np.unique(references))
        ),
        lambda references, predictions: round(
            mean_f1(references, predictions, np.unique(references)), 3
        ),
        lambda references, predictions: mean_f1(
            references, predictions, np.intersect1d(references, predictions)
        ),
    ),
    "03.3": ("train", "test", "all"),
    "03.4": (
        biggest,
        lambda matrix, names: biggest((matrix - np.diag(np.diag(matrix))).T, names),
        lambda matrix, names: (names[0], names[1]),
        lambda matrix, names: biggest(np.triu(matrix + matrix.T, 1), names),
        lambda matrix, names: divmod(int((matrix - np.diag(np.diag(matrix))).argmax()), 3),
        _largest_share,
        _in_place,
        _last_of_equal,
    ),
    "03.5": (
        # Everything that is named; the copies with their originals; no copies at all.
        lambda findings: sorted(name for _, files in findings for name in files),
        lambda findings: deleted(findings, (), UNUSABLE + COPIED),
        lambda findings: deleted(findings, (), UNUSABLE),
        lambda findings: deleted(findings, COPIED, UNUSABLE[:1]),
        lambda findings: deleted(findings, COPIED[:1], UNUSABLE),
        lambda findings: deleted(findings, COPIED[1:], UNUSABLE),
        lambda findings: deleted(findings, UNUSABLE + COPIED, ()),
        # The last copy stays; in the order of the findings; kinds in place of names.
        lambda findings: sorted(
            deleted(findings, (), UNUSABLE)
            + [name for kind, files in findings if kind in COPIED for name in files[:-1]]
        ),
        lambda findings: [
            name
            for kind, files in findings
            for name in files[kind in COPIED :]
            if kind in UNUSABLE + COPIED
        ],
        lambda findings: sorted(kind for kind, _ in findings if kind in UNUSABLE + COPIED),
    ),
}
