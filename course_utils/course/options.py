"""Options that several commands of ``course-utils`` have, and what precedes a model's work."""

import os
from typing import Annotated, Literal

from typer import Argument, Option

from course_utils import catalog

Profile = Literal["pocket", "hub"]
TaskName = Literal["classification", "asr", "diarization", "tts"]
Task = Annotated[TaskName, Argument(help="Task of the recipe.")]
Precision = Literal["no", "bf16", "fp16"]
AsJson = Annotated[bool, Option("--json", help="Print JSON instead of a table.")]
Numbers = Annotated[
    list[str] | None, Argument(help="Numbers of lessons, such as 02 03 (default: all).")
]
Source = Annotated[
    str | None,
    Option("--data", help="Data set: a catalogue name or a folder (default: the lesson's)."),
]
Language = Annotated[
    str | None,
    Option(
        help="Spoken language, such as en, for asr with a multilingual model (default: the "
        "catalogue's)."
    ),
]
AnyProfile = Annotated[
    Profile | None,
    Option(help="Source of models and data (default: $COURSE_PROFILE, else pocket)."),
]


def prepare(profile):
    """Choose the profile and silence notices, before a Hugging Face library is imported."""
    catalog.use_profile(profile or catalog.profile())
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    from transformers.utils import logging

    logging.disable_progress_bar()
