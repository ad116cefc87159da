"""The editions of a lesson: for learners, for instructors, and for recall (no prose)."""

import ast
import copy
import re
from dataclasses import dataclass

import nbformat

from course_utils.course import syllabus

HEADING = re.compile(r"^(#{2,3}) (.+)$")
EXERCISE = re.compile(r"Exercise (\d\d\.\d+) \(difficulty (\d), (\d+) minutes?\)")
"""Heading of an exercise: its id, its difficulty and its minutes."""
OPENING = "Opening"
"""Name of the section before a lesson's first heading: card, setup, introduction."""


@dataclass(frozen=True)
class Task:
    """An exercise of a lesson.

    Attributes
    ----------
    id : str
        For example ``"01.3"``.
    difficulty, minutes : int
        As its heading states them.
    section : str
        Heading of the second level above it.
    text : str
        What to do, as Markdown.
    stub, solution : str
        Source of the cell that learners complete, and of the cell with the answer.
    needed : tuple of str
        Names defined by the solution that later cells use; until the exercise is solved, these
        cells end in an error.
    picture : str
        Figure that the question is about, PNG in base64; empty without a figure, or if the answer
        is a function.
    """

    id: str
    difficulty: int
    minutes: int
    section: str
    text: str
    stub: str
    solution: str
    needed: tuple
    picture: str


def read(lesson):
    """Return the stored notebook of a lesson, a :class:`nbformat.NotebookNode`."""
    return nbformat.read(syllabus.folder() / lesson.file, as_version=4)


def is_solution(cell):
    """Return whether a cell holds the answer to an exercise."""
    return "solution" in cell.metadata.get("tags", [])


def split(notebook):
    """Return a copy in which every heading begins a new Markdown cell.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        A lesson.

    Returns
    -------
    nbformat.NotebookNode
        The same content in at least as many cells.
    """
    result = copy.deepcopy(notebook)
    result.cells = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            result.cells.append(copy.deepcopy(cell))
            continue
        for index, piece in enumerate(_pieces(cell.source)):
            part = copy.deepcopy(cell)
            part.source = piece
            if "id" in part:
                part.id = part.id if index == 0 else f"{part.id}-{index}"
            result.cells.append(part)
    return result


def heading(cell):
    """Return ``(level, text)`` of the heading at the start of a cell from `split`, or None."""
    found = HEADING.match(cell.source.split("\n", 1)[0]) if cell.cell_type == "markdown" else None
    return (len(found[1]), found[2]) if found else None


def headings(notebook):
    """Return ``OPENING`` and the headings of the second level, in order."""
    found = [heading(cell) for cell in split(notebook).cells]
    return [OPENING, *(text for level, text in filter(None, found) if level == 2)]


def tasks(notebook):
    """Return every :class:`Task` of a lesson, in order.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The stored lesson.

    Returns
    -------
    list of Task
    """
    cells = split(notebook).cells
    section, found = OPENING, []
    for index, cell in enumerate(cells):
        if (mark := heading(cell)) and mark[0] == 2:
            section = mark[1]
        if not (mark and (facts := EXERCISE.match(mark[1]))):
            continue
        stub, solution = cells[index + 1], cells[index + 2]
        found.append(
            Task(
                id=facts[1],
                difficulty=int(facts[2]),
                minutes=int(facts[3]),
                section=section,
                text=cell.source.split("\n", 1)[1].strip(),
                stub=stub.source,
                solution=solution.source,
                needed=tuple(sorted(_assigned(solution.source) & _used(cells[index + 3 :]))),
                picture="" if "def " in stub.source else _picture(cells[index - 1]),
            )
        )
    return found


def learner(notebook):
    """Return the edition for learners: no outputs, and a pointer where a solution was.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The lesson as it is stored.

    Returns
    -------
    nbformat.NotebookNode
    """
    pointers = {task.solution: _pointer(task) for task in tasks(notebook)}
    result = _cleared(notebook)
    result.cells = [pointers.get(c.source, c) if is_solution(c) else c for c in result.cells]
    return result


def recall(notebook):
    """Return the edition for recall: headings and code, without prose, outputs and solutions."""
    result = _cleared(notebook)
    cells, result.cells = split(result).cells, []
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.split("\n", 1)[0]
        if cell.source.startswith("# ") or heading(cell) or cell.cell_type == "code":
            result.cells.append(cell)
    result.cells = [cell for cell in result.cells if not is_solution(cell)]
    return result


def instructor(notebook, notes):
    """Return the edition for instructors: solutions, outputs, and speaker notes below headings.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The stored lesson.
    notes : dict of str to workshop.notes.Note
        By heading, as :func:`workshop.notes.read` returns them.

    Returns
    -------
    nbformat.NotebookNode
    """
    result = split(notebook)
    cells, result.cells = result.cells, []
    for index, cell in enumerate(cells):
        mark = heading(cell)
        result.cells.append(cell)
        name = OPENING if index == 0 else mark[1] if mark and mark[0] == 2 else None
        if name:
            result.cells.append(_note_cell(notes[name], f"note-{len(result.cells)}"))
    return result


def _pieces(source):
    pieces, fenced = [[]], False
    for line in source.split("\n"):
        fenced ^= line.startswith("```")
        if HEADING.match(line) and not fenced and pieces[-1]:
            pieces.append([])
        pieces[-1].append(line)
    texts = ("\n".join(lines).strip() for lines in pieces)
    return [text for text in texts if text]


def _cleared(notebook):
    result = copy.deepcopy(notebook)
    result.metadata.pop("widgets", None)
    for cell in result.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return result


def _pointer(task):
    text = f"*The solution of {task.id} is with your instructor.*"
    if task.needed:
        names = ", ".join(f"`{name}`" for name in task.needed)
        text += f" Later cells use {names} and end in an error until the exercise is solved."
    cell = nbformat.v4.new_markdown_cell(text, metadata={"tags": ["pointer"]})
    cell.id = f"pointer-{task.id.replace('.', '-')}"
    return cell


def _note_cell(note, name):
    text = f"**Speaker notes, {note.minutes} min**\n\n{note.text}"
    quoted = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
    cell = nbformat.v4.new_markdown_cell(
        quoted, metadata={"tags": ["notes"], "slideshow": {"slide_type": "notes"}}
    )
    cell.id = name
    return cell


def _picture(cell):
    """Return the last figure that a cell drew, PNG in base64, or an empty string."""
    drawn = [o.get("data", {}).get("image/png", "") for o in cell.get("outputs", [])]
    return drawn[-1].strip() if drawn else ""


def _assigned(source):
    """Return the names that a cell defines at its top level."""
    names = set()
    for statement in _parsed(source).body:
        if isinstance(statement, ast.FunctionDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names


def _used(cells):
    """Return the names that code cells read, apart from exercises and their solutions."""
    names = set()
    for cell in cells:
        if cell.cell_type == "code" and not is_solution(cell) and "your turn" not in cell.source:
            loads = (n for n in ast.walk(_parsed(cell.source)) if isinstance(n, ast.Name))
            names |= {node.id for node in loads if isinstance(node.ctx, ast.Load)}
    return names


def _parsed(source):
    """Parse a cell without its IPython magics and shell commands."""
    plain = (line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))
    return ast.parse("\n".join(plain))
