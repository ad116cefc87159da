"""The whole course: seconds and peak memory of each lesson, as `course-utils run` runs it."""

import shutil
import tempfile
import threading
import time
from pathlib import Path

import psutil
from measure import highest

from course_utils.course import notebook_runner, syllabus

MIB = 2**20


class Watch(threading.Thread):
    """Follows the processes that this one started, and remembers the most memory they had.

    Attributes
    ----------
    kernel : int
        Highest resident size of a single process, in bytes: what the system itself noted (VmHWM),
        so that no peak between two looks is missed.
    together : int
        Highest sum of resident sizes at a look; pages that processes share count for each.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.kernel = self.together = 0
        self._over = threading.Event()

    def run(self):
        me = psutil.Process()
        while not self._over.wait(0.1):
            total = 0
            for process in me.children(recursive=True):
                try:
                    total += process.memory_info().rss
                    self.kernel = max(self.kernel, highest(process.pid))
                except (psutil.Error, OSError):
                    continue  # it ended in between
            self.together = max(self.together, total)

    def stop(self):
        self._over.set()
        self.join()


def measure(number):
    """Run a lesson in the pocket profile and return its row."""
    (lesson,) = syllabus.select([number])
    folder = Path(tempfile.mkdtemp(prefix="bench-course-"))
    watch = Watch()
    watch.start()
    started = time.perf_counter()
    try:
        run = notebook_runner.run(lesson, "pocket", folder)
    finally:
        watch.stop()
        shutil.rmtree(folder)
    return {
        "lesson": number,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mib": round(watch.kernel / MIB),
        "together_mib": round(watch.together / MIB),
        "error": run.error,
    }
