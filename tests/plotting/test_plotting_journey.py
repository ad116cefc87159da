"""The picture of the ledger: every kind of entry, the numbers beside it, odd names."""

import warnings

import matplotlib.pyplot as plt
import pytest

from course_utils import plotting
from course_utils.course import progress


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def entry(**changes):
    scores = {"lesson": "03", "task": "genres", "metric": "wer", "baseline": 0.5, "finetuned": 0.25}
    return scores | changes


def drawn(ax):
    """Return the offsets of every marker that stands for a score, in the order of drawing."""
    return [tuple(map(float, xy)) for dots in ax.collections for xy in dots.get_offsets()]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def numbers(ax):
    return [text.get_text() for text in ax.texts]


def test_each_row_has_its_scores_where_they_belong():
    ax = plotting.journey(
        [entry(), entry(metric="macro_f1", finetuned=None), entry(metric="x", baseline=None)]
    )
    assert drawn(ax) == [(0.5, 0), (0.25, 0), (0.5, 1), (0.25, 2)]
    assert numbers(ax) == ["0.5 → 0.25", "0.5 → –", "– → 0.25"]
    assert [name[-1] for name in names(ax)] == ["↓", "↑", "x"]
    assert ax.get_ylim() == (2.5, -0.5)  # the first lesson is on top
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["baseline", "fine-tuned"]


@pytest.mark.parametrize(
    ("metric", "arrow"),
    [("accuracy", "↑"), ("macro_f1", "↑"), ("wer", "↓"), ("cer", "↓"), ("der", "↓"), ("jer", "↓"),
     ("cpwer", "↓"), ("x", "x")],
)  # fmt: skip
def test_the_arrow_says_which_direction_is_better(metric, arrow):
    progress.record("t", metric=metric, baseline=0.5, lesson="01")
    old = entry(metric=metric)  # ledgers of older versions have no direction
    ax = plotting.journey([*progress.latest(), old, old | {"higher_is_better": None}])
    assert [name[-1] for name in names(ax)] == [arrow] * 3


def test_the_direction_of_the_entry_counts():
    ax = plotting.journey([entry(higher_is_better=True), entry(higher_is_better=False)])
    assert [name[-1] for name in names(ax)] == ["↑", "↓"]


def test_scores_beyond_one_and_below_zero_stay_in_the_picture():
    ax = plotting.journey([entry(baseline=6.0, finetuned=3.0), entry(baseline=-0.4)])
    assert drawn(ax)[:3] == [(1.0, 0), (0.5, 0), (-0.4, 1)]
    assert numbers(ax)[0] == "6 → 3"
    low, high = ax.get_xlim()
    assert low < -0.4 and high > 1


def test_an_empty_ledger_says_so():
    assert progress.latest() == []
    ax = plotting.journey(progress.latest(), title="t")
    assert "No score yet" in numbers(ax)[0] and ax.get_title() == "t"


def test_odd_names_are_shown_as_they_are():
    odd = "<b>$5 or $6</b>\n\\frac & more"
    ax = plotting.journey([entry(task=odd), entry(task="very " * 30)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.canvas.draw()  # a formula would fail here
    first, second = names(ax)
    assert first == r"03 <b>$5 or $6</b> \frac & more, wer ↓"
    assert len(second) <= 48 and second.endswith("…")


def test_it_draws_on_given_axes_and_refuses_entries_without_scores():
    _, given = plt.subplots()
    assert plotting.journey([entry()], ax=given) is given
    with pytest.raises(ValueError, match="'genres' has neither"):
        plotting.journey([entry(baseline=None, finetuned=None)])
