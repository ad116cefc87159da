"""Run lessons from the command line, each in a fresh kernel, and collect the scores they record."""

import asyncio
import os
import queue
import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import errors
from course_utils.course import progress, syllabus

POLL_SECONDS = 0.2
"""Interval between two looks at whether a run is to stop, in seconds."""

LONG_MINUTES = 5
"""Lessons of this many minutes or more are long."""

KERNEL_ARGUMENTS = ("--IPKernelApp.log_level=40",)
"""Arguments of each kernel: newer ones warn at every start that they speak TCP, here on 127.0.0.1
only."""

INTERRUPTED = "interrupted"
"""What `Run.error` says of a lesson that `Watch.stop` ended."""


@dataclass
class Cell:
    """A code cell that runs or ran: its place among the lesson's code cells, from 1, and more."""

    lesson: syllabus.Lesson
    place: int
    count: int
    source: str
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None

    @property
    def seconds(self):
        """How long the cell ran, or has run until now."""
        return (self.ended or time.perf_counter()) - self.started

    def __str__(self):
        line = errors.shown(next(filter(str.strip, self.source.splitlines()), "").strip())
        line = line if len(line) <= 40 else f"{line[:39]}…"
        return f"cell {self.place} of {self.count}, {self.seconds:.0f} s: {line}"


class Watch:
    """Code cells of lessons that run beside each other, followed from another thread.

    Parameters
    ----------
    on_lesson : callable, optional
        Is called with each lesson when its first code cell begins.

    Attributes
    ----------
    running : dict of str to Cell
        The cell that runs in each lesson, by the lesson's number.
    done : list of Cell
        The cells that ran to their end.
    stop : threading.Event
        Set it to end the lessons that run and to begin no other.
    """

    def __init__(self, on_lesson=None):
        self.running, self.done, self.stop = {}, [], threading.Event()
        self._on_lesson = on_lesson

    def begin(self, cell):
        """Note that a cell starts."""
        self.running[cell.lesson.number] = cell
        if self._on_lesson and cell.place == 1:
            self._on_lesson(cell.lesson)

    def end(self, cell):
        """Note that a cell ran to its end."""
        cell.ended = time.perf_counter()
        self.done.append(self.running.pop(cell.lesson.number))

    def longest(self, lesson):
        """Return the cell of a lesson that ran longest to its end, None where none did."""
        cells = (cell for cell in self.done if cell.lesson.number == lesson.number)
        return max(cells, key=lambda cell: cell.seconds, default=None)


@dataclass
class Run:
    """A lesson, the duration of its run, the scores it recorded, and the error that stopped it.

    ``cell`` is the :class:`Cell` at which it stopped, None if it ran to its end.
    """

    lesson: syllabus.Lesson
    seconds: float = 0.0
    scores: list = field(default_factory=list)
    error: str | None = None
    cell: Cell | None = None


def run_all(lessons, profile, out, jobs=1, watch=None):
    """Yield the :class:`Run` of each lesson as it ends; the other parameters are those of `run`.

    One job takes the lessons in order. Several take those of `LONG_MINUTES` first, so that none of
    these runs alone at the end, then the others in order. Once ``watch.stop`` is set, lessons that
    have not begun are left out.

    Parameters
    ----------
    lessons : list of course_utils.course.syllabus.Lesson
    jobs : int
        Number of kernels that run at the same time and share the cores.
    """
    watch = watch or Watch()
    # Two kernels must not fill the same cache of numba's (librosa's compiler): both may crash.
    caches = queue.SimpleQueue()
    for job in range(jobs):
        caches.put({"NUMBA_CACHE_DIR": str(Path(out).resolve() / "numba" / str(job))})
    threads = {} if jobs == 1 else {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))}

    def run_one(lesson):
        if watch.stop.is_set():
            return None
        cache = caches.get()
        try:
            return run(lesson, profile, out, watch, threads | cache)
        finally:
            caches.put(cache)

    if jobs > 1:
        lessons = sorted(lessons, key=lambda lesson: lesson.minutes[profile] < LONG_MINUTES)
    with ThreadPoolExecutor(jobs) as pool:
        left = {pool.submit(run_one, lesson) for lesson in lessons}
        try:
            while left:
                # Without a limit, Ctrl-C would wait for the end of the lesson on Windows.
                ended, left = wait(left, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in ended:
                    if (done := future.result()) is not None:
                        yield done
        except BaseException:
            watch.stop.set()  # the pool waits for its threads
            raise


def run(lesson, profile, out, watch=None, environment=None):
    """Execute a lesson's notebook, save the executed copy, and return its :class:`Run`.

    A cell may run as long as it needs.

    Parameters
    ----------
    lesson : course_utils.course.syllabus.Lesson
    profile : {"pocket", "hub"}
        With ``pocket``, Hugging Face libraries stay off the network.
    out : path-like
        Folder for the executed notebook, which is also the kernel's working folder.
    watch : Watch, optional
        Is told which code cell runs; its ``stop`` ends the lesson: the kernel and what it
        started are killed, and the copy holds the outputs so far.
    environment : dict, optional
        Environment variables of the kernel, besides those of this process.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    watch = watch or Watch()
    out = Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(syllabus.folder() / lesson.file, as_version=4)
    places = {place: order for order, place in enumerate(_code_cells(notebook), start=1)}
    result = Run(lesson)

    def begin(cell, cell_index):
        result.cell = Cell(lesson, places[cell_index], len(places), cell.source)
        watch.begin(result.cell)

    client = NotebookClient(
        notebook,
        timeout=None,
        extra_arguments=list(KERNEL_ARGUMENTS),
        kernel_name="python3",
        resources={"metadata": {"path": str(out)}},
        on_cell_execute=begin,
        on_cell_executed=lambda **_: watch.end(result.cell),
    )
    name = secrets.token_hex(8)
    variables = {"COURSE_PROFILE": profile, "COURSE_RUN": name, **(environment or {})}
    if profile == "pocket":
        variables |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    started = time.perf_counter()
    try:
        # In a thread of its own, because the caller's may have a running event loop already.
        with ThreadPoolExecutor(1) as pool:
            executed = _execute(client, os.environ | variables, watch.stop)
            finished = pool.submit(_finish, executed).result()
        if finished:
            result.cell = None
        else:
            result.error = INTERRUPTED
    except CellExecutionError as error:
        result.error = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
    except DeadKernelError as error:
        result.error = f"DeadKernelError: {error}"
    finally:
        errors.write(out / lesson.file, nbformat.writes(notebook) + "\n")
        if watch.running.pop(lesson.number, None):
            result.cell.ended = time.perf_counter()
    result.seconds = time.perf_counter() - started
    result.scores = progress.latest(run=name)
    return result


def _finish(executed):
    """Run a coroutine to its end; ZeroMQ cannot wait on Windows' own kind of event loop."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(executed)


async def _execute(client, environment, stop):
    """Run all cells, or until `stop` is set; return whether it was left to its end."""
    kernel = client.create_kernel_manager()
    work = asyncio.ensure_future(client.async_execute(env=environment))
    while not (await asyncio.wait({work}, timeout=POLL_SECONDS))[0]:
        if stop.is_set():
            client.shutdown_kernel = "immediate"
            if kernel.has_kernel:  # a mere interrupt would make what it started print tracebacks
                await kernel.provisioner.kill()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            if await kernel.is_alive():  # it was just being started or shut down
                await kernel.shutdown_kernel(now=True)
            return False
    work.result()
    return True


def code_cells(lesson):
    """Return the number of a lesson's code cells that have code, for a progress bar."""
    import nbformat

    return len(_code_cells(nbformat.read(syllabus.folder() / lesson.file, as_version=4)))


def _code_cells(notebook):
    cells = enumerate(notebook.cells)
    return [place for place, cell in cells if cell.cell_type == "code" and cell.source.strip()]
