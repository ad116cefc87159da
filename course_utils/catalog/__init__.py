"""Every data set and model of the course by name, in the pocket and in the hub profile.

The facts (Hub id, licence, size, lessons) are in ``catalog.toml``; this module reads them and
decides, from the profile, what a name stands for.
"""

import difflib
import os
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from course_utils import errors
from course_utils.catalog import devices

PROFILES = ("pocket", "hub")
POCKET = Path(str(resources.files("course_utils"))) / "pocket"
"""Folder of the stand-ins that ship with the course."""

_went_offline = False  # whether this module set HF_HUB_OFFLINE


class CatalogError(errors.CourseError, LookupError):
    """A name or profile that the catalogue does not have; the message lists what it does have."""


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows about one data set or model.

    Attributes
    ----------
    name, kind, task : str
        `kind` is "data" or "model".
    pocket : str or None
        Folder of the stand-in that ships with the course.
    licence, hub_licence : str or None
        Of the stand-in and of the original.
    hub : str
        Id on the Hugging Face Hub.
    revision : str or None
        Commit there, of data; models are taken as they are.
    size_mb : int
        Download of the original, in megabytes.
    gated : bool
        Whether the Hub asks for a login and consent first.
    verified : bool
        Whether licence, size and columns were checked on the Hub.
    lessons : tuple of str
        Two-digit numbers of the lessons that load it.
    shipped : str or None
        Why the hub profile takes the stand-in too, where it does.
    files : str or None
        Which Parquet files of a Hub data set are wanted, as a pattern.
    columns, labels, folds : dict
        How to bring a Hub data set to the standard columns, labels and splits.
    group : str or None
        Column that says which rows must stay in one split.
    each, longest : number or None
        How many rows of a group and how many seconds of a row are wanted at most.
    training : dict
        For each profile, with which ``transformers.TrainingArguments`` a lesson trains on it.
    """

    name: str
    kind: str
    task: str
    hub: str
    hub_licence: str
    size_mb: int
    gated: bool
    verified: bool
    lessons: tuple
    pocket: str | None = None
    licence: str | None = None
    revision: str | None = None
    shipped: str | None = None
    files: str | None = None
    columns: dict = field(default_factory=dict, hash=False)
    labels: dict = field(default_factory=dict, hash=False)
    folds: dict = field(default_factory=dict, hash=False)
    group: str | None = None
    each: int | None = None
    longest: float | None = None
    training: dict = field(default_factory=dict, hash=False)


@cache
def entries():
    """Return every entry of the catalogue, in its order.

    Returns
    -------
    tuple of Entry
    """
    text = resources.files(__name__).joinpath("catalog.toml").read_text(encoding="utf-8")
    return tuple(
        Entry(name=name, **facts | {"lessons": tuple(facts["lessons"])})
        for name, facts in tomllib.loads(text).items()
    )


def find(name):
    """Return the entry with a name, or else the first whose pocket folder has that name.

    Parameters
    ----------
    name : str
        As in ``catalog.toml``.

    Returns
    -------
    Entry

    Raises
    ------
    CatalogError
        If there is none; the message lists names that come close.

    Examples
    --------
    >>> find("sounds").hub
    'ashraq/esc50'
    """
    for known in (lambda entry: entry.name, lambda entry: entry.pocket):
        for entry in entries():
            if name is not None and known(entry) == name:
                return entry
    names = [entry.name for entry in entries()]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    raise CatalogError(f"nothing in the catalogue is called {name!r}; {hint}")


def profile():
    """Return the profile in force: "pocket", unless ``COURSE_PROFILE`` or a lesson says "hub".

    Raises
    ------
    CatalogError
        If the environment variable holds anything else.
    """
    return _known(os.environ.get("COURSE_PROFILE") or "pocket", "COURSE_PROFILE")


def use_profile(name):
    """Choose the profile of this process and of those it starts.

    The pocket profile also tells the Hugging Face libraries to stay offline, which works only
    before they are imported.

    Parameters
    ----------
    name : {"pocket", "hub"}

    Raises
    ------
    CatalogError
        If there is no such profile, or the libraries are offline already because of the pocket
        profile.
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
    os.environ["COURSE_PROFILE"] = name


def model(name):
    """Return what to hand to ``from_pretrained`` or ``pipeline`` in the profile in force.

    Parameters
    ----------
    name : str
        A model's name in the catalogue.

    Returns
    -------
    str
        A local folder (pocket) or an id on the Hub (hub).

    Raises
    ------
    CatalogError
        If there is no such model, or the pocket profile has no stand-in for it.
    """
    entry = find(name)
    if entry.kind != "model":
        raise CatalogError(f"{name} is a data set, not a model; data.load({entry.name!r}) loads it")
    return entry.hub if original(name) else str(where(name))


def original(name):
    """Tell whether a name stands for the original on the Hub, not for its pocket stand-in.

    That is so in the hub profile, unless the entry says that its stand-in serves there too, or the
    environment variable ``COURSE_POCKET`` names it: "genres" or "genres,new-style", for instance
    because the original has vanished.

    Raises
    ------
    CatalogError
        If there is no such entry, or ``COURSE_POCKET`` names one that does not exist.
    """
    entry = find(name)
    if profile() == "pocket":
        return False
    chosen = filter(None, map(str.strip, os.environ.get("COURSE_POCKET", "").split(",")))
    return not entry.shipped and entry not in map(find, chosen)


def training(name):
    """Return the arguments with which a lesson trains on a data set in the profile in force.

    The environment variable ``COURSE_MAX_STEPS`` cuts every training short, for trials of a
    machine; the scores are then worth nothing. In the hub profile the arguments fit the device,
    see `devices.fitted`.

    Parameters
    ----------
    name : str
        A data set's name in the catalogue.

    Returns
    -------
    dict
        Keyword arguments of ``transformers.TrainingArguments``.

    Raises
    ------
    CatalogError
        If there is no such data set, no lesson trains on it, or ``COURSE_MAX_STEPS`` is not a
        whole number above 0.
    """
    entry = find(name)
    if not entry.training:
        trained = ", ".join(entry.name for entry in entries() if entry.training)
        raise CatalogError(f"no lesson trains on {entry.name}; there are {trained}")
    arguments = devices.fitted(entry.training[profile()], profile())
    most = max_steps()
    return arguments | ({"max_steps": most} if most else {})


def max_steps():
    """Return after how many steps ``COURSE_MAX_STEPS`` ends every training, or None.

    Raises
    ------
    CatalogError
        If it is not a whole number above 0.
    """
    said = os.environ.get("COURSE_MAX_STEPS", "").strip()
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and int(said)):
        raise CatalogError(
            f"COURSE_MAX_STEPS is {said!r}; it must be a whole number above 0, or not be set"
        )
    return int(said)


def card(name):
    """Return the card of an entry's pocket stand-in, as Markdown without its YAML header.

    Raises
    ------
    CatalogError
        If there is no such entry, it has no stand-in, or the folder is missing.
    """
    text = (where(name) / "README.md").read_text(encoding="utf-8")
    return text.removeprefix("---\n").split("\n---\n", 1)[-1].strip()


def where(name):
    """Return the local folder of an entry's pocket stand-in.

    Parameters
    ----------
    name : str
        A name in the catalogue.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CatalogError
        If there is no such entry, it has no stand-in, or the folder is missing.
    """
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


def downloads(lesson):
    """Return what a lesson takes from the Hub in the profile in force, each original once.

    Parameters
    ----------
    lesson : str
        Two digits.

    Returns
    -------
    list of Entry
    """
    wanted = [e for e in entries() if lesson in e.lessons and original(e.name)]
    return list({entry.hub: entry for entry in reversed(wanted)}.values())[::-1]


def _known(name, what):
    if name not in PROFILES:
        raise CatalogError(f"{what} is {name!r}; it must be one of {', '.join(PROFILES)}")
    return name
