"""Every lesson with Colab's versions, trainings cut short; and the parts that a learner touches."""

import pytest

from course_utils.course import syllabus
from tests.kernels import ALONE, QUICK, said

WIDGETS = """
import numpy as np
from course_utils.course import exercises, widgets
from course_utils import listening
clip = np.sin(np.arange(16_000) / 5).astype(np.float32)
explorer = widgets.explore(clip, 16_000)
explorer.mel.value = True
explorer
---
guess = widgets.guess(["dog", "cat"], player=listening.play(clip, 16_000))
guess
---
shown = guess.reveal("dog", model={"label": "cat", "score": 0.5})
guess._buttons[0].click()
assert "You said dog, the model says cat (0.50), the right answer is dog" in repr(shown)
shown
---
listening.record()
---
import google.colab.output
assert google.colab.output.enabled  # without it, Colab shows no widgets but its own
listening.upload()
"""
# Of the originals that the hub profile loads, those that older Transformers do not open by itself.
VOCODERS = """
from transformers import AutoModel, FastSpeech2ConformerHifiGan, SpeechT5HifiGan
from course_utils import pipelines
pipelines.register()
for made in (FastSpeech2ConformerHifiGan, SpeechT5HifiGan):
    small = made.config_class(
        model_in_dim=8, upsample_initial_channel=8, upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
    )
    made(small).save_pretrained(made.__name__)
    print(type(AutoModel.from_pretrained(made.__name__)).__name__)
"""
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def start(arrival, colab, tmp_path_factory):
    """Return a context manager that starts a kernel: Colab's versions, the wheel, less data."""
    colab.thin()
    folder = tmp_path_factory.mktemp("runs")
    return lambda: colab.kernel(folder, COURSE_HOME=folder / "home", **QUICK)


@pytest.fixture(scope="module")
def shared(start):
    with start() as running:
        yield running


@pytest.fixture
def alone(start):
    with start() as running:
        yield running


def test_widgets_show_themselves(shared):
    for cell in shared.cells(*WIDGETS.split("---\n")):
        (output,) = cell.outputs
        assert VIEW in output.data, output


def test_quizzes_show_themselves(shared):
    numbers = [lesson.number for lesson in syllabus.lessons()]
    shows = [f'from course_utils import exercises\nexercises.quiz("{n}")' for n in numbers]
    for cell in shared.cells(*shows):
        (output,) = cell.outputs
        assert "course-quiz" in output.data["text/html"], cell.source


def test_the_vocoders_of_the_hub_open(shared):
    (cell,) = shared.cells(VOCODERS)
    printed = "".join(o.text for o in cell.outputs if o.get("name") == "stdout")
    assert printed.splitlines() == ["FastSpeech2ConformerHifiGan", "SpeechT5HifiGan"]


@pytest.mark.notebooks
@pytest.mark.parametrize("lesson", syllabus.lessons(), ids=lambda lesson: lesson.number)
def test_lesson_runs(lesson, request):
    running = request.getfixturevalue("alone" if lesson.number in ALONE else "shared")
    cells = running.lesson(lesson).cells
    assert "transformers 5.15.0, datasets 4.0.0" in said(cells[2])
    for cell in cells:
        for output in cell.get("outputs", []):
            # Colab's Gradio forgets to await something of FastAPI's, and Python says so.
            quiet = output.get("name") != "stderr" or "/fastapi/" in output.text
            assert quiet, f"{cell.source}\n{output.text}"
            text = output.get("text", "")  # a check-up of planted faults has lines with [fix], too
            assert "[fix]" not in text or "to look at" in text
