"""Run lessons from the command line, each in a fresh kernel, and keep what they recorded."""

import os
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import errors
from course_utils.course import progress, syllabus

CELL_SECONDS = 600


@dataclass
class Run:
    """What one lesson did: its seconds, its scores, and the sentence it failed with, if any."""

    lesson: syllabus.Lesson
    seconds: float = 0.0
    scores: list = field(default_factory=list)
    error: str | None = None


def run_all(lessons, profile, out, jobs=1, on_cell=lambda: None):
    """Execute lessons in their order, several at a time.

    Parameters
    ----------
    lessons : list of course_utils.course.syllabus.Lesson
        Which ones.
    profile, out
        As for :func:`run`.
    jobs : int, default 1
        How many at a time; the cores are shared out among them.
    on_cell : callable
        Called without arguments after every code cell of any of them.

    Yields
    ------
    Run
        Of each lesson, in order.
    """
    threads = None if jobs == 1 else max(1, (os.cpu_count() or 1) // jobs)
    caches = queue.SimpleQueue()
    for job in range(jobs):
        caches.put(Path(out).resolve() / "numba" / str(job))

    def run_beside_others(lesson):
        cache = caches.get()
        try:
            return run(lesson, profile, out, on_cell, threads, cache)
        finally:
            caches.put(cache)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(run_beside_others, lessons)


def run(lesson, profile, out, on_cell=lambda: None, threads=None, numba_cache=None):
    """Execute a lesson's notebook and save the executed copy.

    Parameters
    ----------
    lesson : course_utils.course.syllabus.Lesson
        Which one.
    profile : {"pocket", "hub"}
        ``pocket`` cuts Hugging Face libraries off the network.
    out : path-like
        Folder for the executed notebook, which is also the kernel's working folder.
    on_cell : callable
        Called without arguments after every code cell.
    threads : int, optional
        How many the kernel may compute with; all cores by default.
    numba_cache : path-like, optional
        Folder for what librosa compiles. Kernels that run at the same time need one each: two
        that fill it at once leave one that crashes both.

    Returns
    -------
    Run
        Never raises for what a cell does: the first error is in ``Run.error``.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    out = Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    client = NotebookClient(
        notebook,
        # Newer kernels warn at each start that they speak TCP, here on 127.0.0.1 only.
        extra_arguments=["--IPKernelApp.log_level=40"],
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(out)}},
        on_cell_executed=lambda **_: on_cell(),
    )
    result = Run(lesson)
    known = len(progress.history())
    started = time.perf_counter()
    try:
        client.execute(env=_environment(profile, threads, numba_cache))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        result.error = _sentence(error)
    finally:
        errors.write(out / lesson.file, nbformat.writes(notebook) + "\n")
    result.seconds = time.perf_counter() - started
    result.scores = [
        score for score in progress.history()[known:] if score["lesson"] == lesson.number
    ]
    return result


def code_cells(lesson):
    """Return how many code cells a lesson has, for a progress bar."""
    import nbformat

    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


def _environment(profile, threads, numba_cache):
    """Give the environment of a kernel, which it reads before its first import."""
    wanted = {"COURSE_PROFILE": profile}
    if profile == "pocket":
        wanted |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    if threads is not None:
        wanted["OMP_NUM_THREADS"] = str(threads)
    if numba_cache is not None:
        wanted["NUMBA_CACHE_DIR"] = str(numba_cache)
    return os.environ | wanted


def _sentence(error):
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    return f"{name}: {str(value).strip().splitlines()[0] if str(value).strip() else ''}"
