"""Speaker turns as RTTM files, the format in which diarization is exchanged and scored.

A turn is ``{"speaker": str, "start": float, "end": float}`` in seconds. The format is the one of
NIST (The 2009 Rich Transcription Meeting Recognition Evaluation Plan): a ``SPEAKER`` line a turn,
ten fields with spaces between them.
"""

import math
from decimal import Decimal, InvalidOperation, Overflow
from pathlib import Path

from course_utils import errors
from course_utils.formats import speaker_turns

__all__ = ["RttmError", "load", "parse", "save", "to_rttm"]

# The other kinds of line that the evaluation plan lists; nothing here is made of them.
_OTHER_TYPES = (
    "A/P", "CB", "EDIT", "FILLER", "IP", "LEXEME", "NO_RT_METADATA", "NON-LEX", "NON-SPEECH",
    "NOSCORE", "SEGMENT", "SPKR-INFO", "SU",
)  # fmt: skip


class RttmError(errors.CourseError, ValueError):
    """Turns or a file that are no RTTM; the message says where."""


def to_rttm(recordings):
    """Format turns as RTTM.

    Parameters
    ----------
    recordings : dict of str to sequence of dict
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds, by the name of their
        recording. Times are rounded to the millisecond.

    Returns
    -------
    str
        A line a turn, recordings in the given order, turns by start. A recording without turns
        leaves no line: the format cannot hold it.

    Raises
    ------
    RttmError
        If something is no turn, or a name is empty or holds white space, which separates fields.

    Examples
    --------
    >>> print(to_rttm({"call": [{"speaker": "Alice", "start": 0.5, "end": 2.0}]}), end="")
    SPEAKER call 1 0.500 1.500 <NA> <NA> Alice <NA> <NA>
    """
    if not hasattr(recordings, "items"):
        raise RttmError('give turns by recording, for instance {"call": turns}.')
    lines = []
    for recording, turns in recordings.items():
        _require_word(recording, "recording")
        try:
            turns = speaker_turns.checked(turns, f"recordings[{recording!r}]")
        except ValueError as error:
            raise RttmError(str(error)) from error
        for turn in turns:
            _require_word(turn["speaker"], "speaker")
            lines.append(_line(recording, **turn))
    return "".join(lines)


def parse(text):
    """Read RTTM.

    Parameters
    ----------
    text : str
        A whole file. Empty lines, comments (``;;``) and lines of other kinds than ``SPEAKER``
        (``LEXEME``, ``SPKR-INFO``, ...) are skipped; the channel is ignored.

    Returns
    -------
    dict of str to list of dict
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds, sorted by start, by
        the name of their recording. Empty if the text holds no turn.

    Raises
    ------
    RttmError
        If a line is none of RTTM or holds an impossible time; the message has its number.

    Examples
    --------
    >>> parse("SPEAKER call 1 0.5 1.5 <NA> <NA> Alice <NA> <NA>")
    {'call': [{'speaker': 'Alice', 'start': 0.5, 'end': 2.0}]}
    """
    recordings = {}
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0].startswith(";;") or fields[0] in _OTHER_TYPES:
            continue
        try:
            recording, turn = _parse_fields(fields)
        except ValueError as error:
            raise RttmError(f"line {number}: {error}") from error
        recordings.setdefault(recording, []).append(turn)
    return {name: speaker_turns.checked(turns, name) for name, turns in recordings.items()}


def save(path, recordings):
    """Write turns by recording to ``path``, see :func:`to_rttm`; return the path."""
    path = Path(path)
    errors.write(path, to_rttm(recordings), RttmError)
    return path


def load(path):
    """Read the turns in a file by recording, see :func:`parse`; errors name the file."""
    text = errors.read(path, RttmError)
    try:
        return parse(text)
    except RttmError as error:
        raise RttmError(f"{path}, {error}") from error


def _parse_fields(fields):
    """Take a SPEAKER line apart: the recording and the turn."""
    if fields[0] != "SPEAKER":
        raise ValueError(f"{fields[0]!r} is no type of RTTM line; is this an RTTM file?")
    if len(fields) not in (9, 10):  # older files lack the last, the look-ahead
        raise ValueError(
            f"it has {len(fields)} fields, but a SPEAKER line has 10: SPEAKER recording channel "
            "start duration <NA> <NA> speaker <NA> <NA>; names must not hold spaces."
        )
    start, duration = _number(fields[3], "start"), _number(fields[4], "duration")
    if start < 0:
        raise ValueError(f"the start is {fields[3]} s, before the recording.")
    if duration <= 0:
        raise ValueError(f"the duration is {fields[4]} s; a turn lasts longer than 0 s.")
    # Added as decimals: as floats, 0.1 + 0.2 would end at 0.30000000000000004.
    try:
        turn = {"speaker": fields[7], "start": float(start), "end": float(start + duration)}
    except (Overflow, OverflowError):
        turn = {"start": math.inf, "end": math.inf}
    if not turn["start"] < turn["end"] < math.inf:
        raise ValueError(f"{fields[3]} s and {fields[4]} s are no start and duration of a turn.")
    return fields[1], turn


def _number(text, name):
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the {name} {text!r} is no number.") from None
    if not number.is_finite():
        raise ValueError(f"the {name} {text!r} is not finite.")
    return number


def _require_word(name, what):
    """Refuse a name that the format cannot hold."""
    if not isinstance(name, str) or name.split() != [name]:
        suggestion = "_".join(str(name).split()) or f"{what}_1"
        raise RttmError(
            f"the {what} {name!r} has to be one word, since spaces separate the fields of RTTM; "
            f"call it {suggestion!r}."
        )


def _line(recording, speaker, start, end):
    # Start and end are rounded, not the duration: turns that touch go on touching.
    first, last = round(1000 * start), round(1000 * end)
    if first == last:
        raise RttmError(
            f"{recording}: the turn of {speaker} from {start} s to {end} s is none once rounded to "
            "milliseconds; leave it out."
        )
    return (
        f"SPEAKER {recording} 1 {_seconds(first)} {_seconds(last - first)} <NA> <NA> {speaker} "
        "<NA> <NA>\n"
    )


def _seconds(milliseconds):
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"
