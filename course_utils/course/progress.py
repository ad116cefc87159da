"""The ledger: one small local JSON file with the score of every lesson.

A lesson appends with :func:`record`; ``course-utils progress`` and the last lesson read it.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from course_utils import catalog, errors, scoring

FIELDS = ("lesson", "task", "metric", "baseline", "finetuned", "seconds", "profile")
TEXTS = ("lesson", "task", "metric", "profile")
NUMBERS = ("baseline", "finetuned", "seconds")

MAX_NUMBER = 1e12
"""Largest score or time, in seconds, that the ledger accepts."""


class LedgerError(errors.CourseError, RuntimeError):
    """The ledger cannot be read or written; the message says which file and what to do."""


def path():
    """Return the ledger's file, a :class:`pathlib.Path` that may not exist yet."""
    return Path(os.environ.get("COURSE_HOME") or Path.home() / ".course-utils") / "progress.json"


def record(
    task,
    *,
    metric,
    baseline=None,
    finetuned=None,
    seconds=None,
    lesson=None,
    higher_is_better=None,
):
    """Append one score to the ledger, and return the entry, a dict.

    Parameters
    ----------
    task : str
        What was learned, for example ``"music genres"``.
    metric : str
        Name of the score, for example ``"macro_f1"``.
    baseline, finetuned : float, optional
        The score before and after fine-tuning, as fractions or in the metric's own unit.
    seconds : float, optional
        Time that fine-tuning took.
    lesson : str, optional
        Two digits (default: the lesson that :func:`course_utils.course.lesson.start` opened).
    higher_is_better : bool, optional
        Whether a higher score is better (default: ``scoring.higher_is_better(metric)``).
    """
    if baseline is None and finetuned is None:
        raise ValueError(f"record({task!r}): give baseline=, finetuned= or both.")
    if higher_is_better is None:
        with suppress(ValueError):  # none of this package's metrics: the direction is not known
            higher_is_better = scoring.higher_is_better(str(metric))
    entry = {
        "lesson": lesson or os.environ.get("COURSE_LESSON", ""),
        "task": str(task),
        "metric": str(metric),
        "higher_is_better": higher_is_better,
        "baseline": _number("baseline", baseline),
        "finetuned": _number("finetuned", finetuned),
        "seconds": _number("seconds", seconds),
        "profile": catalog.profile(),
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "run": os.environ.get("COURSE_RUN", ""),
    }
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # With the lock, two notebooks that finish at the same time both get their entry.
        with FileLock(f"{file}.lock", timeout=30):
            # ASCII, since a text may hold half of a surrogate pair, which UTF-8 cannot encode.
            errors.write(file, json.dumps([*_read(file), entry], indent=1))
    except (OSError, Timeout) as error:
        raise LedgerError(
            f"The score could not be written to {file} ({error.__cause__ or error}): free some "
            "space or set COURSE_HOME to a folder that you can write to."
        ) from error
    return entry


def latest(run=None):
    """Return the newest score of each lesson, task, metric and profile, in lesson order.

    Parameters
    ----------
    run : str, optional
        Only scores that were recorded while ``$COURSE_RUN`` had this value.

    Returns
    -------
    list of dict
        With the keys in ``FIELDS``, and ``higher_is_better``, which may be None (not known).
    """
    newest = {
        tuple(entry[name] for name in TEXTS): {name: entry[name] for name in FIELDS}
        | {"higher_is_better": entry.get("higher_is_better")}
        for entry in _read(path())
        if run is None or entry.get("run") == run
    }
    return sorted(newest.values(), key=lambda entry: entry["lesson"])


def table(entries):
    """Return entries, as :func:`latest` returns them, as a table in plain text."""
    if not entries:
        return "No score yet. Lessons that score a model write here."
    rows = [FIELDS] + [tuple(_cell(entry[name]) for name in FIELDS) for entry in entries]
    rules = tuple("-" * max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(aligned([rows[0], rules, *rows[1:]]))


def aligned(rows):
    """Return rows, each a tuple of texts, as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _number(name, value):
    if value is None:
        return None
    if not _is_number(float(value)):
        raise ValueError(f"record: {name}={value} is not a finite number; record a real score.")
    return round(float(value), 4)


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else errors.shown(str(value) or "-")


def _read(file):
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LedgerError(f"{file} cannot be read ({error}); set COURSE_HOME elsewhere.") from error
    except (ValueError, RecursionError):
        entries = None
    if not (isinstance(entries, list) and all(map(_is_entry, entries))):
        raise LedgerError(f"{file} is not a ledger: move it away and run the lesson again.")
    return entries


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and set(FIELDS) <= set(entry)
        and all(isinstance(entry[name], str) for name in TEXTS)
        and all(entry[name] is None or _is_number(entry[name]) for name in NUMBERS)
        and isinstance(entry.get("higher_is_better"), bool | None)
    )


def _is_number(value):
    return type(value) in (int, float) and abs(value) < MAX_NUMBER
