"""The facts about each lesson, read from the notebooks' own metadata.

A lesson's number, title, task, minutes, objectives, prerequisites and outcome live once, under
``metadata.course`` of its notebook. The card at its top and the README's table are written from
there by :func:`stamp`, together with the repository from which Colab opens and installs them.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils import errors

CARD_TAG = "card"
TABLE_MARKS = ("<!-- lessons: start -->", "<!-- lessons: end -->")
COLAB_MARKS = ("<!-- colab: start -->", "<!-- colab: end -->")

_GITHUB = "git+https://github.com/"
_SETUP = re.compile(rf'^REPOSITORY = "(?:{re.escape(_GITHUB)})?([^"]*)"', re.MULTILINE)
_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


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


def repository():
    """Return from where the first cell installs the course: ``"owner/name"`` on GitHub, or ``""``.

    Read from the first lesson; :func:`stamp` keeps the others and the README like it.
    """
    notebook = json.loads((folder() / lessons()[0].file).read_text(encoding="utf-8"))
    sources = ("".join(cell["source"]) for cell in notebook["cells"])
    return next((found[1] for found in map(_SETUP.search, sources) if found), "")


def badge(lesson, repository):
    """Return the Markdown that opens a lesson of a repository in Colab."""
    place = f"github/{repository}/blob/main/notebooks/{lesson.file}"
    return f"[![Open in Colab]({_BADGE})](https://colab.research.google.com/{place})"


def card(lesson, repository=""):
    """Return the Markdown that opens a lesson: title, badge where it has a repository, facts."""
    minutes = f"{lesson.minutes['pocket']} in `pocket` (CPU, no network)"
    if lesson.minutes.get("hub"):
        minutes += f", {lesson.minutes['hub']} in `hub` (network, GPU for fine-tuning)"
    objectives = "\n".join(f"> - {objective}" for objective in lesson.objectives)
    opener = f"{badge(lesson, repository)}\n\n" if repository else ""
    return (
        f"# {lesson.number} · {lesson.title}\n\n{opener}"
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


def stamp(repo=None):
    """Write the notebooks' cards and setup cells, and the README's lessons, from the facts.

    Parameters
    ----------
    repo : str, optional
        ``"owner/name"`` on GitHub: the lessons get badges that open them from there in Colab,
        where their first cell installs the course from there. ``""`` takes both away, None keeps
        what the first lesson says.

    Returns
    -------
    list of pathlib.Path
        The files that changed.

    Raises
    ------
    SyllabusError
        If `repo` is not of that form.
    """
    if repo is None:
        repo = repository()
    elif repo and not re.fullmatch(r"[\w-]+/[\w.-]+", repo, re.ASCII):
        raise SyllabusError(f"{repo!r} is no repository; write owner/name, as on GitHub.")
    changed = []
    chosen = lessons()
    setup = f'REPOSITORY = "{_GITHUB if repo else ""}{repo}"'
    for lesson in chosen:
        path = folder() / lesson.file
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            source = _SETUP.sub(setup, "".join(cell["source"]))
            if CARD_TAG in cell["metadata"].get("tags", []):
                source = card(lesson, repo)
            cell["source"] = source.splitlines(keepends=True)
        changed += _write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    readme = folder().parent / "README.md"
    text = _between(TABLE_MARKS, readme_table(chosen), readme.read_text(encoding="utf-8"))
    opener = f"{badge(chosen[0], repo)} opens lesson 00." if repo else ""
    return changed + _write(readme, _between(COLAB_MARKS, opener, text))


def _between(marks, body, text):
    """Return the text with what stands between two marks replaced."""
    start, end = marks
    pattern = re.escape(start) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: "\n".join(filter(None, (start, body, end))), text, flags=re.S)


def _write(path, text):
    if path.read_text(encoding="utf-8") == text:
        return []
    errors.write(path, text)
    return [path]
