"""Lesson facts: read from the notebooks, selected by number, written to cards and README."""

import json

import pytest

from course_utils import syllabus

FACTS = {
    "number": "07", "title": "Seven <b>", "task": "t", "minutes": {"pocket": 2, "hub": 9},
    "objectives": ["one", "two"], "prerequisites": ["lesson 06"], "outcome": "a thing",
}  # fmt: skip


def notebook(**course):
    card = {"cell_type": "markdown", "metadata": {"tags": ["card"]}, "source": ["old"]}
    return {"cells": [card], "metadata": {"course": course}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "notebooks"))
    for number in ("07", "03"):
        path = tmp_path / "notebooks" / f"{number}_x.ipynb"
        path.write_text(json.dumps(notebook(**FACTS | {"number": number})))
    start, end = syllabus.TABLE_MARKS
    (tmp_path / "README.md").write_text(f"above\n{start}\nold\n{end}\nbelow\n")
    return tmp_path / "notebooks"


def test_lessons_come_in_order_and_can_be_selected(folder):
    assert [lesson.number for lesson in syllabus.lessons()] == ["03", "07"]
    for name in ("7", "07", "07_x.ipynb", "notebooks/07_x.ipynb"):
        assert [lesson.number for lesson in syllabus.select([name])] == ["07"]
    assert len(syllabus.select([])) == 2
    with pytest.raises(syllabus.SyllabusError, match="No lesson 12; there are 03, 07"):
        syllabus.select(["12"])


def test_stamp_writes_cards_and_table_once(folder):
    changed = {path.name for path in syllabus.stamp()}
    assert changed == {"03_x.ipynb", "07_x.ipynb", "README.md"}
    assert syllabus.stamp() == []
    card = "".join(json.loads((folder / "07_x.ipynb").read_text())["cells"][0]["source"])
    assert card.startswith("# 07 · Seven <b>")
    assert "- two" in card and "lesson 06" in card and "2 in `pocket`" in card
    readme = (folder.parent / "README.md").read_text()
    assert readme.startswith("above\n") and readme.endswith("below\n")
    assert "[07](notebooks/07_x.ipynb)" in readme and "\nold\n" not in readme


@pytest.mark.parametrize("text", ["", "{}", '{"metadata": {"course": {"number": "01"}}}', "[]"])
def test_a_notebook_without_its_facts_is_named(folder, text):
    (folder / "09_broken.ipynb").write_text(text)
    with pytest.raises(syllabus.SyllabusError, match=r"09_broken\.ipynb: metadata\.course must"):
        syllabus.lessons()


def test_no_notebooks_anywhere_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path))
    monkeypatch.setattr(syllabus, "__file__", str(tmp_path / "a" / "b.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(syllabus.SyllabusError, match="COURSE_NOTEBOOKS"):
        syllabus.lessons()
