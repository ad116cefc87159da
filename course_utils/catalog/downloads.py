"""Download what a lesson needs from the Hugging Face Hub before it begins.

A failed download ends in a :class:`FetchError`, one sentence with the cause and the way out.
"""

import fnmatch
import shutil
from pathlib import Path

from course_utils import catalog
from course_utils.errors import FULL, one_line

SETTINGS = ("*.json", "*.txt", "*.model")
"""Patterns of a model's configuration, preprocessor and tokenizer files."""

WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
"""Patterns of a model's weights, best first; the first that matches a file is downloaded."""


class FetchError(catalog.CatalogError):
    """A download failed; the message says why and what to do."""


def fetch(entries, cache=None):
    """Download models and data sets; what is in the cache already stays as it is.

    All sizes are asked for first, so that a full disk is noticed before anything is written.
    Without a network, the files of an earlier download are used.

    Parameters
    ----------
    entries : list of course_utils.catalog.Entry
        Entries that use the pocket folder in the active profile are skipped.
    cache : path-like, optional
        Folder of the cache, by default that of the Hugging Face libraries.

    Returns
    -------
    dict of str to pathlib.Path
        For each Hub id, the folder of its files.

    Raises
    ------
    FetchError
        If the disk has no room, or something cannot be downloaded.
    """
    needed = {entry.download: entry for entry in entries if catalog.original(entry.name)}
    if not needed:  # importing a Hugging Face library now would decide that it is online
        return {}
    cache = Path(cache) if cache else cache_folder()
    folders, plans, missing = {}, {}, 0
    for download, entry in needed.items():
        try:
            plans[download] = plan(entry, cache)
        except FetchError:
            raise
        except Exception as error:  # the Hub's clients raise many kinds
            folders[entry.hub] = _cached(entry, cache, error)
        else:
            # `datasets` writes a second copy of a data set, which it maps into memory.
            copies = 2 if entry.kind == "data" else 1
            missing += sum(copies * f.file_size for f in plans[download] if f.will_download)
    check_room(missing, cache)
    for download, files in plans.items():
        entry, names = needed[download], [file.filename for file in files]
        try:
            folders[entry.hub] = Path(_download(entry, cache, allow_patterns=names))
        except Exception as error:
            raise FetchError(_sentence(entry, cache, error)) from error
    return folders


def cache_folder():
    """Return the folder in which the Hugging Face libraries keep downloads."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def free_bytes(cache):
    """Return the free bytes on the disk of a folder that need not exist yet."""
    cache = Path(cache).absolute()
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return shutil.disk_usage(existing).free


def check_room(wanted, cache):
    """Raise :class:`FetchError` unless the disk of the folder `cache` has `wanted` bytes free."""
    free = free_bytes(cache)
    if wanted > free:
        raise FetchError(
            f"the download needs {wanted / 1e6:,.0f} MB and the disk of {cache} has "
            f"{free / 1e6:,.0f} MB free: free some, set HF_HOME to a folder on another disk before "
            "the kernel starts, or take the pocket profile"
        )


def plan(entry, cache=None):
    """Ask the Hub which files an entry needs, their sizes, and whether they are in the cache.

    Returns a list of ``huggingface_hub.DryRunFileInfo``, the data or the weights first; raises
    `FetchError` if there are none of them.
    """
    files = _download(entry, cache, dry_run=True)
    if entry.kind == "data":
        wanted = _matching(files, [entry.files])
    else:
        files = [file for file in files if "/" not in file.filename]
        weights = next(filter(None, (_matching(files, [kind]) for kind in WEIGHTS)), [])
        wanted = weights and weights + _matching(files, SETTINGS)
    if not wanted:
        problem = f"has no files {entry.files or WEIGHTS[0]} any more"
        raise FetchError(f"{entry.hub} on the Hub {problem}; {_alternative(entry)}")
    return wanted


def _matching(files, patterns):
    return [f for f in files if any(fnmatch.fnmatch(f.filename, p) for p in patterns)]


def _download(entry, cache, **options):
    from huggingface_hub import snapshot_download

    kind = "dataset" if entry.kind == "data" else "model"
    return snapshot_download(
        entry.hub, repo_type=kind, revision=entry.revision, cache_dir=cache, **options
    )


def _cached(entry, cache, error):
    """Return the folder of an earlier download, or raise the reason why there is none."""
    for kind in WEIGHTS if entry.kind == "model" else [entry.files]:
        try:
            folder = _download(entry, cache, allow_patterns=[kind], local_files_only=True)
        except Exception:  # `error`, the reason why it cannot be downloaded now, is what to report
            continue
        if any(Path(folder).glob(kind)):
            return Path(folder)
    raise FetchError(_sentence(entry, cache, error)) from error


def _sentence(entry, cache, error):
    """Return one sentence: why a download failed, and what to do."""
    from huggingface_hub import constants, errors, get_token

    causes = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)

    def caused_by(*kinds):
        return any(isinstance(cause, kinds) for cause in causes)

    page = f"{constants.ENDPOINT}/{'datasets/' if entry.kind == 'data' else ''}{entry.hub}"
    answers = [c.response for c in causes if getattr(c, "response", None) is not None]
    if caused_by(errors.GatedRepoError):
        text = f"{entry.hub} is gated: accept its terms at {page}, log in with `hf auth login`"
    elif answers and answers[0].status_code == 401 and get_token():
        text = "the Hub rejects your token: log in again with `hf auth login`, or unset HF_TOKEN"
    elif caused_by(errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        text = f"{page} does not exist, or only for users who log in with `hf auth login`"
    elif caused_by(errors.OfflineModeIsEnabled):
        text = (
            f"{entry.hub} is not in {cache}, and HF_HUB_OFFLINE forbids the download: unset it, "
            "or run `course-utils prefetch` where there is a network"
        )
    elif any(isinstance(c, OSError) and c.errno in FULL for c in causes):
        text = (
            f"{entry.hub} cannot be written, because the disk of {cache} is full: free some room, "
            "or set HF_HOME to a folder on another disk"
        )
    else:
        reason = one_line(next((c for c in reversed(causes) if str(c)), error))
        text = (
            f"{entry.hub} cannot be downloaded from {constants.ENDPOINT} ({reason}): try again, "
            "finished files are kept; or set HF_ENDPOINT to a mirror"
        )
    return f"{text}; {_alternative(entry)}"


def _alternative(entry):
    return f"or take the pocket profile, or COURSE_POCKET={entry.name} for this one"
