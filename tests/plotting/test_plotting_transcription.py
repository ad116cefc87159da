import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import plotting, scoring


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_an_alignment_shows_every_word_once_a_side():
    pairs = scoring.align("turn the light on", "turn light on please")
    ax = plotting.alignment(pairs, title="One")
    shown = texts(ax)
    assert shown.count("turn") == 2 and shown.count("the") == 1 and shown.count("please") == 1
    assert ax.get_title() == "One"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["correct", "deleted", "inserted"]


def test_a_long_alignment_wraps_and_stays_inside():
    pairs = [("equal", "recognition", "recognition")] * 30
    ax = plotting.alignment(pairs)
    ax.figure.canvas.draw()
    left, right = ax.get_xlim()
    places = [text.get_position()[0] for text in ax.texts if text.get_text() == "recognition"]
    assert len(places) == 60 and left < min(places) and max(places) < right
    assert texts(ax).count("reference") == texts(ax).count("hypothesis") > 1


def test_an_alignment_from_right_to_left_begins_on_the_right():
    places = {}
    for said, heard in (("one two three", "one two"), ("אחת שתיים שלוש", "אחת שתיים")):
        ax = plotting.alignment(scoring.align(said, heard))
        ax.figure.canvas.draw()
        inside = ax.get_window_extent()
        for text in ax.texts:
            box = text.get_window_extent()
            assert inside.x0 - 1 <= box.x0 and box.x1 <= inside.x1 + 1
            places.setdefault(text.get_text(), box.x0)
    assert places["one"] < places["two"] < places["three"]
    assert places["אחת"] > places["שתיים"] > places["שלוש"]


def test_an_error_strip_has_a_coloured_cell_a_word():
    alignments = [
        [("equal", "a", "a"), ("substitute", "b", "c")],
        [("delete", "d", "")],
    ]
    ax = plotting.error_strip(alignments, names=["Alice", "Dave"])
    cells = ax.collections[0].get_array().reshape(2, 2)
    np.testing.assert_array_equal(np.ma.filled(cells, -1), [[0, 1], [2, -1]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Alice", "Dave"]
    assert ax.get_xlabel() and ax.yaxis_inverted()


def test_posteriors_show_the_tokens_that_win_somewhere():
    probabilities = [[0.9, 0.05, 0.05], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05]]
    ax = plotting.ctc_posteriors(probabilities, ["<blank>", "a", "b"], seconds=0.16, title="x")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["<blank>", "b"]
    assert ax.get_yticks().tolist() == [0.5, 1.5]  # the middle of each row
    drawn = [(text.get_text(), text.get_position()[0]) for text in ax.texts]
    assert drawn == [("b", pytest.approx(0.08))]  # two neighbours are one letter
    assert ax.get_xlabel() == "Time (s)" and ax.get_xlim()[1] == pytest.approx(0.16)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.alignment([]), "0 words"),
        (lambda: plotting.alignment([("equal", "a", "a")] * 99), "99 words"),
        (lambda: plotting.alignment([("same", "a", "a")]), "no pair of scoring.align"),
        (lambda: plotting.error_strip([]), "0 utterances"),
        (lambda: plotting.error_strip([[]], names=["a", "b"]), "2 names for 1"),
        (lambda: plotting.ctc_posteriors([0.5, 0.5], ["a", "b"], 1), r"not \(frames, tokens\)"),
        (lambda: plotting.ctc_posteriors([[2.0, -1.0]], ["a", "b"], 1), "apply softmax"),
        (lambda: plotting.ctc_posteriors([[0.5, 0.5]], ["a"], 1), "1 tokens for 2"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
