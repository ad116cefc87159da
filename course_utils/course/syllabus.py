"""The facts about each lesson, read from the notebooks' own metadata.

A lesson's number, title, task, minutes, objectives, prerequisites and outcome live once, under
``metadata.course`` of its notebook; ``python -m workshop stamp`` writes its card from there.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from course_utils import errors


class SyllabusError(errors.CourseError, RuntimeError):
    """The notebooks cannot be found or lack a fact; the message names which."""


@dataclass(frozen=True)
class Lesson:
    """The facts of one lesson.

    ``minutes`` to run every cell is a dict with profiles as keys; ``gpu`` says whether the lesson
    trains, which takes a GPU in the hub profile.
    """

    number: str
    title: str
    task: str
    minutes: dict
    gpu: bool
    objectives: list
    prerequisites: list
    outcome: str
    file: str


def folder():
    """Return the folder of the notebooks, a :class:`pathlib.Path`.

    It is the first of these that holds a lesson: ``$COURSE_NOTEBOOKS``, ``notebooks/`` beside the
    package, ``notebooks/`` in the current folder. If none does, it raises :class:`SyllabusError`.
    """
    beside = Path(__file__).resolve().parents[2] / "notebooks"
    for candidate in (os.environ.get("COURSE_NOTEBOOKS"), beside, Path.cwd() / "notebooks"):
        if candidate and any(Path(candidate).glob("[0-9][0-9]_*.ipynb")):
            return Path(candidate)
    raise SyllabusError(
        "No lessons found: run the command from the course's folder, or set COURSE_NOTEBOOKS to "
        "the folder that holds 00_start_here.ipynb."
    )


def lessons():
    """Return every :class:`Lesson` in teaching order."""
    return [read(path) for path in sorted(folder().glob("[0-9][0-9]_*.ipynb"))]


def read(path):
    """Return the :class:`Lesson` of one notebook file."""
    path = Path(path)
    try:
        course = json.loads(path.read_text(encoding="utf-8"))["metadata"]["course"]
        return Lesson(file=path.name, **course)
    except (ValueError, KeyError, TypeError) as error:
        raise SyllabusError(
            f"{path.name}: metadata.course must hold {', '.join(list(Lesson.__annotations__)[:-1])}"
            f" and nothing else ({error})."
        ) from error


def select(numbers):
    """Return lessons in teaching order; without numbers, all.

    Parameters
    ----------
    numbers : iterable of str
        Numbers (``"3"`` or ``"03"``) or file names.
    """
    known = {lesson.number: lesson for lesson in lessons()}
    wanted = {Path(str(number)).name.split("_")[0].zfill(2) for number in numbers}
    if unknown := sorted(wanted - set(known)):
        raise SyllabusError(f"No lesson {', '.join(unknown)}; there are {', '.join(known)}.")
    return [lesson for number, lesson in known.items() if not wanted or number in wanted]
