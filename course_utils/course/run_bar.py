"""The progress bar of ``course-utils run``: cells done, and the cell that runs in each kernel."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text


class RunBar(Progress):
    """A bar that follows a :class:`course_utils.course.notebook_runner.Watch` on a terminal.

    Parameters
    ----------
    watch : course_utils.course.notebook_runner.Watch
    total : int
        Number of code cells of all lessons.
    """

    def __init__(self, watch, total):
        columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
        self._watch = watch
        super().__init__(*columns, TimeElapsedColumn())
        self.add_task("lessons", total=total)

    def get_renderables(self):
        """Yield the bar and a line for each running cell; rich asks ten times a second."""
        for task in self.tasks:
            task.completed = len(self._watch.done)
        yield self.make_tasks_table(self.tasks)
        for number, cell in sorted(self._watch.running.copy().items()):
            yield Text(f"{number}  {cell}", no_wrap=True, overflow="ellipsis")
