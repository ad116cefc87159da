"""Every lesson in the hub profile, without a network, on tiny originals in a cache."""

import pytest
import tiny_data
import tiny_models

from course_utils import catalog
from course_utils.course import syllabus
from tests.kernels import ALONE, QUICK, kernel, said

SAID = {
    "05": "['<|startoftranscript|>', '<|en|>', '<|transcribe|>', '<|notimestamps|>',",
    "15": "['<|startoftranscript|>', '<|cs|>', '<|transcribe|>', '<|notimestamps|>',",
}
"""Number of a lesson to what it must print about the originals."""

AWAY = dict.fromkeys(("HF_ENDPOINT", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_TOKEN"))


@pytest.fixture(scope="module")
def start(hub_home, tmp_path_factory):
    """Return a context manager that starts a kernel; all lessons share a folder, as learners do."""
    folder = tmp_path_factory.mktemp("runs")
    home = {"COURSE_PROFILE": "hub", "COURSE_HOME": folder / "home", "HF_HOME": hub_home}
    return lambda **more: kernel(folder, **AWAY | QUICK | home | {"HF_HUB_OFFLINE": 1} | more)


@pytest.fixture(scope="module")
def offline(start):
    with start() as made:
        yield made


@pytest.fixture
def online(hub, start):
    """Return a kernel that may talk to the Hub, which is one on 127.0.0.1."""
    settings = {"HF_ENDPOINT": hub.address, "HF_TOKEN": hub.token, "HF_HUB_OFFLINE": 0}
    with start(**settings, HF_HUB_DISABLE_XET=1) as made:
        yield made


def test_every_original_is_there_in_miniature(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    wanted = {e.hub for lesson in syllabus.lessons() for e in catalog.to_download(lesson.number)}
    assert wanted == set(tiny_models.MAKERS) | set(tiny_data.MAKERS)


@pytest.mark.notebooks
@pytest.mark.parametrize("lesson", syllabus.lessons(), ids=lambda lesson: lesson.number)
def test_lesson_runs_in_the_hub_profile(lesson, request):
    running = request.getfixturevalue("online" if lesson.number in ALONE else "offline")
    assert SAID.get(lesson.number, "") in said(*running.lesson(lesson).cells)
