"""Every lesson in the hub profile, without a network, on tiny originals in a cache."""

import pytest
import tiny_data
import tiny_models

from course_utils import catalog
from course_utils.course import notebook_runner, syllabus


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Return one folder for all lessons, as a learner has: lesson 11 speaks with 09's voice."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def offline(hub_home, monkeypatch):
    """Leave the kernels nothing but the cache."""
    for name in ("HF_ENDPOINT", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    settings = {"HF_HOME": hub_home, "HF_HUB_OFFLINE": 1, "COURSE_MAX_STEPS": 2}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))


def test_every_original_is_there_in_miniature(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    wanted = {e.hub for lesson in syllabus.lessons() for e in catalog.to_download(lesson.number)}
    assert wanted == set(tiny_models.MAKERS) | set(tiny_data.MAKERS)


PUSHES = "12"
"""The one lesson that talks to the Hub, here one on 127.0.0.1."""


@pytest.fixture
def online(request, lesson, monkeypatch):
    """Give the lesson that pushes a Hub to push to."""
    if lesson.number == PUSHES:
        hub = request.getfixturevalue("hub")
        settings = {"HF_ENDPOINT": hub.address, "HF_TOKEN": hub.token, "HF_HUB_OFFLINE": 0}
        for name, value in (settings | {"HF_HUB_DISABLE_XET": 1}).items():
            monkeypatch.setenv(name, str(value))


@pytest.mark.notebooks
@pytest.mark.parametrize("lesson", syllabus.lessons(), ids=lambda lesson: lesson.number)
def test_lesson_runs_in_the_hub_profile(lesson, offline, online, out):
    done = notebook_runner.run(lesson, "hub", out)
    assert done.error is None
