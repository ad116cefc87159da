"""Fetch what a lesson needs from the Hugging Face Hub, all of it before the lesson begins.

What can go wrong with a download ends in one sentence, a :class:`FetchError` that names the way
out.
"""

import fnmatch
import shutil
from pathlib import Path

from course_utils import catalog
from course_utils.errors import FULL, one_line

SMALL = ("*.json", "*.txt", "*.model")
WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
"""Files of a model that are needed; of the weights, the first kind that there is."""


class FetchError(catalog.CatalogError):
    """Something cannot be downloaded; the message says why and what to do."""


def fetch(entries, cache=None):
    """Download originals; what is in the cache already stays as it is.

    Sizes are asked for first, so that a disk without room is noticed before anything is written.
    Without a network, what an earlier download left is taken.

    Parameters
    ----------
    entries : list of course_utils.catalog.Entry
        Those whose stand-in serves the hub profile too are left out.
    cache : path-like, optional
        Folder of the cache, by default that of the Hugging Face libraries.

    Returns
    -------
    dict
        For each id on the Hub, the folder of its files (pathlib.Path).

    Raises
    ------
    FetchError
        If the disk has no room, or something cannot be had.
    """
    needed = {entry.hub: entry for entry in entries if catalog.original(entry.name)}
    if not needed:  # and no library is imported, which would settle that it is online
        return {}
    cache = Path(cache) if cache else cache_folder()
    folders, plans, missing = {}, {}, 0
    for hub, entry in needed.items():
        try:
            plans[hub] = _plan(entry, cache)
            missing += sum(_room(entry, f) for f in plans[hub] if f.will_download)
        except Exception as error:  # the Hub's clients raise many kinds
            folders[hub] = _kept(entry, cache, error)
    check_room(missing, cache)
    for hub, plan in plans.items():
        try:
            folders[hub] = _snapshot(needed[hub], cache, [file.filename for file in plan])
        except Exception as error:
            raise FetchError(_sentence(needed[hub], cache, error)) from error
    return folders


def cache_folder():
    """Return the folder in which the Hugging Face libraries keep downloads."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def free_bytes(cache):
    """Return how many bytes are free on the disk of a folder that need not exist yet."""
    cache = Path(cache).absolute()
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return shutil.disk_usage(there).free


def check_room(wanted, cache):
    """Make sure that a download finds room.

    Parameters
    ----------
    wanted : int
        Bytes.
    cache : path-like
        Folder that they go to.

    Raises
    ------
    FetchError
        If there is less free.
    """
    free = free_bytes(cache)
    if wanted > free:
        raise FetchError(
            f"the download needs {wanted / 1e6:,.0f} MB and the disk of {cache} has "
            f"{free / 1e6:,.0f} MB free: free some, set HF_HOME to a folder on another disk before "
            "the kernel starts, or take the pocket profile"
        )


def _plan(entry, cache):
    """Ask the Hub which files are needed, how large they are and whether they are here."""
    found = _download(entry, cache, dry_run=True)
    if entry.kind == "data":
        plan = [file for file in found if fnmatch.fnmatch(file.filename, entry.files)]
        lacking = entry.files
    else:
        kinds = [[f for f in found if fnmatch.fnmatch(f.filename, kind)] for kind in WEIGHTS]
        plan = next((files for files in kinds if files), [])
        lacking = WEIGHTS[0]
        if plan:
            plan += [f for f in found if any(fnmatch.fnmatch(f.filename, k) for k in SMALL)]
        plan = [file for file in plan if "/" not in file.filename]
    if not plan:
        raise FetchError(f"{entry.hub} on the Hub has no files {lacking} any more; {_back(entry)}")
    return plan


def _room(entry, file):
    """Return the bytes that a file takes: `datasets` writes a second copy, to map into memory."""
    return file.file_size * (2 if entry.kind == "data" else 1)


def _snapshot(entry, cache, names=None, **options):
    return Path(_download(entry, cache, allow_patterns=names, **options))


def _download(entry, cache, **options):
    from huggingface_hub import snapshot_download

    kind = "dataset" if entry.kind == "data" else "model"
    return snapshot_download(
        entry.hub, repo_type=kind, revision=entry.revision, cache_dir=cache, **options
    )


def _kept(entry, cache, error):
    """Return the folder that an earlier download left, or say why there is none."""
    if isinstance(error, FetchError):
        raise error
    for kind in WEIGHTS if entry.kind == "model" else [entry.files]:
        try:
            folder = _snapshot(entry, cache, [kind], local_files_only=True)
        except Exception:  # whatever is lacking, the reason is why it cannot be fetched now
            continue
        if any(folder.glob(kind)):
            return folder
    raise FetchError(_sentence(entry, cache, error)) from error


def _sentence(entry, cache, error):
    """Say why an original cannot be had, and what to do."""
    from huggingface_hub import constants, errors, get_token

    causes = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)
    page = f"{constants.ENDPOINT}/{'datasets/' if entry.kind == 'data' else ''}{entry.hub}"
    answers = [c.response for c in causes if getattr(c, "response", None) is not None]
    status = answers[0].status_code if answers else None
    if _any(causes, errors.GatedRepoError):
        said = f"{entry.hub} is gated: accept its terms at {page}, log in with `hf auth login`"
    elif status == 401 and get_token():
        said = (
            "the Hub does not know your token: log in anew with `hf auth login`, or unset HF_TOKEN"
        )
    elif _any(causes, errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        said = f"{page} is not there, or only for those who log in with `hf auth login`"
    elif _any(causes, errors.OfflineModeIsEnabled):
        said = (
            f"{entry.hub} is not in {cache}, and HF_HUB_OFFLINE forbids to fetch it: unset that, "
            "or `course-utils prefetch` where there is a network"
        )
    elif any(isinstance(c, OSError) and c.errno in FULL for c in causes):
        said = (
            f"{entry.hub} cannot be written, for the disk of {cache} is full: free some room, or "
            "set HF_HOME to a folder on another disk"
        )
    else:
        said = (
            f"{entry.hub} cannot be fetched from {constants.ENDPOINT} ({_reason(causes)}): try "
            "again, what has arrived is kept; or set HF_ENDPOINT to a mirror"
        )
    return f"{said}; {_back(entry)}"


def _any(causes, *kinds):
    return any(isinstance(cause, kinds) for cause in causes)


def _reason(causes):
    return one_line(next((c for c in reversed(causes) if str(c)), causes[0]))


def _back(entry):
    return f"or take the pocket profile, or COURSE_POCKET={entry.name} for this alone"
