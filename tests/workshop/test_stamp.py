"""Stamping: the lessons' facts, written to their cards and the README."""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from course_utils.course import speed, syllabus
from workshop import WorkshopError, stamp
from workshop.__main__ import app

FACTS = {
    "number": "07", "title": "Seven <b>", "task": "t",
    "minutes": {"pocket": 2, "hub": 9}, "gpu": True,
    "objectives": ["one", "two"], "prerequisites": ["lesson 06"], "outcome": "a thing",
}  # fmt: skip


def notebook(**course):
    card = {"cell_type": "markdown", "metadata": {"tags": ["card"]}, "source": ["old"]}
    setup = {"cell_type": "code", "metadata": {}, "source": ["x = 1\n", 'REPOSITORY = ""  # y\n']}
    return {
        "cells": [card, setup],
        "metadata": {"course": course},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "notebooks"))
    for number in ("07", "03"):
        path = tmp_path / "notebooks" / f"{number}_x.ipynb"
        path.write_text(json.dumps(notebook(**FACTS | {"number": number})), encoding="utf-8")
    start, end = stamp.TABLE_MARKS
    marks = "\n".join(stamp.COLAB_MARKS)
    (tmp_path / "README.md").write_text(
        f"above\n{start}\nold\n{end}\n{marks}\nbelow\n", encoding="utf-8"
    )
    return tmp_path / "notebooks"


def test_stamp_writes_cards_and_table_once(folder):
    changed = {path.name for path in stamp.stamp()}
    assert changed == {"03_x.ipynb", "07_x.ipynb", "README.md"}
    assert stamp.stamp() == []
    card = "".join(
        json.loads((folder / "07_x.ipynb").read_text(encoding="utf-8"))["cells"][0]["source"]
    )
    assert card.startswith("# 07 · Seven <b>")
    assert "- two" in card and "lesson 06" in card
    assert f"**Minutes to run:** 2 in `pocket` (no network; on {speed.MACHINE}), 9 in `hub`" in card
    assert "9 in `hub` (estimated; network, GPU for fine-tuning)" in card
    (lesson,) = syllabus.select(["07"])
    assert "9 in `hub` (estimated; network)  \n" in stamp.card(
        dataclasses.replace(lesson, gpu=False)
    )
    readme = (folder.parent / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("above\n") and readme.endswith("below\n")
    assert f"| minutes to run in `pocket` on {speed.MACHINE} |\n" in readme
    assert "[07](notebooks/07_x.ipynb)" in readme and "\nold\n" not in readme


def texts(folder):
    lessons = [
        json.loads(path.read_text(encoding="utf-8"))["cells"]
        for path in sorted(folder.glob("*.ipynb"))
    ]
    cards, setups = (["".join(cells[n]["source"]) for cells in lessons] for n in (0, 1))
    return (folder.parent / "README.md").read_text(encoding="utf-8"), cards, setups


def test_a_repository_is_written_everywhere_kept_changed_and_taken_away(folder):
    stamp.stamp()
    without = texts(folder)
    assert "colab.research" not in "".join([without[0], *without[1]])
    for repo in ("owner/name", "some-one/else.where"):
        changed = {path.name for path in stamp.stamp(repo)}
        assert changed == {"03_x.ipynb", "07_x.ipynb", "README.md"}
        assert stamp.repository() == repo and stamp.stamp() == []
        readme, cards, setups = texts(folder)
        address = f"https://colab.research.google.com/github/{repo}/blob/main/notebooks/"
        assert readme.count(f"({address}03_x.ipynb)") == 1
        assert f"({address}03_x.ipynb)" in cards[0] and f"({address}07_x.ipynb)" in cards[1]
        wanted = f'x = 1\nREPOSITORY = "git+https://github.com/{repo}"  # y\n'
        assert setups == [wanted, wanted]
    stamp.stamp("")
    assert texts(folder) == without and stamp.repository() == ""


@pytest.mark.parametrize("repo", ["name", "a/b/c", "https://github.com/a/b", 'a/b"', "a b/c", "/"])
def test_what_is_no_repository_is_refused_and_nothing_written(folder, repo):
    before = texts(folder)
    with pytest.raises(WorkshopError, match="is no repository; write owner/name"):
        stamp.stamp(repo)
    assert texts(folder) == before


def test_the_command_leaves_an_up_to_date_tree_alone_and_names_what_it_wrote(folder):
    done = CliRunner().invoke(app, ["stamp", "--repo", "owner/name"])
    assert done.output.splitlines() == ["wrote 03_x.ipynb", "wrote 07_x.ipynb", "wrote README.md"]
    assert CliRunner().invoke(app, ["stamp"]).output == ""


def test_the_stored_lessons_are_stamped():
    assert stamp.stamp() == []
