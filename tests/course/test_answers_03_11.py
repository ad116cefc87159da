"""Lessons 03 and 11: other right answers are accepted, and likely mistakes are told their cause."""

from itertools import permutations

import numpy as np
import pytest
import scipy.optimize
from sklearn.metrics import confusion_matrix, f1_score

from course_utils.course import exercises


def label_dicts(names):
    return [{name: np.int64(n) for n, name in enumerate(names)}, dict(enumerate(names))]


def f1_by_scikit_learn(references, predictions):
    return f1_score(references, predictions, labels=np.unique(references), average="macro")


def f1_from_the_matrix(references, predictions):
    labels = sorted(set(references.tolist()) | set(predictions.tolist()))
    matrix = confusion_matrix(references, predictions, labels=labels)
    rows, columns = matrix.sum(1), matrix.sum(0)
    return np.mean((2 * np.diag(matrix) / (rows + columns))[rows > 0])


def f1_by_counting(references, predictions):
    pairs, scores = list(zip(references, predictions, strict=True)), []
    for label in set(references.tolist()):
        hits = sum(r == p == label for r, p in pairs)
        scores.append(2 * hits / sum(int(r == label) + int(p == label) for r, p in pairs))
    return sum(scores) / len(scores)


def pair_by_loops(matrix, names):
    cells = [(matrix[i][j], i, j) for i, j in permutations(range(len(names)), 2)]
    _, row, column = max(cells, key=lambda cell: cell[0])
    return names[row], names[column]


def pair_on_a_copy(matrix, names):
    errors = matrix.copy()
    np.fill_diagonal(errors, -1)
    row, column = divmod(int(errors.argmax()), len(names))
    return [names[row], names[column]]


def pairing_by_scipy(table):
    table = np.array(table)
    return table[scipy.optimize.linear_sum_assignment(table)].sum()


def quietest_by_loop(levels, start, end):
    times = [n for n in range(len(levels)) if 100 * start + 100 <= n <= 100 * end - 100]
    return min(times, key=lambda n: levels[n]) / 100


def most_shared(start, end, turns):
    names = sorted({turn["speaker"] for turn in turns})
    times = [
        sum(max(0, min(end, t["end"]) - max(start, t["start"])) for t in turns if t["speaker"] == n)
        for n in names
    ]
    return names[int(np.argmax(times))] if max(times) > 0 else ""


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("03.1", label_dicts),
        ("03.2", f1_by_scikit_learn),
        ("03.2", f1_from_the_matrix),
        ("03.2", f1_by_counting),
        ("03.4", pair_by_loops),
        ("03.4", pair_on_a_copy),
        ("11.1", pairing_by_scipy),
        ("11.2", quietest_by_loop),
        ("11.3", most_shared),
    ],
)
def test_another_right_answer_passes(exercise_id, answer):
    assert exercises.check(exercise_id, answer) is True


@pytest.mark.parametrize(
    ("exercise_id", "answer", "said"),
    [
        ("03.2", lambda r, p: f1_by_counting(r, p) / 2, "2 · hits / (references + predictions)"),
        ("03.2", lambda r, p: 100 * f1_by_counting(r, p), "mean of 2 · hits"),
        ("03.4", lambda m, names: pair_by_loops(m / m.sum(1, keepdims=True), names), "no shares"),
        ("03.4", lambda m, names: pair_by_loops(np.triu(m + m.T, 1), names), "no sums"),
        ("03.4", lambda m, names: np.fill_diagonal(m, 0) or pair_by_loops(m, names), "changes its"),
        ("11.3", lambda *word: most_shared(*word) or None, "you return None, expected ''"),
    ],
)
def test_a_likely_mistake_is_told_its_cause(exercise_id, answer, said, capsys):
    assert exercises.check(exercise_id, answer) is False
    assert said in capsys.readouterr().out
