"""Start a lesson: choose the profile, set the seeds, and print the machine, models and data."""

import os
import platform
import random
from importlib.metadata import PackageNotFoundError, version

from course_utils import catalog
from course_utils.catalog import downloads
from course_utils.course import syllabus

SHOWN_VERSIONS = ("torch", "transformers", "datasets", "course_utils")


def start(number, profile=None, seed=0):
    """Prepare the kernel for a lesson and print its machine, versions, models and data.

    Sets the profile (before any Hugging Face library is imported, so that ``pocket`` stays off
    the network), the token of Colab's secrets (see :func:`colab_token`), the seeds of Python,
    NumPy and PyTorch, figures that appear below their cell, and tables that show a dollar sign
    as it is. In the hub profile it then downloads what the lesson needs and is not in the cache.

    Parameters
    ----------
    number : str
        The lesson's two digits.
    profile : {"pocket", "hub"}, optional
        Default: the environment variable ``COURSE_PROFILE``, else ``"pocket"``.
    seed : int
        Seed of every random generator.

    Raises
    ------
    course_utils.catalog.CatalogError
        If the profile's name is not known, or (hub) something cannot be downloaded.
    """
    catalog.use_profile(profile or catalog.profile())
    os.environ["COURSE_LESSON"] = number
    colab_token()
    # The lessons explain in their own words what Transformers warns of, such as a new head.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    _seed(seed)
    _figures()
    _tables()
    # One call before the download begins, so that the notebook keeps one output.
    lines = [f"{name:<10}{value}" for name, value in facts(number, seed).items()]
    print("\n".join([*lines, "", *roles(number)]), flush=True)
    downloads.fetch(catalog.to_download(number))


def colab_token():
    """Put Colab's secret ``HF_TOKEN``, where there is one, into the environment of this kernel.

    The Hugging Face libraries find it there, as do the commands that a lesson starts, which have
    no access to the secrets. It is not printed. A token that is set already stays.
    """
    try:
        from google.colab import errors, userdata
    except ImportError:  # not on Colab
        return
    if os.environ.get("HF_TOKEN"):
        return
    try:
        token = userdata.get("HF_TOKEN")
    except (errors.Error, userdata.NotebookAccessError):
        # No such secret, or not for this notebook. Only pushing needs one, and says so.
        return
    if token:
        os.environ["HF_TOKEN"] = token


def facts(number, seed=0):
    """Return what :func:`start` prints: a dict of short texts, in order."""
    chosen = catalog.profile()
    rows = {
        "lesson": number,
        "profile": f"{chosen} ({PROFILES[chosen]})",
        "device": device(),
        "versions": ", ".join(
            [f"python {platform.python_version()}", *map(_version, SHOWN_VERSIONS)]
        ),
        "seed": str(seed),
    }
    try:
        (lesson,) = syllabus.select([number])
    except syllabus.SyllabusError:
        # A single notebook, opened on Colab: its card says the title and the minutes.
        pass
    else:
        rows["lesson"] = f"{number} · {lesson.title}"
        rows["minutes"] = f"about {lesson.minutes[chosen]} to run every cell"
    rows["download"] = download(number)
    return rows


PROFILES = {
    "pocket": "small trained models that ship with the course; no network",
    "hub": "the well-known checkpoints from the Hugging Face Hub",
}


def roles(number):
    """Return a table of what each role of a lesson stands for in both profiles, a list of lines.

    A role is the name by which a lesson calls a model or a data set, for example "recogniser".
    """
    table = [("role", *(f"{name} profile" for name in catalog.PROFILES))]
    for entry in catalog.entries():
        if number in entry.lessons:
            shipped = f"course_utils/pocket/{entry.pocket}" if entry.pocket else "none"
            table.append((entry.name, shipped, "the same" if entry.shipped else entry.hub))
    widths = [max(map(len, column)) + 2 for column in zip(*table, strict=True)]
    return [
        "".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def device():
    """Return a short text: what the models of this kernel will compute on."""
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


def _seed(seed):
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002 - libraries that a lesson calls still read it
    torch.manual_seed(seed)


def _figures():
    import matplotlib
    from IPython import get_ipython

    if shell := get_ipython():
        shell.run_line_magic("matplotlib", "inline")
    # Small pictures keep an executed notebook far below 1.5 MB.
    matplotlib.rcParams.update({"figure.dpi": 72, "savefig.dpi": 72, "figure.figsize": (8, 2.8)})


def _tables():
    import pandas as pd

    # A dollar sign in a transcript or a label begins no formula.
    pd.set_option("display.html.use_mathjax", False)


def _version(package):
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} missing"
