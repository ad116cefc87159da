"""Plans for half a day, one day and two days: which section is taught when."""

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
        Start in minutes since midnight.
    minutes : int
        Length.
    lesson : str
        Number of the lesson, two digits; empty for a break and the like.
    what : str
        Heading of the section, or name of the break.
    exercises : tuple of str
        Ids of the exercises that are done within these minutes.
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
        """End in minutes since midnight."""
        return self.start + self.minutes


@dataclass(frozen=True)
class Plan:
    """A plan for a day or half of one.

    Attributes
    ----------
    name : str
        Title of the plan.
    start, end : int
        Start and latest end of the workshop, in minutes since midnight.
    rows : tuple of Row
        In order, without gaps.
    late : tuple of (str, str, int)
        Lesson, its section or exercise to drop when late, and the minutes that this saves.
    """

    name: str
    start: int
    end: int
    rows: tuple
    late: tuple


def plans():
    """Return every plan of ``plans.toml``, with start times computed.

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
    """Return the speaker notes and the exercises of a lesson; they are read once."""
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
    speaker_notes, tasks = lesson_of(part["lesson"])
    for section in _chosen(part):
        done = [task for task in tasks if task.id in part["exercises"] and task.section == section]
        minutes = speaker_notes[section].minutes + sum(task.minutes for task in done)
        yield Row(now, minutes, part["lesson"], section, tuple(task.id for task in done))
        now += minutes


def _chosen(part):
    """Return the sections of a part, in the lesson's order."""
    speaker_notes, tasks = lesson_of(part["lesson"])
    named = part.get("sections", []) + part.get("leave_out", [])
    if unknown := [name for name in named if name not in speaker_notes]:
        raise WorkshopError(f"plans.toml: lesson {part['lesson']} has no section {unknown[0]!r}.")
    wanted = part.get("sections") or [
        name for name in speaker_notes if name not in part.get("leave_out", [])
    ]
    known = {task.id for task in tasks if task.section in wanted}
    if missing := [name for name in part["exercises"] if name not in known]:
        raise WorkshopError(
            f"plans.toml: exercise {missing[0]} is in no section that the plan teaches."
        )
    return [name for name in speaker_notes if name in wanted]


def _saves(part, what):
    """Return the minutes saved by dropping an exercise, or a section with its exercises."""
    speaker_notes, tasks = lesson_of(part["lesson"])
    taught = [task for task in tasks if task.id in part["exercises"]]
    minutes = sum(task.minutes for task in taught if what in (task.id, task.section))
    if what in _chosen(part):
        minutes += speaker_notes[what].minutes
    if not minutes:
        raise WorkshopError(f"plans.toml: {what!r} cannot be dropped: it is not in the plan.")
    return minutes


def _minutes(text):
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
