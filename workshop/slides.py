"""A lesson as slides: a new one at every heading, below it one for each text and its code."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from workshop import WorkshopError, editions, pages

ROOM = 26
"""How many lines of code are as high as a slide."""

REVEAL = ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE")
_SETUP = "# @title Setup"


def build(lesson, notebook, notes=None):
    """Return a lesson's slides as a page that needs the files of :func:`ship` beside it.

    Parameters
    ----------
    lesson : course_utils.course.syllabus.Lesson
        Which one.
    notebook : nbformat.NotebookNode
        The lesson as it is stored.
    notes : dict of str to workshop.notes.Note, optional
        With them the deck is the instructor's: it has speaker notes and the solutions.

    Returns
    -------
    str
        HTML.
    """
    return pages.convert(marked(notebook, notes), "deck", title=f"{lesson.number} · {lesson.title}")


def marked(notebook, notes=None):
    """Return a copy of a lesson whose cells say where slides begin.

    A heading of the second level begins a slide; below it stand one for each piece of text and one
    for each cell of code, with its output beside it. A short text shares the slide of its code.
    """
    result = editions.instructor(notebook, notes) if notes else editions.split(notebook)
    result.cells = [cell for cell in result.cells if _shown(cell, notes)]
    used = 0
    for cell in result.cells:
        kind = _kind(cell)
        if kind == "subslide" and cell.cell_type == "code" and used + _lines(cell) <= ROOM:
            kind = "-"
        if kind != "notes":
            used = _lines(cell) + (used if kind == "-" else 0)
        if cell.cell_type == "code":
            used = ROOM  # nothing goes below an output
        cell.metadata["slideshow"] = {"slide_type": kind}
    return result


def ship(folder):
    """Copy reveal.js into a folder, for the slides beside it.

    Parameters
    ----------
    folder : path-like
        Gets a folder ``reveal`` with scripts, styles and licence.

    Raises
    ------
    WorkshopError
        If the package that brings reveal.js is not installed.
    """
    package = find_spec("sphinx_revealjs")  # for its copy of reveal.js; nothing of it is imported
    if package is None:
        raise WorkshopError('reveal.js is missing: python -m pip install "course_utils[workshop]"')
    source = Path(package.submodule_search_locations[0]) / "_static" / "revealjs"
    target = Path(folder) / "reveal"
    target.mkdir(parents=True, exist_ok=True)
    for name in REVEAL:
        shutil.copy(source / name, target)
    (target / "deck.css").write_text(pages.asset("deck.css"), encoding="utf-8")


def _shown(cell, notes):
    if cell.cell_type == "code" and cell.source.startswith(_SETUP):
        return False
    return bool(notes) or not editions.is_solution(cell)


def _kind(cell):
    mark = editions.heading(cell)
    if "notes" in cell.metadata.get("tags", []):
        return "notes"
    if mark and mark[0] == 2:
        return "slide"
    return "subslide"


def _lines(cell):
    """Estimate how high a cell is, in lines of code: those of text are larger."""
    lines = len(cell.source.splitlines())
    return lines if cell.cell_type == "code" else round(1.9 * lines)
