"""Helpers of the audio course: load, plot, hear and score, so that lessons can be about models.

The names below are all that a lesson imports. They load on first use (PEP 562), so that
``import course_utils`` stays fast and imports neither torch nor matplotlib.
"""

from importlib import import_module

__version__ = "0.1.0"

__all__ = [
    "audio",
    "catalog",
    "conversations",
    "data",
    "exercises",
    "finetuning",
    "lesson",
    "listening",
    "pipelines",
    "plotting",
    "progress",
    "rttm",
    "scoring",
    "sharing",
    "spelling",
    "subtitles",
    "widgets",
]


def __getattr__(name):
    """Import a front-page module when it is first asked for."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """List the front page for tab completion."""
    return sorted(__all__)
