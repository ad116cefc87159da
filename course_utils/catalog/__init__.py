"""Every model and data set of the course by its role, in both profiles.

A role, such as ``"sound-classifier"``, stands for a small checkpoint that ships with the course
(profile ``pocket``) or for a well-known one on the Hugging Face Hub (profile ``hub``). The facts
(Hub id, licence, size, lessons) are in ``catalog.toml``; this module reads them and knows which
profile is active.
"""

import difflib
import os
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from course_utils.errors import CourseError

PROFILES = ("pocket", "hub")
POCKET = Path(str(resources.files("course_utils"))) / "pocket"
"""Folder of the models and data sets that ship with the course."""

RECORDINGS_WITHOUT_GPU = 5
"""Maximum number of recordings that a lesson makes in the hub profile without a GPU."""

RENAMED = {
    "pocket-sounds": "sound-classifier",
    "classification-base": "classifier-base",
    "pocket-ctc": "ctc-recogniser",
    "pocket-whisper": "recogniser",
    "recognition-base": "recogniser-base",
    "pocket-speaker": "speaker-encoder",
    "pocket-voices": "voice-encoder",
    "pocket-diarizer": "diarizer",
    "pocket-tts": "synthesiser",
    "pocket-vocoder": "vocoder",
    "pocket-genres": "genre-classifier",
    "pocket-music": "music-generator",
}
"""Names of an earlier edition, and the roles that replaced them."""

_went_offline = False  # True once this module has set HF_HUB_OFFLINE


class CatalogError(CourseError, LookupError):
    """A role or profile that the catalogue does not have; the message lists those it has."""


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows about one data set or model.

    ``name`` is the role; the header of ``catalog.toml`` says what the other fields mean. A fact
    that the file leaves out is None or an empty dict.
    """

    name: str
    kind: str
    task: str
    hub: str
    hub_licence: str
    size_mb: int
    gated: bool
    lessons: tuple
    pocket: str | None = None
    licence: str | None = None
    revision: str | None = None
    language: str | None = None
    hub_language: str | None = None
    checked: str | None = None
    pickled: bool = False
    shipped: str | None = None
    files: str | None = None
    columns: dict = field(default_factory=dict, hash=False)
    labels: dict = field(default_factory=dict, hash=False)
    folds: dict = field(default_factory=dict, hash=False)
    group: str | None = None
    each: int | None = None
    longest: float | None = None

    @property
    def download(self):
        """What the hub profile downloads: the id on the Hub and, of data, the files."""
        return self.hub, self.files


@cache
def entries():
    """Return every entry of the catalogue, a tuple of :class:`Entry`, in the file's order."""
    text = resources.files(__name__).joinpath("catalog.toml").read_text(encoding="utf-8")
    return tuple(
        Entry(name=name, **facts | {"lessons": tuple(facts["lessons"])})
        for name, facts in tomllib.loads(text).items()
    )


def find(name):
    """Return the :class:`Entry` of a role.

    Raises
    ------
    CatalogError
        If there is none; the message names the new role of an old name, or roles spelled alike.
    """
    for entry in entries():
        if entry.name == name:
            return entry
    if name in RENAMED:
        raise CatalogError(f"{name!r} is now called {RENAMED[name]!r}, by its role in the course")
    names = [entry.name for entry in entries()]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    raise CatalogError(f"nothing in the catalogue is called {name!r}; {hint}")


def has(name):
    """Tell whether the catalogue has an entry of that name."""
    return name in {entry.name for entry in entries()}


def profile():
    """Return the active profile: "pocket", unless ``COURSE_PROFILE`` or a lesson chose "hub"."""
    return _known(os.environ.get("COURSE_PROFILE") or "pocket", "COURSE_PROFILE")


def use_profile(name):
    """Activate the profile "pocket" or "hub" for this process and for those that it starts.

    The pocket profile also takes the Hugging Face libraries offline, which works only before they
    are imported.

    Raises
    ------
    CatalogError
        If there is no such profile, or if it is "hub" and the libraries are offline already.
    """
    global _went_offline
    _known(name, "the profile")
    imported = "huggingface_hub" in sys.modules
    if name == "hub" and _went_offline:
        if imported:
            raise CatalogError(
                "this kernel went offline with the pocket profile; restart it and choose the hub "
                "profile in the first cell"
            )
        del os.environ["HF_HUB_OFFLINE"]
        _went_offline = False
    elif name == "pocket" and not imported and "HF_HUB_OFFLINE" not in os.environ:
        os.environ["HF_HUB_OFFLINE"] = "1"
        _went_offline = True
    # Weights without safetensors are loaded as they are; Transformers would download them again.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    os.environ["COURSE_PROFILE"] = name


def model(name):
    """Return what ``from_pretrained`` and ``pipeline`` take for a role, such as "recogniser".

    It is a str: a local folder in the pocket profile, an id on the Hub in the hub profile.

    Raises
    ------
    CatalogError
        If there is no such model, or the pocket profile has none for this role.
    """
    entry = find(name)
    if entry.kind != "model":
        raise CatalogError(f"{name} is a data set, not a model; data.load({entry.name!r}) loads it")
    return entry.hub if original(name) else str(where(name))


def original(name):
    """Return True if a role stands for the original on the Hub, False for what ships instead.

    In the hub profile that is the original, unless the entry gives a reason to use the shipped one
    (`Entry.shipped`), or the environment variable ``COURSE_POCKET`` names the role, for instance
    because the original has been deleted: ``COURSE_POCKET=genres,new-style``.
    """
    entry = find(name)
    if profile() == "pocket":
        return False
    chosen = filter(None, map(str.strip, os.environ.get("COURSE_POCKET", "").split(",")))
    return not entry.shipped and entry not in map(find, chosen)


def language(name):
    """Return the code of the language that is spoken in a data set, such as "en", or None."""
    entry = find(name)
    return (original(name) and entry.hub_language) or entry.language


def max_steps():
    """Return the step at which ``COURSE_MAX_STEPS`` ends every training, or None without it."""
    return _limit("COURSE_MAX_STEPS")


def max_clips(number):
    """Return how many clips or recordings to make: `number`, at most ``COURSE_MAX_CLIPS``.

    Without this variable it is at most :data:`RECORDINGS_WITHOUT_GPU` in the hub profile on a
    machine without a GPU.
    """
    most = _limit("COURSE_MAX_CLIPS")
    if most is None and profile() == "hub":
        import torch

        most = None if torch.accelerator.is_available() else RECORDINGS_WITHOUT_GPU
    return min(number, most or number)


def _limit(variable):
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text)):
        raise CatalogError(f"{variable} is {text!r}; it must be a whole number above 0, or not set")
    return int(text)


def card(name):
    """Return the card of a role's pocket folder, as Markdown without the YAML header."""
    text = (where(name) / "README.md").read_text(encoding="utf-8")
    return text.removeprefix("---\n").split("\n---\n", 1)[-1].strip()


def where(name):
    """Return the pocket folder of a role, a :class:`pathlib.Path`."""
    entry = find(name)
    if entry.pocket is None:
        raise CatalogError(
            f"{entry.name} has no pocket stand-in; use the hub profile, which downloads "
            f"{entry.hub} ({entry.size_mb} MB)"
        )
    folder = POCKET / entry.pocket
    if not folder.is_dir():
        raise CatalogError(f"{folder} is missing; reinstall the course, or rebuild: make pocket")
    return folder


def to_download(lesson):
    """Return the entries that a lesson, such as "03", takes from the Hub, each download once."""
    wanted = [e for e in entries() if lesson in e.lessons and original(e.name)]
    return list({entry.download: entry for entry in reversed(wanted)}.values())[::-1]


def _known(name, what):
    if name not in PROFILES:
        raise CatalogError(f"{what} is {name!r}; it must be one of {', '.join(PROFILES)}")
    return name


def __getattr__(name):
    """Say what replaced a function of an earlier version."""
    if name == "training":
        raise AttributeError("catalog.training is gone: write TrainingArguments as lesson 03 does")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
