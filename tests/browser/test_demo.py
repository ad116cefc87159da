"""The Gradio demo of lesson 12 answers in a real browser, and shows text as text."""

import html
import os
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from course_utils import audio, catalog, data
from course_utils.course import syllabus

TEXT = "<img src=x onerror=\"window.ran='yes'\"><b>bold</b>"


@pytest.fixture(scope="module")
def make_demo():
    """Return the lesson's own function."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    gradio = pytest.importorskip("gradio")
    (lesson,) = syllabus.select(["12"])
    cells = nbformat.read(syllabus.folder() / lesson.file, as_version=4).cells
    (source,) = (cell.source for cell in cells if "def make_demo" in cell.source)
    names = {"audio": audio, "gr": gradio, "html": html, "Path": Path}
    exec(source, names)
    return names["make_demo"]


class Page:
    """The demo of a pipeline, open in Chromium."""

    def __init__(self, page, address):
        self.page, self.requests = page, []
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(address)
        page.get_by_role("button", name="Submit").wait_for()

    def upload(self, name, content):
        """Choose a file, and ask."""
        file = {"name": name, "mimeType": "audio/wav", "buffer": content}
        self.page.locator("input[type=file]").set_input_files(file)
        self.ask_about_sound()

    def record(self):
        """Record two seconds, and ask."""
        self.page.get_by_label("Record audio").click()
        self.page.get_by_role("button", name="Record", exact=True).click()
        self.page.wait_for_timeout(2000)
        self.page.get_by_role("button", name="Stop").first.click()
        self.ask_about_sound()

    def ask_about_sound(self):
        """Wait until the sound has arrived, which shows a player, and ask."""
        self.page.get_by_test_id("audio-player-Your sound").wait_for(state="attached")
        self.ask()

    def ask(self):
        """Press the button."""
        self.page.get_by_role("button", name="Submit").click()

    def stayed_plain(self):
        """Hold that no text became an element, no script ran, and no other host was asked."""
        assert self.page.locator("img[src=x], b:text('bold')").count() == 0
        assert self.page.evaluate("window.ran") is None
        ours = self.page.url.rstrip("/")
        assert [url for url in self.requests if not url.startswith((ours, "data:", "blob:"))] == []


@pytest.fixture
def open_demo(make_demo, chromium):
    """Return a function that launches the demo of a pipeline as the lesson does, and opens it."""
    demos, context = [], chromium.new_context(permissions=["microphone"])
    context.set_default_timeout(600_000)

    def start(pipe, title="demo"):
        demos.append(make_demo(pipe, title))
        demos[-1].launch(
            server_name="127.0.0.1", share=False, prevent_thread_lock=True, quiet=True, inline=False
        )
        return Page(context.new_page(), demos[-1].local_url)

    yield start
    context.close()
    for demo in demos:
        demo.close(verbose=False)


class Stub:
    """A pipeline whose label, or transcript, is HTML and the loudness of what it got."""

    feature_extractor = SimpleNamespace(sampling_rate=16_000)

    def __init__(self, task):
        self.task = task

    def __call__(self, sound):
        text = f"{TEXT} {np.abs(sound['array']).max():.2f}"
        if self.task == "audio-classification":
            return [{"label": text, "score": 0.7}, {"label": "<b>bold</b>", "score": 0.3}]
        return {"text": text}


def test_an_uploaded_file_is_answered(open_demo):
    """With the real pipeline of the shipped classifier, and a bark that it was not trained on."""
    from transformers import pipeline

    sounds = data.load("sounds", split="test")
    dog = sounds["label"][:].index(sounds.features["label"].str2int("dog"))
    bark = audio.encode(*audio.load(sounds[dog]["audio"]))
    classify = pipeline("audio-classification", model=str(catalog.where("sound-classifier")))
    demo = open_demo(classify)
    demo.upload("bark.wav", bark)
    demo.page.get_by_test_id("label-output-value").get_by_text("dog").wait_for()
    demo.stayed_plain()


@pytest.mark.parametrize("task", ["audio-classification", "automatic-speech-recognition"])
def test_html_in_an_answer_is_shown_as_text(open_demo, task, wav_bytes, sine):
    demo = open_demo(Stub(task), title=TEXT)
    demo.upload(f"{TEXT}.wav", wav_bytes(sine(amplitude=0.25)))
    shown = f"{TEXT} 0.25"
    if task == "audio-classification":
        demo.page.get_by_test_id("label-output-value").get_by_text(shown).wait_for()
    else:
        box = demo.page.get_by_label("Transcript").element_handle()
        demo.page.wait_for_function("([box, text]) => box.value === text", arg=[box, shown])
    demo.stayed_plain()


def test_a_file_without_sound_and_no_file_get_a_sentence(open_demo, monkeypatch):
    """The sentence is rendered as HTML, so that the demo must escape it."""
    demo = open_demo(Stub("audio-classification"))
    demo.ask()
    demo.page.get_by_text("Record a sound or choose a file first.").wait_for()

    def refuse(*_, **__):
        raise audio.AudioError(f"{TEXT} is no sound")

    monkeypatch.setattr(audio, "load", refuse)
    demo.upload("notes.wav", b"these are not samples")
    demo.page.get_by_text(f"{TEXT} is no sound").wait_for()
    demo.stayed_plain()


def test_the_microphone_is_heard(open_demo):
    """Chromium's fake microphone beeps."""
    demo = open_demo(Stub("audio-classification"))
    demo.record()
    label = demo.page.get_by_test_id("label-output-value")
    label.get_by_text("bold").wait_for()
    assert float(label.inner_text().split()[-1]) > 0.05
    demo.stayed_plain()
