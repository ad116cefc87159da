"""Editions of the lessons: what learners get holds no solution, what instructors get holds all."""

import html
import json
import re

import nbformat
import pytest

from course_utils.course import exercises, syllabus
from workshop import editions, notes, sheet, slides

LESSONS = syllabus.lessons()
SHORTEST = 9  # characters of a line that tells something; scraps such as "]" may stand anywhere
lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)


def stored(lesson):
    """Read a lesson as plain JSON, without the code under test."""
    return json.loads((syllabus.folder() / lesson.file).read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def squeezed(text):
    return re.sub(r"\s+", "", text)


def secret_lines(lesson):
    """Return, for each solution, its lines that stand in no other cell of the lesson."""
    cells = stored(lesson)
    solutions = [source(c) for c in cells if "solution" in c["metadata"].get("tags", [])]
    public = {
        squeezed(line)
        for cell in cells
        if "solution" not in cell["metadata"].get("tags", [])
        for line in source(cell).splitlines()
    }
    found = [
        [s for line in text.splitlines() if (s := squeezed(line)) and s not in public]
        for text in solutions
    ]
    assert len(found) == len(exercises.catalogue(lesson.number))
    return found


def visible(page):
    """Return the text of a page without tags, scripts and white space."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    return squeezed(html.unescape(re.sub(r"<[^>]+>", "", page)))


@lessons
def test_no_solution_reaches_learners(lesson):
    notebook = editions.read(lesson)
    written = {
        "lesson": squeezed("\n".join(map(source, editions.learner(notebook).cells))),
        "recall": squeezed("\n".join(map(source, editions.recall(notebook).cells))),
        "slides": visible(slides.build(lesson, notebook)),
    }
    for lines in secret_lines(lesson):
        telling = [line for line in lines if len(line) >= SHORTEST]
        assert any(not line.startswith("#") for line in telling), lines
        for line in telling:
            for name, text in written.items():
                assert line not in text, f"{name} of lesson {lesson.number} holds {line}"


def test_no_solution_is_on_the_sheet():
    text = visible(sheet.build())
    for lesson in LESSONS:
        for lines in secret_lines(lesson):
            for line in lines:
                assert len(line) < SHORTEST or line not in text, line


@lessons
def test_the_test_for_solutions_finds_them_where_they_are(lesson):
    notebook = editions.read(lesson)
    text = visible(slides.build(lesson, notebook, notes.read(lesson.number)))
    for lines in secret_lines(lesson):
        assert all(line in text for line in lines if len(line) >= SHORTEST)


@lessons
def test_learners_get_the_lesson_without_outputs(lesson):
    cells = editions.learner(editions.read(lesson)).cells
    original = stored(lesson)
    assert len(cells) == len(original)
    for cell, before in zip(cells, original, strict=True):
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
        if "solution" in before["metadata"].get("tags", []):
            assert cell.cell_type == "markdown" and "with your instructor" in cell.source
        else:
            assert cell.source == source(before)


def test_learners_are_told_which_names_later_cells_use():
    (lesson,) = syllabus.select(["02"])
    found = {task.id: task.needed for task in editions.tasks(editions.read(lesson))}
    assert found == {
        "02.1": ("softmax",),
        "02.2": ("among",),
        "02.3": ("at_threshold",),
        "02.4": ("windows",),
    }
    cells = editions.learner(editions.read(lesson)).cells
    (pointer,) = (cell.source for cell in cells if cell.source.startswith("*The solution of 02.1"))
    assert "use `softmax`" in pointer


@lessons
def test_instructors_get_everything_and_the_notes(lesson):
    speaker_notes = notes.read(lesson.number)
    cells = editions.instructor(editions.read(lesson), speaker_notes).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    before = [cell for cell in stored(lesson) if cell["cell_type"] == "code"]
    assert [cell.source for cell in code] == [source(cell) for cell in before]
    assert [len(cell.outputs) for cell in code] == [len(cell["outputs"]) for cell in before]
    shown = [cell.source for cell in cells if "notes" in cell.metadata.get("tags", [])]
    assert len(shown) == len(speaker_notes)
    for text, note in zip(shown, speaker_notes.values(), strict=True):
        assert text.startswith(f"> **Speaker notes, {note.minutes} min**")


@lessons
def test_every_edition_is_a_valid_notebook(lesson):
    notebook = editions.read(lesson)
    for edition in (
        editions.learner(notebook),
        editions.recall(notebook),
        editions.instructor(notebook, notes.read(lesson.number)),
    ):
        nbformat.validate(edition)
        assert len({cell.id for cell in edition.cells}) == len(edition.cells)


@lessons
def test_recall_has_headings_and_code_only(lesson):
    cells = editions.recall(editions.read(lesson)).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert all(re.fullmatch(r"#{1,3} [^\n]+", text) for text in prose)
    wanted = re.findall(r"^## .+$", "\n".join(source(c) for c in stored(lesson)
                                              if c["cell_type"] == "markdown"), re.M)  # fmt: skip
    assert [text for text in prose if text.startswith("## ")] == wanted


@lessons
def test_splitting_loses_nothing(lesson):
    whole = "".join(source(cell) for cell in stored(lesson))
    parts = "".join(cell.source for cell in editions.split(editions.read(lesson)).cells)
    assert squeezed(parts) == squeezed(whole)


def test_a_heading_inside_a_block_of_code_is_none():
    text = "before\n\n```\n## no heading\n```\n\n## Heading\n\nafter"
    cell = nbformat.v4.new_markdown_cell(text)
    parts = editions.split(nbformat.v4.new_notebook(cells=[cell])).cells
    assert [part.source for part in parts] == [
        "before\n\n```\n## no heading\n```",
        "## Heading\n\nafter",
    ]


def test_the_sheet_has_every_exercise_with_its_facts_and_room():
    page = sheet.build()
    found = re.findall(
        r'<article><h3>(\S+) .*?title="difficulty (\d)".*?</span> (\d+) minute', page
    )
    assert [exercise_id for exercise_id, *_ in found] == list(exercises.catalogue())
    assert all("1" <= difficulty <= "4" for _, difficulty, _ in found)
    assert found[0] == ("00.1", "1", "1") and ("04.2", "4", "12") in found
    for article in page.split("<article>")[1:]:
        assert article.count('class="line"') >= 4 and "exercises.check" not in article
    toy = next(part for part in page.split("<article>") if part.startswith("<h3>06.1"))
    assert "data:image/png;base64," in toy  # it is to be read off
