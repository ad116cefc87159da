"""Run lessons from the command line, each in a fresh kernel, and collect the scores they record."""

import os
import queue
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import errors
from course_utils.course import progress, syllabus


@dataclass
class Run:
    """A lesson, the duration of its run, the scores it recorded, and the error that stopped it."""

    lesson: syllabus.Lesson
    seconds: float = 0.0
    scores: list = field(default_factory=list)
    error: str | None = None


def run_all(lessons, profile, out, jobs=1, on_cell=lambda: None):
    """Yield the :class:`Run` of each lesson in order; the other parameters are those of `run`.

    Parameters
    ----------
    lessons : list of course_utils.course.syllabus.Lesson
    jobs : int
        Number of kernels that run at the same time and share the cores.
    """
    # Two kernels must not fill the same cache of numba's (librosa's compiler): both may crash.
    caches = queue.SimpleQueue()
    for job in range(jobs):
        caches.put({"NUMBA_CACHE_DIR": str(Path(out).resolve() / "numba" / str(job))})
    threads = {} if jobs == 1 else {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))}

    def run_one(lesson):
        cache = caches.get()
        try:
            return run(lesson, profile, out, on_cell, threads | cache)
        finally:
            caches.put(cache)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(run_one, lessons)


def run(lesson, profile, out, on_cell=lambda: None, environment=None):
    """Execute a lesson's notebook, save the executed copy, and return its :class:`Run`.

    Parameters
    ----------
    lesson : course_utils.course.syllabus.Lesson
    profile : {"pocket", "hub"}
        With ``pocket``, Hugging Face libraries stay off the network.
    out : path-like
        Folder for the executed notebook, which is also the kernel's working folder.
    on_cell : callable
        Called without arguments after every code cell.
    environment : dict, optional
        Environment variables of the kernel, besides those of this process.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    out = Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=None,
        # Newer kernels warn at each start that they speak TCP, here on 127.0.0.1 only.
        extra_arguments=["--IPKernelApp.log_level=40"],
        kernel_name="python3",
        resources={"metadata": {"path": str(out)}},
        on_cell_executed=lambda **_: on_cell(),
    )
    name = secrets.token_hex(8)
    variables = {"COURSE_PROFILE": profile, "COURSE_RUN": name, **(environment or {})}
    if profile == "pocket":
        variables |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    result, started = Run(lesson), time.perf_counter()
    try:
        client.execute(env=os.environ | variables)
    except CellExecutionError as error:
        result.error = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
    except DeadKernelError as error:
        result.error = f"DeadKernelError: {error}"
    finally:
        errors.write(out / lesson.file, nbformat.writes(notebook) + "\n")
    result.seconds = time.perf_counter() - started
    result.scores = progress.latest(run=name)
    return result


def code_cells(lesson):
    """Return the number of a lesson's code cells, for a progress bar."""
    import nbformat

    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)
