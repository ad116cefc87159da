"""Starting a lesson: profile before any import, seeds, and what will be downloaded."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_utils import catalog, lesson


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002


def test_start_fixes_every_seed(capsys):
    lesson.start("02")
    first = draw()
    lesson.start("02")
    assert draw() == first
    lesson.start("02", seed=1)
    assert draw() != first
    assert os.environ["COURSE_LESSON"] == "02"


def test_start_prints_where_it_runs(capsys):
    lesson.start("02")
    said = capsys.readouterr().out
    assert "pocket" in said and f"torch {torch.__version__}" in said and "cpu" in said.lower()
    assert "download  nothing" in said and "minutes" in said


def test_the_pocket_profile_imports_no_hugging_face_library():
    """Lesson 12 still has to say which Hub they talk to."""
    code = "import sys; from course_utils import lesson; lesson.start('12'); "
    code += "assert not {'huggingface_hub', 'transformers', 'datasets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_hub_profile_says_what_it_will_download(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    said = lesson.download("02")
    wanted = catalog.downloads("02")
    assert wanted
    for entry in wanted:
        assert f"{entry.hub} ({entry.size_mb} MB)" in said
    assert f"{sum(entry.size_mb for entry in wanted)} MB together" in said
    assert lesson.download("00x") == "nothing"


def test_a_wrong_profile_is_refused():
    with pytest.raises(catalog.CatalogError, match="pocket"):
        lesson.start("02", profile="pockets")


def test_a_lesson_alone_on_colab_still_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lesson.syllabus, "__file__", str(tmp_path / "a" / "b.py"))
    monkeypatch.chdir(tmp_path)
    lesson.start("02")
    assert "lesson    02\n" in capsys.readouterr().out
