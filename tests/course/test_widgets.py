import io
import json
import re

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("ipywidgets")

from course_utils import listening
from course_utils.course import widgets

RATE = 16_000
CLIP = 0.4 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)


def pixels(explorer):
    return np.asarray(Image.open(io.BytesIO(explorer.image.value)))


def texts(cell):
    """All HTML that a cell's widgets show."""
    pending, found = [cell._box], []
    while pending:
        widget = pending.pop()
        pending += getattr(widget, "children", ())
        if type(widget).__name__ == "HTML":
            found.append(widget.value)
    return found


# -------------------------------------------------------------------------------------- explore


def test_explorer_states_the_resolution():
    explorer = widgets.explore(CLIP, RATE)
    # 1024 samples at 16 kHz last 64 ms, and their bins lie 15.625 Hz apart.
    assert "Time resolution 64.0 ms" in explorer.sentence
    assert "every 16.0 ms" in explorer.sentence
    assert "Bin spacing 15.6 Hz: 513 bins from 0 to 8000 Hz" in explorer.sentence
    explorer.window.value, explorer.hop.value = 128, 64
    assert "Time resolution 8.0 ms" in explorer.sentence
    assert "every 4.0 ms" in explorer.sentence
    assert "Bin spacing 125.0 Hz: 65 bins" in explorer.sentence
    assert any("125.0 Hz" in text for text in texts(explorer))


@pytest.mark.parametrize(
    ("control", "value"),
    [("window", 256), ("hop", 512), ("dynamic_range", 40), ("mel", True)],
)
def test_every_control_redraws(control, value):
    rng = np.random.default_rng(0)
    explorer = widgets.explore(CLIP + 0.01 * rng.standard_normal(RATE), RATE)
    before = pixels(explorer)
    getattr(explorer, control).value = value
    assert not np.array_equal(pixels(explorer), before)


def test_bands_count_only_on_the_mel_scale():
    explorer = widgets.explore(CLIP, RATE)
    assert explorer.bands.disabled
    explorer.mel.value = True
    assert not explorer.bands.disabled
    before = pixels(explorer)
    explorer.bands.value = 32
    assert not np.array_equal(pixels(explorer), before)
    assert "gathered into 32 mel bands" in explorer.sentence


def test_what_plotting_refuses_is_said_instead_of_drawn():
    explorer = widgets.explore(CLIP, RATE)
    explorer.mel.value = True
    explorer.bands.value = 128
    explorer.window.value = 64
    assert explorer.image.layout.visibility == "hidden"
    assert "resolution" not in explorer.sentence
    explorer.window.value = 2048
    assert explorer.image.layout.visibility == "visible"
    assert "Time resolution 128.0 ms" in explorer.sentence


def test_a_hop_beyond_the_window_is_pointed_out():
    explorer = widgets.explore(CLIP, RATE)
    assert "hop is longer" not in explorer.sentence
    explorer.window.value = 128
    assert "hop is longer" in explorer.sentence


def test_explorer_offers_no_window_longer_than_the_clip():
    explorer = widgets.explore(CLIP[:700], RATE)
    assert explorer.window.value == 512
    assert max(value for _, value in explorer.window.options) == 512


def test_explorer_takes_stereo():
    stereo = widgets.explore(np.stack([CLIP, CLIP]), RATE)
    assert np.array_equal(pixels(stereo), pixels(widgets.explore(CLIP, RATE)))


# ---------------------------------------------------------------------------------------- guess


def click(guess, choice):
    (button,) = (b for b in guess._buttons if b.description == choice)
    button.click()


def test_untouched_guess_gives_nothing_away():
    guess = widgets.guess(["dog", "cat"])
    shown = guess.reveal("dog", model={"label": "dog", "score": 0.93})
    assert guess.choice is None
    assert "not guessed yet" in shown.sentence
    assert "dog" not in shown.sentence


def test_the_first_click_counts_and_fills_in_what_was_revealed():
    guess = widgets.guess(["dog", "cat"])
    before = guess.reveal("dog", model={"label": "dog", "score": 0.934})
    click(guess, "cat")
    click(guess, "dog")
    assert guess.choice == "cat"
    assert all(button.disabled for button in guess._buttons)
    said = "You said cat, the model says dog (0.93), the right answer is dog."
    assert before.sentence == guess.reveal("dog", {"label": "dog", "score": 0.934}).sentence == said
    assert "<b>cat</b>" in texts(before)[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"truth": 3}, "You said 2, the right answer is 3."),
        ({"model": "hello"}, "You said 2, the model says hello."),
        ({"truth": 0, "model": "3"}, "You said 2, the model says 3, the right answer is 0."),
    ],
)
def test_reveal_says_what_is_known(arguments, said):
    guess = widgets.guess([2, 3], question="How many speakers?")
    click(guess, "2")
    assert guess.reveal(**arguments).sentence == said


def test_reveal_needs_something_to_compare_with():
    with pytest.raises(ValueError, match="truth"):
        widgets.guess(["dog", "cat"]).reveal()


@pytest.mark.parametrize("choices", [[], ["dog"], ["dog", "cat", "dog"]])
def test_guess_needs_different_choices(choices):
    with pytest.raises(ValueError, match="at least two"):
        widgets.guess(choices)


def test_text_in_a_guess_stays_text():
    nasty = "<img src=x onerror=alert(1)>"
    player = listening.play(CLIP, RATE, title=nasty)
    guess = widgets.guess([nasty, "cat"], question=nasty, player=player)
    shown = guess.reveal(nasty, model={"label": nasty, "score": 1.0})
    click(guess, nasty)
    page = "".join(texts(guess) + texts(shown))
    assert nasty not in page
    assert page.count("&lt;img src=x") >= 6
    assert "<audio" in page


# ----------------------------------------------------------------------------------------- quiz

QUESTION = {
    "question": "Is 1 < 2 & `x < y`?",
    "answers": [
        {"answer": "<unk>", "correct": False, "feedback": "No <b>bold</b>."},
        {"answer": "yes", "correct": True, "feedback": "`1 < 2`."},
    ],
}


@pytest.fixture
def shell():
    """Give IPython's display something to publish to."""
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def questions_in(quiz):
    """Return what the quiz's script would show, and the script."""
    page = quiz._repr_html_()
    script = page[page.index("<script>") :]
    start = script.index("[", script.index("var questions"))
    return json.JSONDecoder().raw_decode(script[start:])[0], script


def test_quiz_text_is_escaped_and_code_is_code(shell):
    (question,), _ = questions_in(widgets.quiz([QUESTION]))
    assert question["question"] == "Is 1 &lt; 2 &amp; <code>x &lt; y</code>?"
    assert [a["answer"] for a in question["answers"]] == ["&lt;unk&gt;", "yes"]
    assert question["answers"][0]["feedback"] == "No &lt;b&gt;bold&lt;/b&gt;."
    assert [a["correct"] for a in question["answers"]] == [False, True]


def test_quiz_asks_for_all_correct_answers(shell):
    both = [{**answer, "correct": True} for answer in QUESTION["answers"]]
    (one, several), _ = questions_in(widgets.quiz([QUESTION, {**QUESTION, "answers": both}]))
    assert (one["type"], several["type"]) == ("multiple_choice", "many_choice")


def test_quiz_script_cannot_reach_mathjax(shell):
    _, script = questions_in(widgets.quiz([QUESTION]))
    assert re.match(r"<script>\{ const MathJax = undefined;", script)
    assert script.count("</script>") == 1


def test_quiz_refuses_what_does_not_teach(shell):
    silent = [{**answer, "feedback": ""} for answer in QUESTION["answers"]]
    wrong = [{**answer, "correct": False} for answer in QUESTION["answers"]]
    with pytest.raises(ValueError, match="has no feedback"):
        widgets.quiz([{**QUESTION, "answers": silent}])
    with pytest.raises(ValueError, match="no correct answer"):
        widgets.quiz([{**QUESTION, "answers": wrong}])


# ---------------------------------------------------------------------------- without a browser


def test_cells_show_widgets_and_say_what_they_are(shell):
    cells = {
        "Spectrogram explorer": widgets.explore(CLIP, RATE),
        "What do you hear? dog, cat": widgets.guess(["dog", "cat"]),
        "You have not guessed yet": widgets.guess(["dog", "cat"]).reveal("dog"),
    }
    for start, cell in cells.items():
        bundle = cell._repr_mimebundle_()
        view = bundle["application/vnd.jupyter.widget-view+json"]
        assert view["model_id"] == cell._box.model_id
        assert bundle["text/plain"].startswith(start)
    assert "Is 1 < 2" in repr(widgets.quiz([QUESTION]))
