"""Every lesson opens in JupyterLab as it is stored."""

import shutil
from pathlib import Path

import nbformat
import pytest

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson_opens(notebook, lab, lesson):
    """The title is on the page, no dialog is in the way, and no error is in the console."""
    title = nbformat.read(lesson, as_version=4).metadata["course"]["title"]
    shutil.copy(lesson, lab.root)
    notebook.open(lesson.name)
    notebook.page.locator(".jp-RenderedMarkdown h1").get_by_text(title).first.wait_for()
    assert notebook.page.locator(".jp-Dialog").count() == 0
    stored = "all => all.every(a => a.src.startsWith('data:audio/mpeg;base64,'))"
    assert notebook.page.locator("audio").evaluate_all(stored)
    assert [text for text in notebook.errors if "Failed to load resource" not in text] == []
