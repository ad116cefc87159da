"""Run lessons from the command line, each in a fresh kernel, and keep what they recorded."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import progress, syllabus

CELL_SECONDS = 600


@dataclass
class Run:
    """What one lesson did: its seconds, its scores, and the sentence it failed with, if any."""

    lesson: syllabus.Lesson
    seconds: float = 0.0
    scores: list = field(default_factory=list)
    error: str | None = None


def run(lesson, profile, out, on_cell=lambda: None):
    """Execute a lesson's notebook and save the executed copy.

    Parameters
    ----------
    lesson : course_utils.syllabus.Lesson
        Which one.
    profile : {"pocket", "hub"}
        ``pocket`` cuts Hugging Face libraries off the network.
    out : path-like
        Folder for the executed notebook, which is also the kernel's working folder.
    on_cell : callable
        Called without arguments after every code cell.

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
        with _environment(profile):
            client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        result.error = _sentence(error)
    finally:
        nbformat.write(notebook, out / lesson.file)
    result.seconds = time.perf_counter() - started
    result.scores = progress.history()[known:]
    return result


def code_cells(lesson):
    """Return how many code cells a lesson has, for a progress bar."""
    import nbformat

    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


@contextmanager
def _environment(profile):
    """Set what the kernel reads before its first import, and put it back."""
    wanted = {"COURSE_PROFILE": profile}
    if profile == "pocket":
        wanted |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _sentence(error):
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    return f"{name}: {str(value).strip().splitlines()[0] if str(value).strip() else ''}"
