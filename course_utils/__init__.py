"""Helpers of the audio course: load, plot, hear and score, so that lessons can be about models.

The names below are all that a lesson imports. They load on first use (PEP 562), so that
``import course_utils`` stays fast and imports neither torch nor matplotlib.
"""

from importlib import import_module

__version__ = "0.1.0"

_ROOMS = {
    "audio": "audio",
    "catalog": "catalog",
    "conversations": "simulation.conversations",
    "data": "data",
    "exercises": "course.exercises",
    "finetuning": "finetuning",
    "lesson": "course.lesson",
    "listening": "listening",
    "pipelines": "pipelines",
    "plotting": "plotting",
    "progress": "course.progress",
    "rttm": "formats.rttm",
    "scoring": "scoring",
    "sharing": "course.sharing",
    "spelling": "formats.spelling",
    "subtitles": "formats.subtitles",
    "widgets": "course.widgets",
}
_BESIDE = ("foundry", "workshop")  # parts of this package in earlier versions
__all__ = list(_ROOMS)


def __getattr__(name):
    """Import a front-page module when it is first used."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{_ROOMS[name]}")
    if name in _BESIDE:
        raise AttributeError(f"{name} is now a folder beside {__name__}: import {name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """List the front page for tab completion."""
    return sorted(__all__)
