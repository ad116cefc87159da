"""A transcript plays the utterance that is clicked, in a notebook and as a page of its own."""

CELL = """
import numpy as np
from course_utils import listening
samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * 16_000) / 16_000)
said = [
    {"speaker": "Alice", "start": 0.5, "end": 1.0, "text": "<img src=x> good morning"},
    {"speaker": "Bob", "start": 2.0, "end": 2.4, "text": "hello"},
]
page = listening.transcript(samples, 16_000, said)
page.save("page.html")
page
"""
HEARD = """audio => new Promise(done => {
    const times = [];
    audio.addEventListener('timeupdate', () => times.push(audio.currentTime));
    audio.addEventListener('pause', () => done([times[0], audio.currentTime]));
    audio.closest('figure').querySelectorAll('button')[1].click();
})"""


def plays_only_what_is_clicked(page):
    """Bob's words take 2.0 s to 2.4 s; browsers look at the clock four times a second."""
    assert page.locator("img").count() == 0
    page.get_by_text("<img src=x> good morning").wait_for()
    first, last = page.locator("audio").evaluate(HEARD)
    assert 1.95 <= first <= 2.4 <= last < 2.8
    assert page.locator("audio").evaluate("audio => audio.paused && !audio.dataset.end")


def test_in_a_notebook(notebook, lab):
    notebook.open(lab.write("transcript.ipynb", [CELL]))
    notebook.run_all()
    output = notebook.output(0)
    output.get_by_text("hello").wait_for()
    plays_only_what_is_clicked(output)
    assert notebook.requests == []


def test_as_a_page_of_its_own(chromium, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(CELL, {})
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    plays_only_what_is_clicked(page)
    page.close()
