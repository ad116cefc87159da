"""The course's own widgets, and a quiz, answer to clicks in a real browser."""

import io

import numpy as np
import soundfile as sf

CLIP = """
import numpy as np
from course_utils import listening
from course_utils.course import widgets
sampling_rate = 16_000
samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * sampling_rate) / sampling_rate)
"""


def no_errors(notebook):
    """Errors that are not about what JupyterLab itself asks for in vain."""
    assert [text for text in notebook.errors if "Failed to load resource" not in text] == []


def test_explorer_redraws_and_says_what_it_resolves(notebook, lab):
    """Moving the window slider changes the picture, and the sentence below it."""
    notebook.open(lab.write("explore.ipynb", [CLIP, "widgets.explore(samples, sampling_rate)"]))
    notebook.run_all()
    explorer = notebook.output(1)
    picture, sentence = explorer.locator("img"), explorer.get_by_role("status")
    sentence.get_by_text("Time resolution 64.0 ms").wait_for()
    assert "Bin spacing 15.6 Hz" in sentence.inner_text()
    pixels = "async (img) => (await (await fetch(img.src)).blob()).size"
    before = picture.get_attribute("src"), picture.evaluate(pixels)
    handle = explorer.get_by_role("slider").first
    handle.focus()
    handle.press("ArrowLeft")  # from 1024 to 512 samples
    sentence.get_by_text("Time resolution 32.0 ms").wait_for()
    assert "Bin spacing 31.2 Hz" in sentence.inner_text()
    notebook.page.wait_for_function(
        "([img, old]) => img.src !== old", arg=[picture.element_handle(), before[0]]
    )
    assert picture.evaluate(pixels) != before[1]
    no_errors(notebook)


def test_guess_is_kept_for_a_later_cell(notebook, lab):
    """The first click counts, and what was revealed before fills in by itself."""
    cells = [
        CLIP,
        "player = listening.play(samples, sampling_rate, '<b>A</b>')\n"
        "first = widgets.guess(['<i>dog</i>', 'cat'], player=player)\nfirst",
        "first.reveal('cat', model={'label': 'cat', 'score': 0.93})",
        "print(first.choice)",
    ]
    notebook.open(lab.write("guess.ipynb", cells))
    notebook.run_all()
    notebook.output(2).get_by_text("You have not guessed yet").wait_for()
    assert "None" in notebook.output(3).inner_text()
    cell = notebook.output(1)
    assert cell.locator("figcaption").inner_text() == "<b>A</b>"
    assert cell.locator("audio").evaluate("a => a.readyState > 0 && a.duration > 1.9")
    cell.get_by_role("button", name="<i>dog</i>").click()
    cell.get_by_text("Your guess: <i>dog</i>").wait_for()
    said = "You said <i>dog</i>, the model says cat (0.93), the right answer is cat."
    notebook.output(2).get_by_text(said).wait_for()
    assert cell.get_by_role("button", name="cat").is_disabled()
    assert "<i>dog</i>" in notebook.run(3)
    assert said in notebook.run(2)
    no_errors(notebook)


LOAD = """
heard, rate = mine.load(16_000, default=(0 * samples, sampling_rate))
peak = np.argmax(np.abs(np.fft.rfft(heard))) * rate / len(heard)
loud = np.abs(heard).max() > 0.01
print(f"{rate} Hz, {len(heard) / rate:.1f} s, loud {loud}, {peak:.0f} Hz peak")
"""


def test_recorder_sends_what_the_microphone_hears(notebook, lab):
    """Record, stop, and the next cell has the fake microphone's beeps; Enter and Space do it."""
    notebook.page.context.grant_permissions(["microphone"], origin=lab.address)
    cells = [CLIP, "mine = listening.record(seconds_max=20)\nmine", LOAD]
    notebook.open(lab.write("record.ipynb", cells))
    notebook.run(0)
    notebook.run(1)
    recorder = notebook.output(1)
    recorder.get_by_text("Ready to record up to 20 s").wait_for()
    recorder.get_by_role("button", name="Record").press("Enter")
    recorder.get_by_text("Recording.").wait_for()
    level = recorder.get_by_label("Input level").element_handle()
    notebook.page.wait_for_function("level => level.value > 0.05", arg=level)
    notebook.page.wait_for_timeout(1500)
    recorder.get_by_role("button", name="Stop").press("Space")
    recorder.get_by_text("Received recording.wav").wait_for()
    assert recorder.locator("audio").evaluate("a => a.duration") >= 1.2
    printed = notebook.run(2)
    assert "16000 Hz" in printed
    assert "loud True" in printed
    no_errors(notebook)


def test_recording_ends_by_itself(notebook, lab):
    """After seconds_max the recorder stops and sends."""
    notebook.page.context.grant_permissions(["microphone"], origin=lab.address)
    cells = ["from course_utils import listening", "listening.record(seconds_max=1)"]
    notebook.open(lab.write("short.ipynb", cells))
    notebook.run_all()
    recorder = notebook.output(1)
    recorder.get_by_role("button", name="Record").click()
    recorder.get_by_text("Received recording.wav").wait_for()
    assert recorder.get_by_role("button", name="Stop").is_disabled()
    assert recorder.get_by_role("button", name="Record").is_enabled()
    no_errors(notebook)


def test_refused_microphone_leaves_the_file(notebook, lab):
    """Without permission the widget says so; a file given instead reaches the next cell."""
    notebook.page.context.clear_permissions()
    notebook.open(lab.write("refused.ipynb", [CLIP, "mine = listening.record()\nmine", LOAD]))
    notebook.run(0)
    notebook.run(1)
    recorder = notebook.output(1)
    recorder.get_by_role("button", name="Record").click()
    recorder.get_by_text("was not allowed to use the microphone").wait_for()
    recorder.locator("input[type=file]").set_input_files(
        {"name": "notes.wav", "mimeType": "audio/wav", "buffer": b"these are not samples"}
    )
    recorder.get_by_text("notes.wav").wait_for()
    assert recorder.locator(".course-recorder").get_attribute("data-state") == "error"
    flac = io.BytesIO()
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(3 * 8000) / 8000)
    sf.write(flac, tone, 8000, format="FLAC")
    recorder.locator("input[type=file]").set_input_files(
        {"name": "tone.flac", "mimeType": "audio/flac", "buffer": flac.getvalue()}
    )
    recorder.get_by_text("Received tone.flac: 3.0 s at 8000 Hz.").wait_for()
    assert "16000 Hz, 3.0 s, loud True, 1000 Hz peak" in notebook.run(2)
    no_errors(notebook)


QUIZ = """
from course_utils.course import widgets
widgets.quiz([{
    "question": "How many samples has 0.5 s at 16 kHz?",
    "answers": [
        {"answer": "8000", "correct": True, "feedback": "0.5 times `16_000`, not <unk>."},
        {"answer": "32000", "correct": False, "feedback": "That is 2 s."},
    ],
}])
"""


def test_quiz_explains_each_answer_offline(notebook, lab):
    """A click on an option shows its explanation, and nothing comes from another machine."""
    notebook.open(lab.write("quiz.ipynb", [QUIZ, QUIZ]))
    notebook.run_all()
    for index in range(2):
        quiz = notebook.output(index)
        quiz.get_by_text("32000").click()
        quiz.get_by_text("That is 2 s.").wait_for()
        quiz.get_by_text("8000", exact=True).click()
        quiz.get_by_text("0.5 times 16_000, not <unk>.").wait_for()
    notebook.page.wait_for_timeout(700)  # after 500 ms jupyterquiz would ask for MathJax
    no_errors(notebook)
    assert notebook.requests == []
