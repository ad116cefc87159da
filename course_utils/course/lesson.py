"""Start a lesson: choose the profile, set the seeds, and print the machine, models and data."""

import os
import platform
import random
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from course_utils import catalog
from course_utils.catalog import downloads
from course_utils.course import progress, speed, syllabus
from course_utils.data.loading import CLIPS_WITHOUT_GPU

SHOWN_VERSIONS = ("torch", "transformers", "datasets", "course_utils")
PROFILES = {
    "pocket": "small trained models that ship with the course; no network",
    "hub": "well-known checkpoints from the Hugging Face Hub, where the table names them",
}


def start(number, profile=None, seed=0):
    """Prepare the kernel for a lesson and print its machine, versions, models and data.

    Call it before a Hugging Face library is imported, so that ``pocket`` stays off the network.
    In the hub profile it downloads what the lesson needs and is not in the cache.

    Parameters
    ----------
    number : str
        Two digits.
    profile : {"pocket", "hub"}, optional
        Default: the environment variable ``COURSE_PROFILE``, else ``"pocket"``.
    seed : int
    """
    catalog.use_profile(profile or catalog.profile())
    os.environ["COURSE_LESSON"] = number
    colab_token()
    # The lessons explain in their own words what Transformers warns of, such as a new head.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    _set_libraries(seed)
    # One call before the download begins, so that the notebook keeps one output.
    lines = [f"{name:<10}{value}" for name, value in facts(number, seed).items()]
    print("\n".join([*lines, "", *roles(number)]), flush=True)
    downloads.fetch(catalog.to_download(number))


def colab_token():
    """Set the environment variable ``HF_TOKEN`` from Colab's secrets, unless it is set already."""
    try:
        from google.colab import errors, userdata
    except ImportError:  # not on Colab
        return
    try:
        # In the environment, commands that a lesson starts find it too.
        token = os.environ.get("HF_TOKEN") or userdata.get("HF_TOKEN")
    except (errors.Error, userdata.NotebookAccessError):
        # No such secret, or not for this notebook. Only pushing needs one, and says so.
        return
    if token:
        os.environ["HF_TOKEN"] = token


def facts(number, seed=0):
    """Return what :func:`start` prints: a dict of short texts, in order."""
    import torch

    chosen = catalog.profile()
    versions = [f"python {platform.python_version()}", *map(_version, SHOWN_VERSIONS)]
    rows = {
        "lesson": number,
        "profile": f"{chosen} ({PROFILES[chosen]})",
        "device": device(),
        "versions": ", ".join(versions),
        "seed": str(seed),
    }
    # A notebook alone on Colab has no syllabus: its card says the title and the minutes.
    with suppress(syllabus.SyllabusError):
        (lesson,) = syllabus.select([number])
        rows["lesson"] = f"{number} · {lesson.title}"
        measured = f" on {speed.MACHINE}" if chosen == "pocket" else ""
        rows["minutes"] = f"about {lesson.minutes[chosen]} to run every cell{measured}"
    rows["download"] = download(number)
    if chosen == "hub" and not torch.accelerator.is_available():
        rows["clips"] = (
            f"no GPU: at most {CLIPS_WITHOUT_GPU} of a validation or test split, and "
            f"{catalog.RECORDINGS_WITHOUT_GPU} recordings where a lesson makes them"
        )
    if chosen == "pocket" and torch.cuda.is_available():
        call = f'lesson.start("{number}", profile="hub")'
        rows["hub"] = f"with a network, {call} computes the well-known checkpoints on this GPU"
    return rows


def roles(number):
    """Return lines of a table: the model or data that each role of a lesson has in each profile."""
    table = [("role", *(f"{name} profile" for name in catalog.PROFILES))]
    for entry in catalog.entries():
        if number in entry.lessons:
            shipped = f"course_utils/pocket/{entry.pocket}" if entry.pocket else "none"
            table.append((entry.name, shipped, "the same" if entry.shipped else entry.hub))
    return progress.aligned(table) if len(table) > 1 else []


def device():
    """Return a short text: the device that the models of this kernel compute on."""
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return f"{torch.cuda.get_device_name()}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free"
    if torch.backends.mps.is_available():
        return "Apple GPU (mps)"
    return f"cpu, {torch.get_num_threads()} threads"


def download(number):
    """Return a short text: what a lesson downloads in the active profile, in megabytes."""
    wanted = catalog.to_download(number)
    if not wanted:
        return "nothing"
    cache = downloads.cache_folder()
    listing = ", ".join(f"{entry.hub} ({entry.size_mb} MB)" for entry in wanted)
    total = sum(entry.size_mb for entry in wanted)
    free = downloads.free_bytes(cache) // 10**6
    return f"{listing}; {total} MB together, less what is in {cache} already; {free} MB free there"


def _set_libraries(seed):
    import matplotlib
    import numpy
    import pandas as pd
    import torch
    from IPython import get_ipython

    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002 - libraries that a lesson calls still read it
    torch.manual_seed(seed)
    if shell := get_ipython():
        shell.run_line_magic("matplotlib", "inline")
    # Small pictures keep an executed notebook far below 1.5 MB.
    matplotlib.rcParams.update({"figure.dpi": 72, "savefig.dpi": 72, "figure.figsize": (8, 2.8)})
    # A dollar sign in a transcript or a label begins no formula.
    pd.set_option("display.html.use_mathjax", False)


def _version(package):
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} missing"
