"""The ledger: one small local JSON file that remembers the score of every lesson.

A lesson appends with :func:`record`; ``course-utils progress`` and the last lesson read it back.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from course_utils import catalog, errors, scoring

FIELDS = ("lesson", "task", "metric", "baseline", "finetuned", "seconds", "profile")
_HIGHEST = 1e12  # no score and no time is as large


class LedgerError(RuntimeError):
    """The ledger cannot be read or written; the message says which file and what to do."""


def home():
    """Return the folder that holds the learner's own state.

    Returns
    -------
    pathlib.Path
        ``$COURSE_HOME`` where it is set, else ``~/.course-utils``. It may not exist yet.
    """
    return Path(os.environ.get("COURSE_HOME") or Path.home() / ".course-utils")


def path():
    """Return the ledger's file, a :class:`pathlib.Path` that may not exist yet."""
    return home() / "progress.json"


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
    """Append one score to the ledger.

    Parameters
    ----------
    task : str
        What was learned, for example ``"music genres"``.
    metric : str
        Name of the score, for example ``"macro_f1"``.
    baseline, finetuned : float, optional
        The score before and after fine-tuning, as fractions or in the metric's own unit.
    seconds : float, optional
        How long fine-tuning took.
    lesson : str, optional
        Two digits; the lesson that :func:`course_utils.course.lesson.start` opened, when left out.
    higher_is_better : bool, optional
        Whether a higher score is better; ``scoring.higher_is_better(metric)`` when left out.

    Returns
    -------
    dict
        The entry as it was written.

    Raises
    ------
    ValueError
        If neither score is given, or one is not a finite number.
    LedgerError
        If the file cannot be written, or holds something else than a ledger.
    """
    if baseline is None and finetuned is None:
        raise ValueError(f"record({task!r}): give baseline=, finetuned= or both.")
    scores = {"baseline": baseline, "finetuned": finetuned, "seconds": seconds}
    entry = {
        "lesson": lesson or os.environ.get("COURSE_LESSON", ""),
        "task": str(task),
        "metric": str(metric),
        "higher_is_better": _direction(metric) if higher_is_better is None else higher_is_better,
        **{name: _number(name, value) for name, value in scores.items()},
        "profile": catalog.profile(),
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The lock makes two notebooks that finish together both count.
        with FileLock(f"{file}.lock", timeout=30):
            entries = [*_read(file), entry]
            # Escaped, so that any text fits, even half of a surrogate pair.
            errors.write(file, json.dumps(entries, indent=1))
    except (OSError, Timeout) as error:
        raise LedgerError(
            f"The score could not be written to {file} ({error.__cause__ or error}): free some "
            "space or set COURSE_HOME to a folder that you can write to."
        ) from error
    return entry


def history():
    """Return every recorded score, oldest first.

    Returns
    -------
    list of dict
        Keys as in ``FIELDS``, ``time`` (ISO 8601, UTC) and ``higher_is_better`` (bool, or None if
        the direction of the metric is not known; missing in ledgers of older versions).

    Raises
    ------
    LedgerError
        If the file holds something else than a ledger.
    """
    return _read(path())


def latest():
    """Return the newest score of each lesson, task, metric and profile, in lesson order.

    Returns
    -------
    list of dict
        One dict an entry with exactly the keys in ``FIELDS`` and ``higher_is_better``.
    """
    newest = {}
    for entry in history():
        key = tuple(entry[name] for name in ("lesson", "task", "metric", "profile"))
        newest[key] = {name: entry[name] for name in FIELDS}
        newest[key]["higher_is_better"] = entry.get("higher_is_better")
    return sorted(newest.values(), key=lambda entry: entry["lesson"])


def table(entries):
    """Lay scores out as text, one line an entry.

    Parameters
    ----------
    entries : list of dict
        As :func:`latest` returns them.

    Returns
    -------
    str
        A table with a heading, or a sentence when there is nothing to show.
    """
    if not entries:
        return "No score yet. Run a lesson: its last cells write here."
    rows = [FIELDS] + [tuple(_cell(entry[name]) for name in FIELDS) for entry in entries]
    widths = [max(len(row[i]) for row in rows) for i in range(len(FIELDS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _direction(metric):
    try:
        return scoring.higher_is_better(str(metric))
    except ValueError:  # none of this package's metrics
        return None


def _number(name, value):
    if value is None:
        return None
    value = float(value)
    if not _is_score(value):
        raise ValueError(f"record: {name}={value} is not a finite number; record a real score.")
    return round(value, 4)


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
    if not (isinstance(entries, list) and all(_is_entry(entry) for entry in entries)):
        raise LedgerError(f"{file} is not a ledger: move it away and run the lesson again.")
    return entries


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and all(
            isinstance(entry.get(name), str) for name in ("lesson", "task", "metric", "profile")
        )
        and all(
            entry.get(name, "") is None or _is_score(entry.get(name))
            for name in ("baseline", "finetuned", "seconds")
        )
        and isinstance(entry.get("higher_is_better"), bool | None)
    )


def _is_score(value):
    return type(value) in (int, float) and abs(value) < _HIGHEST
