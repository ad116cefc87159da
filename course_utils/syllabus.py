"""The facts about each lesson, read from the notebooks' own metadata.

A lesson's number, title, task, minutes, objectives, prerequisites and outcome live once, under
``metadata.course`` of its notebook. The card at its top and the README's table are written from
there by :func:`stamp`.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils import _files

CARD_TAG = "card"
TABLE_MARKS = ("<!-- lessons: start -->", "<!-- lessons: end -->")


class SyllabusError(RuntimeError):
    """The notebooks cannot be found or lack a fact; the message names which."""


@dataclass(frozen=True)
class Lesson:
    """What a notebook says of itself under ``metadata.course``."""

    number: str
    title: str
    task: str
    minutes: dict
    objectives: list
    prerequisites: list
    outcome: str
    file: str

    def facts(self):
        """Return the facts as a plain dict, ready for JSON."""
        return asdict(self)


def folder():
    """Return the folder of the notebooks.

    Returns
    -------
    pathlib.Path
        ``$COURSE_NOTEBOOKS``, else ``notebooks/`` beside the package, else the one below the
        current folder.

    Raises
    ------
    SyllabusError
        If there is none.
    """
    beside = Path(__file__).resolve().parent.parent / "notebooks"
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
    """Read one notebook's facts.

    Parameters
    ----------
    path : path-like
        A notebook.

    Returns
    -------
    Lesson
        Its facts.

    Raises
    ------
    SyllabusError
        If the file is no notebook or ``metadata.course`` lacks a fact.
    """
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
    """Return the lessons with these numbers, all when there are none.

    Parameters
    ----------
    numbers : iterable of str
        Numbers (``"3"`` or ``"03"``) or file names.

    Returns
    -------
    list of Lesson
        In teaching order.

    Raises
    ------
    SyllabusError
        If a number names no lesson.
    """
    known = {lesson.number: lesson for lesson in lessons()}
    wanted = {Path(str(number)).name.split("_")[0].zfill(2) for number in numbers}
    if unknown := sorted(wanted - set(known)):
        raise SyllabusError(f"No lesson {', '.join(unknown)}; there are {', '.join(known)}.")
    return [lesson for number, lesson in known.items() if not wanted or number in wanted]


def card(lesson):
    """Return the Markdown that opens a lesson: title, badge, and the card."""
    minutes = f"{lesson.minutes['pocket']} in `pocket` (CPU, no network)"
    if lesson.minutes.get("hub"):
        minutes += f", {lesson.minutes['hub']} in `hub` (network, GPU for fine-tuning)"
    objectives = "\n".join(f"> - {objective}" for objective in lesson.objectives)
    return (
        f"# {lesson.number} · {lesson.title}\n\n"
        "[Open in Colab](https://colab.research.google.com/) (upload this file there; the README "
        "says how)\n\n"
        f"> **You will be able to**\n{objectives}\n>\n"
        f"> **Before this:** {'; '.join(lesson.prerequisites) or 'nothing'}  \n"
        f"> **Minutes to run:** {minutes}  \n"
        f"> **At the end you have:** {lesson.outcome}"
    )


def readme_table(chosen):
    """Return the README's table of lessons as Markdown."""
    rows = [
        f"| [{lesson.number}](notebooks/{lesson.file}) | {lesson.title} | {lesson.outcome} "
        f"| {lesson.minutes['pocket']} |"
        for lesson in chosen
    ]
    head = (
        "| lesson | title | at the end you have | minutes to run in `pocket` |\n"
        "| --- | --- | --- | ---: |"
    )
    return "\n".join([head, *rows])


def stamp():
    """Write the card of every notebook and the README's table from the facts.

    Returns
    -------
    list of pathlib.Path
        The files that changed.
    """
    changed = []
    chosen = lessons()
    for lesson in chosen:
        path = folder() / lesson.file
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if CARD_TAG in cell["metadata"].get("tags", []):
                cell["source"] = card(lesson).splitlines(keepends=True)
        changed += _write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    readme = folder().parent / "README.md"
    start, end = TABLE_MARKS
    body = f"{start}\n{readme_table(chosen)}\n{end}"
    text = readme.read_text(encoding="utf-8")
    pattern = re.escape(start) + ".*?" + re.escape(end)
    changed += _write(readme, re.sub(pattern, lambda _: body, text, flags=re.DOTALL))
    return changed


def _write(path, text):
    if path.read_text(encoding="utf-8") == text:
        return []
    _files.write(path, text)
    return [path]
