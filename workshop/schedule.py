"""Plans for half a day, one day and two days, minute by minute: who does what when."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from course_utils.course import syllabus
from workshop import WorkshopError, editions, notes


@dataclass(frozen=True)
class Row:
    """One line of a plan.

    Attributes
    ----------
    start : int
        Minutes since midnight.
    minutes : int
        How long.
    lesson : str
        Two digits, or empty for what is no lesson.
    what : str
        Section, or name of a break.
    exercises : tuple of str
        Ids, done within these minutes.
    pause : bool
        Whether people may leave the room.
    """

    start: int
    minutes: int
    lesson: str
    what: str
    exercises: tuple = ()
    pause: bool = False

    @property
    def end(self):
        """Minutes since midnight."""
        return self.start + self.minutes


@dataclass(frozen=True)
class Plan:
    """A day, or half of one.

    Attributes
    ----------
    name : str
        What it is called.
    start, end : int
        When the room opens and closes, in minutes since midnight.
    rows : tuple of Row
        Without gaps, in order.
    late : tuple of (str, str, int)
        Lesson, section or exercise to drop when late, and the minutes that it saves.
    """

    name: str
    start: int
    end: int
    rows: tuple
    late: tuple


def plans():
    """Return every plan of ``plans.toml``, with the times worked out.

    Returns
    -------
    list of Plan

    Raises
    ------
    WorkshopError
        If a plan names a section or an exercise that its lesson does not have.
    """
    text = (resources.files("workshop") / "plans.toml").read_text(encoding="utf-8")
    return [_plan(facts) for facts in tomllib.loads(text)["plan"]]


def clock(minutes):
    """Return minutes since midnight as a time, ``"09:05"``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@cache
def lesson_of(number):
    """Return the speaker notes and the exercises of a lesson, read once."""
    (lesson,) = syllabus.select([number])
    return notes.read(number), editions.tasks(editions.read(lesson))


def _plan(facts):
    now = start = _minutes(facts["start"])
    rows, late = [], []
    for part in facts["part"]:
        for row in _rows(part, now):
            rows.append(row)
            now = row.end
        late += [(part["lesson"], what, _saves(part, what)) for what in part.get("late", [])]
    return Plan(facts["name"], start, _minutes(facts["end"]), tuple(rows), tuple(late))


def _rows(part, now):
    if "lesson" not in part:
        name = part.get("pause") or part["other"]
        yield Row(now, part["minutes"], "", name, pause="pause" in part)
        return
    said, tasks = lesson_of(part["lesson"])
    for section in _chosen(part):
        done = [task for task in tasks if task.id in part["exercises"] and task.section == section]
        minutes = said[section].minutes + sum(task.minutes for task in done)
        yield Row(now, minutes, part["lesson"], section, tuple(task.id for task in done))
        now += minutes


def _chosen(part):
    """Return the sections of a part, in the lesson's order."""
    said, tasks = lesson_of(part["lesson"])
    named = part.get("sections", []) + part.get("leave_out", [])
    if unknown := [name for name in named if name not in said]:
        raise WorkshopError(f"plans.toml: lesson {part['lesson']} has no section {unknown[0]!r}.")
    wanted = part.get("sections") or [
        name for name in said if name not in part.get("leave_out", [])
    ]
    there = {task.id for task in tasks if task.section in wanted}
    if missing := [name for name in part["exercises"] if name not in there]:
        raise WorkshopError(f"plans.toml: exercise {missing[0]} is in no section that is taught.")
    return [name for name in said if name in wanted]


def _saves(part, what):
    """Return how many minutes it saves to drop a section, with its exercises, or an exercise."""
    said, tasks = lesson_of(part["lesson"])
    taught = [task for task in tasks if task.id in part["exercises"]]
    minutes = sum(task.minutes for task in taught if what in (task.id, task.section))
    if what in _chosen(part):
        minutes += said[what].minutes
    if not minutes:
        raise WorkshopError(f"plans.toml: {what!r} cannot be dropped, for it is not in the plan.")
    return minutes


def _minutes(text):
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
