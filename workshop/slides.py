"""A lesson as slides: one for each section heading; below it, one for each text and code cell."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from workshop import WorkshopError, editions, pages

ROOM = 26
"""Height of a slide in lines of code."""

REVEAL = ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE")
_SETUP = "# @title Setup"


def build(lesson, notebook, notes=None):
    """Return a lesson's slides as a page that needs the files of :func:`ship` beside it.

    Parameters
    ----------
    lesson : course_utils.course.syllabus.Lesson
        The lesson.
    notebook : nbformat.NotebookNode
        Its stored notebook.
    notes : dict of str to workshop.notes.Note, optional
        If given, the slides are the instructor's, with speaker notes and solutions.

    Returns
    -------
    str
        HTML.
    """
    return pages.convert(marked(notebook, notes), "deck", title=f"{lesson.number} · {lesson.title}")


def marked(notebook, notes=None):
    """Return a copy of a lesson in which each cell has its ``slide_type``.

    A heading of the second level begins a slide. Below it, each text and each code cell with its
    output gets a slide; a short text shares the slide of the code that follows it.
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
    """Copy reveal.js into the folder of the slides.

    Parameters
    ----------
    folder : path-like
        Folder of the slides; ``reveal`` with scripts, styles and licence is written into it.

    Raises
    ------
    WorkshopError
        If the package that brings reveal.js is not installed.
    """
    package = find_spec("sphinx_revealjs")  # it holds a copy of reveal.js and is not imported
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
    """Return an estimate of a cell's height in lines of code; lines of text are higher."""
    lines = len(cell.source.splitlines())
    return lines if cell.cell_type == "code" else round(1.9 * lines)
