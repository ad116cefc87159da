"""Speaker turns as RTTM files, the format in which diarization is exchanged and scored.

A turn is ``{"speaker": str, "start": float, "end": float}`` in seconds. The format is the one of
NIST (The 2009 Rich Transcription Meeting Recognition Evaluation Plan): one ``SPEAKER`` line for
each turn, with ten fields separated by spaces.
"""

from pathlib import Path

from course_utils import errors
from course_utils.formats import speaker_turns

__all__ = ["RttmError", "load", "save", "to_rttm"]

_SKIPPED = (
    "A/P CB EDIT FILLER IP LEXEME NO_RT_METADATA NON-LEX NON-SPEECH NOSCORE SEGMENT SPKR-INFO SU"
)
"""Types of RTTM lines in the evaluation plan that hold no speaker turn."""


class RttmError(errors.CourseError, ValueError):
    """Turns that RTTM cannot hold, or a file that is not RTTM; the message says where."""


def to_rttm(recordings):
    """Return turns in RTTM format.

    Parameters
    ----------
    recordings : dict of str to sequence of dict
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds, by the name of their
        recording. Times are rounded to milliseconds.

    Returns
    -------
    str
        One line for each turn, recordings in the given order, turns by start. A recording without
        turns has no line.

    Raises
    ------
    RttmError
        If a turn is malformed, or a name is empty, contains white space or is ``<NA>``.
    """
    if not hasattr(recordings, "items"):
        raise RttmError('give turns by recording, for instance {"call": turns}.')
    lines = []
    for recording, turns in recordings.items():
        try:
            turns = speaker_turns.checked(turns, f"recordings[{recording!r}]")
        except ValueError as error:
            raise RttmError(str(error)) from error
        for name in [recording, *(turn["speaker"] for turn in turns)]:
            if not isinstance(name, str) or name.split() != [name] or name == "<NA>":
                suggestion = "_".join(str(name).split()).strip("<>") or "call_1"
                raise RttmError(
                    f"the name {name!r} has to be one word other than <NA>, since spaces separate "
                    f"the fields of RTTM; call it {suggestion!r}."
                )
        for turn in turns:
            # Start and end are rounded, not the duration, so that adjacent turns stay adjacent.
            start, end = round(turn["start"], 3), round(turn["end"], 3)
            if start == end:
                raise RttmError(
                    f"{recording}: the turn of {turn['speaker']} from {turn['start']} s to "
                    f"{turn['end']} s is empty once rounded to milliseconds; leave it out."
                )
            lines.append(
                f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> {turn['speaker']} "
                "<NA> <NA>\n"
            )
    return "".join(lines)


def save(path, recordings):
    """Write turns by recording to an RTTM file, see :func:`to_rttm`; return the path."""
    path = Path(path)
    errors.write(path, to_rttm(recordings), RttmError)
    return path


def load(path):
    """Return the speaker turns in an RTTM file.

    It skips empty lines, comments (``;;``) and lines of types other than ``SPEAKER``, and ignores
    the channel.

    Returns
    -------
    dict of str to list of dict
        Turns of each recording by its name, as :func:`to_rttm` takes them, sorted by start.

    Raises
    ------
    RttmError
        If the file cannot be read, or a line is malformed; the message has file and line.
    """
    recordings = {}
    for number, line in enumerate(errors.read(path, RttmError).split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0].startswith(";;") or fields[0] in _SKIPPED.split():
            continue
        try:
            turn = _turn(fields)
        except ValueError as error:
            raise RttmError(f"{path}, line {number}: {error}") from error
        recordings.setdefault(fields[1], []).append(turn)
    return {name: speaker_turns.checked(turns, name) for name, turns in recordings.items()}


def _turn(fields):
    """Return the turn in the fields of a SPEAKER line, or raise ValueError."""
    if fields[0] != "SPEAKER":
        raise ValueError(f"{fields[0]!r} is no type of RTTM line; is this an RTTM file?")
    # Older files lack the last field, the look-ahead; some also the confidence before it.
    if len(fields) not in (8, 9, 10) or not _has_its_fields(fields):
        raise ValueError(
            f"its {len(fields)} fields are not those of a SPEAKER line: SPEAKER recording channel "
            "start duration <NA> <NA> speaker <NA> <NA>; write names without spaces."
        )
    try:
        start, duration = float(fields[3]), float(fields[4])
    except ValueError:
        start = duration = float("nan")
    end = round(start + duration, 9)  # 0.1 + 0.2 is 0.30000000000000004
    if not 0 <= start < end < float("inf"):
        raise ValueError(
            f"the start is {fields[3]!r} and the duration {fields[4]!r}; they must be numbers of "
            "seconds, from 0 and above 0, with a decimal point."
        )
    return {"speaker": fields[7], "start": start, "end": end}


def _has_its_fields(fields):
    """Tell whether fields after the times are what they should be, or others: a name had a space.

    They are two that a SPEAKER line leaves empty, the speaker, the confidence and the look-ahead.
    """
    confidence, look_ahead = map(_number, [*fields[8:], "<NA>", "<NA>"][:2])
    empty = all(field.strip("<>").upper() == "NA" for field in fields[5:7])
    return empty and fields[7] != "<NA>" and 0 <= confidence <= 1 and look_ahead >= 0


def _number(field):
    """Return a number that may be missing, then 0, or NaN for what is no number."""
    try:
        return 0.0 if field == "<NA>" else float(field)
    except ValueError:
        return float("nan")
