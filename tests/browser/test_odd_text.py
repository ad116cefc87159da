"""Markup, formulas, line ends and right-to-left text stay text in a real browser."""

import pytest

ODD = (
    "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>",
    '\'" onmouseover="window.hacked=1" x=\'',
    "costs $5 or $\\frac{6}$ more",
    "\\(x^2\\) & &lt;b&gt;",
    "\u202eשלום \u0645\u0631\u062d\u0628\u0627",
    "two\nlines",
)
CELLS = [
    f"""
import numpy as np
from course_utils.course import lesson, widgets
from course_utils import listening, scoring
clip = 0.1 * np.ones(1600, np.float32), 16_000
odd = {ODD!r}
""",
    "listening.grid([clip] * len(odd), titles=odd, captions=odd)",
    """
said = [{"speaker": n, "start": k * 0.01, "end": k * 0.01 + 0.01, "text": n}
        for k, n in enumerate(odd)]
page = listening.transcript(*clip, said, title=odd[0] + odd[2])
page.save("page.html")
page
""",
    "first = widgets.guess(odd, question=odd[0] + odd[2])\nfirst",
    "first.reveal(odd[2], model={'label': odd[0], 'score': 0.5})",
    "lesson.start('02')\nscoring.report(list(odd), list(odd))",
]


def shown_as_text(output, wanted):
    """Each text is there, as often as it is wanted or more, and nothing was made of it."""
    said = output.evaluate("node => node.textContent")
    for text in ODD:
        assert said.count(text) >= wanted, (text, said)
    assert output.locator("mjx-container, .MathJax, img, figure script").count() == 0


def test_in_a_notebook(notebook, lab):
    notebook.open(lab.write("odd.ipynb", CELLS))
    notebook.run_all()
    notebook.output(5).get_by_text("macro average").wait_for()
    notebook.page.wait_for_timeout(1_500)  # formulas would be set now
    shown_as_text(notebook.output(1), 2)
    shown_as_text(notebook.output(2), 2)
    guess = notebook.output(3)
    shown_as_text(guess, 1)
    guess.get_by_role("button").nth(2).click()
    notebook.output(4).get_by_text("You said").wait_for()
    revealed = notebook.output(4).evaluate("node => node.textContent")
    assert revealed.count(ODD[2]) == 2 and revealed.count(ODD[0]) == 1
    table = notebook.output(5)
    said = table.evaluate("node => node.textContent")
    assert all(text in said for text in ODD if "\n" not in text)
    for number in range(1, 6):
        assert notebook.output(number).locator("mjx-container").count() == 0, number
    assert notebook.page.evaluate("window.hacked") is None
    assert notebook.requests == []


def test_as_a_page_of_its_own(chromium, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in CELLS[:3]:
        exec(cell, names)
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    shown_as_text(page.locator("body"), 2)
    assert page.locator("button").count() == len(ODD)
    assert page.evaluate("window.hacked") is None
    page.close()


@pytest.mark.parametrize("text", ODD)
def test_the_title_of_a_page_is_text(text, chromium, tmp_path):
    from course_utils import listening

    listening.Player("<p>page</p>", text.splitlines()[0]).save(tmp_path / "page.html")
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.title() == " ".join(text.splitlines()[0].split())
    page.close()
