"""The README names the lesson of every audio pipeline of the installed Transformers."""

import inspect
import re
from importlib import import_module

from transformers.pipelines import SUPPORTED_TASKS, TASK_ALIASES

from course_utils import pipelines
from course_utils.course import syllabus

ROW = re.compile(r"^\| (`[a-z-]+`.*?) \| ([\d, ]+|none) \|$", re.MULTILINE)


def audio_tasks():
    """Return the tasks whose pipeline has to do with audio: its module speaks of it."""
    found = set()
    for task, facts in SUPPORTED_TASKS.items():
        place = facts["impl"]
        module = place.rsplit(".", 1)[0] if isinstance(place, str) else place.__module__
        if "audio" in inspect.getsource(import_module(module)).lower():
            found.add(task)
    return found


def table():
    """Return the rows of the README: tasks named in a row, and the numbers of lessons."""
    text = (syllabus.folder().parent / "README.md").read_text(encoding="utf-8")
    section = text.split("### The audio pipelines of Transformers")[1].split("\n\n")[1]
    return {
        tuple(re.findall(r"`([a-z-]+)`", names)): re.findall(r"\d\d", numbers)
        for names, numbers in ROW.findall(section)
    }


def test_every_audio_pipeline_of_transformers_has_a_row():
    ours = {pipelines.TASK}  # registered by this package, in this process or not
    named = {name for names in table() for name in names}
    assert {TASK_ALIASES.get(name, name) for name in named} == audio_tasks() - ours


def test_the_lessons_of_a_row_call_its_pipeline():
    for names, numbers in table().items():
        for number in numbers:
            (lesson,) = syllabus.select([number])
            text = (syllabus.folder() / lesson.file).read_text(encoding="utf-8")
            assert any(f'\\"{name}\\"' in text for name in names), (number, names)
