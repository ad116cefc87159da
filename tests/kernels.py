"""Lessons one after another in one kernel, each with an empty namespace: imports are paid once."""

import os
from contextlib import contextmanager

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from course_utils.course import syllabus
from course_utils.course.notebook_runner import KERNEL_ARGUMENTS

QUICK = {"COURSE_MAX_STEPS": 2, "COURSE_MAX_CLIPS": 5}
"""Variables that keep trainings and scores short; the scores mean nothing."""

FRESH = """
%reset -f
import sys
import matplotlib.pyplot
matplotlib.pyplot.close("all")
if "transformers" in sys.modules:  # a Trainer makes it talk
    from transformers.utils import logging
    logging.set_verbosity_error()
"""

ALONE = ("12",)
"""Lessons with a kernel of their own: they choose the Hub before a library is imported."""


class Kernel:
    """A running kernel; a cell that fails raises nbclient's ``CellExecutionError``."""

    def __init__(self, manager):
        self._manager = manager

    def lesson(self, lesson):
        """Run a lesson in an empty namespace, return its executed notebook."""
        self.cells(FRESH)
        return self._run(nbformat.read(syllabus.folder() / lesson.file, as_version=4))

    def cells(self, *sources):
        """Run code, one text for each cell; return the executed cells."""
        cells = [*map(nbformat.v4.new_code_cell, sources)]
        return self._run(nbformat.v4.new_notebook(cells=cells)).cells

    def _run(self, notebook):
        client = NotebookClient(notebook, km=self._manager, timeout=None)
        try:
            client.execute()
        finally:
            client.kc.stop_channels()
        return notebook


def said(*cells):
    """Return the text that executed cells printed."""
    return "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", ()))


@contextmanager
def kernel(folder, **environment):
    """Yield a :class:`Kernel` in `folder`.

    `environment` holds its variables besides those of this process; None removes one.
    """
    manager = KernelManager(kernel_name="python3")
    variables = os.environ | environment
    variables = {name: str(value) for name, value in variables.items() if value is not None}
    manager.start_kernel(cwd=str(folder), env=variables, extra_arguments=list(KERNEL_ARGUMENTS))
    try:
        yield Kernel(manager)
    finally:
        manager.shutdown_kernel(now=True)
