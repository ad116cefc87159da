"""Starting a lesson: profile before any import, seeds, and what will be downloaded."""

import os
import random
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from course_utils import catalog
from course_utils.course import lesson, speed, syllabus


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
    assert "download  nothing" in said
    assert f"minutes   about 1 to run every cell on {speed.MACHINE}\n" in said


def test_start_names_no_machine_for_minutes_that_depend_on_a_network(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    (lesson_03,) = syllabus.select(["03"])
    assert lesson.facts("03")["minutes"] == f"about {lesson_03.minutes['hub']} to run every cell"


def test_start_says_that_fewer_clips_are_scored_without_a_gpu(monkeypatch):
    assert "clips" not in lesson.facts("04")
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert "at most 32 of a validation or test split" in lesson.facts("04")["clips"]
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert "clips" not in lesson.facts("04")


def test_start_offers_the_hub_profile_where_a_gpu_is(monkeypatch):
    assert "hub" not in lesson.facts("05")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(lesson, "device", lambda: "a GPU")
    assert 'lesson.start("05", profile="hub")' in lesson.facts("05")["hub"]
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    assert "hub" not in lesson.facts("05")


def test_start_prints_what_each_role_stands_for_in_both_profiles(capsys):
    lesson.start("08")
    table = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    rows = {line[0]: line[1:] for line in table if len(line) == 3}
    assert rows["recogniser"] == ["course_utils/pocket/pocket-whisper", "openai/whisper-tiny"]
    assert rows["synthesiser"] == ["course_utils/pocket/pocket-fastspeech", "facebook/mms-tts-eng"]
    lesson.start("02")
    said = capsys.readouterr().out
    assert "recogniser" not in said
    assert ["music", "course_utils/pocket/genres", "the same"] in [
        line.split(maxsplit=2) for line in said.splitlines()
    ]


def test_the_pocket_profile_imports_no_hugging_face_library():
    """Lesson 12 still has to say which Hub they talk to."""
    code = "import sys; from course_utils import lesson; lesson.start('12'); "
    code += "assert not {'huggingface_hub', 'transformers', 'datasets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_hub_profile_says_what_it_will_download(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    said = lesson.download("02")
    wanted = catalog.to_download("02")
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


TOKEN = "hf_" + "z9Y8" * 8  # has the form of a real one


class Refused(Exception):
    """Like Colab's own, of no common kind with the error of a missing secret."""


@pytest.fixture
def secrets(monkeypatch):
    """Return a function that makes this a Colab whose secrets answer with a text or an error."""
    monkeypatch.setenv("HF_TOKEN", "")

    def make(answer):
        modules = {name: ModuleType(name) for name in ("google", "google.colab")}
        modules["google.colab.errors"] = errors = ModuleType("google.colab.errors")
        modules["google.colab.userdata"] = userdata = ModuleType("google.colab.userdata")
        errors.Error = type("Error", (Exception,), {})
        userdata.SecretNotFoundError = type("SecretNotFoundError", (errors.Error,), {})
        userdata.NotebookAccessError = Refused

        def get(key):
            assert key == "HF_TOKEN"
            if isinstance(answer, str):
                return answer
            raise answer(userdata)

        userdata.get = get
        modules["google.colab"].errors, modules["google.colab"].userdata = errors, userdata
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)

    return make


def test_the_token_comes_from_the_secrets_of_colab_and_is_not_shown(secrets, capfd):
    secrets(TOKEN)
    lesson.start("00")
    assert os.environ["HF_TOKEN"] == TOKEN
    assert TOKEN not in "".join(capfd.readouterr())


def test_a_token_that_is_set_stays(secrets, monkeypatch):
    secrets(TOKEN)
    monkeypatch.setenv("HF_TOKEN", "mine")
    lesson.colab_token()
    assert os.environ["HF_TOKEN"] == "mine"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        lambda userdata: userdata.SecretNotFoundError("HF_TOKEN"),
        lambda userdata: userdata.NotebookAccessError("HF_TOKEN"),
    ],
    ids=["empty", "missing", "refused"],
)
def test_without_a_secret_nothing_is_set(answer, secrets):
    secrets(answer)
    lesson.colab_token()
    assert os.environ["HF_TOKEN"] == ""


def test_elsewhere_nothing_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", None)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    lesson.colab_token()
    assert "HF_TOKEN" not in os.environ
