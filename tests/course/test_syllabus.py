"""Lesson facts: read from the notebooks, selected by number."""

import json

import pytest

from course_utils.course import syllabus

FACTS = {
    "title": "Seven",
    "task": "t",
    "minutes": {"pocket": 2, "hub": 9},
    "gpu": True,
    "objectives": [],
    "prerequisites": [],
    "outcome": "a thing",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path))
    for number in ("07", "03"):
        notebook = {"cells": [], "metadata": {"course": FACTS | {"number": number}}}
        (tmp_path / f"{number}_x.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return tmp_path


def test_lessons_come_in_order_and_can_be_selected(folder):
    assert [lesson.number for lesson in syllabus.lessons()] == ["03", "07"]
    for name in ("7", "07", "07_x.ipynb", "notebooks/07_x.ipynb"):
        assert [lesson.number for lesson in syllabus.select([name])] == ["07"]
    assert len(syllabus.select([])) == 2
    with pytest.raises(syllabus.SyllabusError, match="No lesson 12; there are 03, 07"):
        syllabus.select(["12"])


@pytest.mark.parametrize("text", ["", "{}", '{"metadata": {"course": {"number": "01"}}}', "[]"])
def test_a_notebook_without_its_facts_is_named(folder, text):
    (folder / "09_broken.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(syllabus.SyllabusError, match=r"09_broken\.ipynb: metadata\.course must"):
        syllabus.lessons()


def test_no_notebooks_anywhere_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path))
    monkeypatch.setattr(syllabus, "__file__", str(tmp_path / "a" / "b.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(syllabus.SyllabusError, match="COURSE_NOTEBOOKS"):
        syllabus.lessons()
