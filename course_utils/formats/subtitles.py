"""Subtitles: the timed chunks of a recogniser as SRT and WebVTT files, and back.

A chunk is what ``pipeline("automatic-speech-recognition", return_timestamps=True)`` returns under
``"chunks"``: ``{"timestamp": (start, end), "text": ...}`` in seconds. WebVTT is a W3C standard
(https://www.w3.org/TR/webvtt1/); SRT has none, this is the SubRip convention.
"""

import html
import math
import re
import warnings
from itertools import zip_longest
from pathlib import Path

from course_utils import errors

__all__ = ["SubtitleError", "load", "save", "to_srt", "to_vtt"]

_TIME = r"\s*(?:(\d{1,4})\s*:\s*)?(\d\d?)\s*:\s*(\d\d?)(?:\s*[.,:]\s*(\d+))?\s*"
_TIMES = re.compile(rf"{_TIME}-+>{_TIME}(?:\s.*)?")
"""Time line: two times, and in WebVTT settings. Editors write any number of decimals, or none."""
_ALMOST_TIMES = re.compile(r".*-->|\s*\d+\s*:[\d\s:.,]*->")
_SRT_TAGS = re.compile(r"(?i)</?(?:[bius]|font)\b[^>]*>|\{\\[^}]*\}")
_SHOWN = 2.0  # seconds that a chunk without a possible end is shown


class SubtitleError(errors.CourseError, ValueError):
    """Chunks that cannot become subtitles, or a file without; the message says where and why."""


def to_srt(chunks):
    """Return chunks in SRT format.

    Parameters
    ----------
    chunks : sequence of dict
        ``{"timestamp": (start, end), "text": str}`` with times in seconds, in the order of the
        words. An ``end`` of None, which recognisers return for a sentence cut off by the end of
        the audio, becomes the start of the next chunk, or ``start`` + 2 s if that is not later.
        Chunks without text are left out.

    Returns
    -------
    str
        Numbered blocks with times ``00:00:00,000``, separated by blank lines.

    Raises
    ------
    SubtitleError
        If a chunk lacks a key or has an impossible time.

    Warns
    -----
    UserWarning
        If times go backwards, as Whisper's sometimes do. The order of the words stays: a chunk
        starts no earlier than the one before it, and an end before the start counts as None.
    """
    cues = enumerate(_cues(chunks), start=1)
    return "\n".join(f"{number}\n{times}\n{text}\n" for number, (times, text) in cues)


def save(path, chunks):
    """Write chunks to an SRT or WebVTT file and return its path.

    The suffix, ``.srt`` or ``.vtt``, chooses the format. Chunks and errors are those of
    :func:`to_srt`; in WebVTT, ``&``, ``<`` and ``>`` are escaped.
    """
    path = Path(path)
    formats = {".srt": to_srt, ".vtt": to_vtt}
    if path.suffix.lower() not in formats:
        raise SubtitleError(f"{path.name} ends in neither .srt nor .vtt: name it after its format.")
    errors.write(path, formats[path.suffix.lower()](chunks), SubtitleError)
    return path


def load(path):
    r"""Return the chunks in an SRT or WebVTT file, as :func:`to_srt` takes them.

    A subtitle lasts to the next time line, across empty lines. Numbers, names, notes, styles and
    formatting tags (``<i>``, ``<v Alice>``, ``{\an8}``) are left out; lines of text stay lines.

    Returns
    -------
    list of dict
        ``{"timestamp": (start, end), "text": str}``, in seconds, in the order of the file.

    Raises
    ------
    SubtitleError
        If the file cannot be read, or holds a line with an arrow that is no time line, or text
        before the first time line; the message has file and line.
    """
    lines = [line.strip() for line in errors.read(path, SubtitleError).split("\n")]
    if vtt := Path(path).suffix.lower() == ".vtt":
        lines = _without_notes(lines)
    places = []
    for number, line in enumerate(lines):
        if _TIMES.fullmatch(line):
            places.append(number)
        elif _ALMOST_TIMES.match(line) or (line and not line.isdecimal() and not (places or vtt)):
            raise SubtitleError(
                f"{errors.shown(path)}, line {number + 1}: {line!r} is no time line such as "
                "00:00:01,000 --> 00:00:02,500; correct it, or check that these are subtitles."
            )
    if any(lines) and not places:
        raise SubtitleError(f"{errors.shown(path)} has no time lines; is it a subtitle file?")
    chunks = []
    for number, (place, later) in enumerate(zip_longest(places, places[1:]), start=2):
        fields = _TIMES.fullmatch(lines[place]).groups()
        text = lines[place + 1 : later]
        if later:
            while text and not text[-1]:
                text.pop()
            # The number of the next subtitle is in the last line; in WebVTT, a name can be.
            apart = text[-2:-1] == [""]
            if text and ((apart and (vtt or text[-1].isdecimal())) or text[-1] == str(number)):
                text.pop()
        text = "\n".join(filter(None, map(_without_vtt_tags if vtt else _without_tags, text)))
        chunks.append({"timestamp": (_seconds(*fields[:4]), _seconds(*fields[4:])), "text": text})
    return chunks


def _without_notes(lines):
    """Return the lines of a WebVTT file with its header, notes and styles made empty."""
    kept, before, skipped = [], "", lines[0].startswith("WEBVTT")
    for line in lines:
        skipped = skipped or (not before and bool(re.match(r"(NOTE|STYLE|REGION)\b", line)))
        kept.append("" if skipped else line)
        before, skipped = line, skipped and line != ""
    return kept


def _without_tags(line):
    return _SRT_TAGS.sub("", line).strip()


def _without_vtt_tags(line):
    return html.unescape(re.sub("<[^>]*>", "", line)).strip()


def _seconds(hours, minutes, seconds, decimals):
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return float(f"{whole}.{decimals or 0}")


def to_vtt(chunks):
    """Return chunks in WebVTT format; they are as for :func:`to_srt`."""
    cues = ((times.replace(",", "."), html.escape(text, False)) for times, text in _cues(chunks))
    return "\n".join(["WEBVTT\n", *(f"{times}\n{text}\n" for times, text in cues)])


def _cues(chunks):
    """Yield the time line and the text of each chunk that has text; check all chunks."""
    chunks = [_fields(chunk, number) for number, chunk in enumerate(chunks, start=1)]
    starts, latest = [], 0.0
    for number, (start, end, _) in enumerate(chunks, start=1):
        if not 0 <= start < math.inf or (end is not None and not 0 <= end < math.inf):
            raise SubtitleError(f"chunk {number} runs from {start} s to {end} s.")
        if start < latest or (end is not None and end < start):
            before = f", after {latest} s" if start < latest else ""
            problem = f"chunk {number} runs from {start} s to {end} s{before}"
            warnings.warn(f"{problem}: its times are moved, words stay in order", stacklevel=4)
        latest = max(start, latest)
        starts.append(latest)
    for start, later, (_, end, text) in zip(starts, [*starts, 0.0][1:], chunks, strict=True):
        if end is None or end <= start:
            end = later if later > start else start + _SHOWN
        if text:
            yield f"{_clock(start)} --> {_clock(end)}", text


def _fields(chunk, number):
    """Return start, end and text of a chunk; a blank line in the text would end the subtitle."""
    try:
        start, end = chunk["timestamp"]
        start, end = float(start), None if end is None else float(end)
        lines = (line.strip() for line in chunk["text"].splitlines())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise SubtitleError(
            f'chunk {number} is no {{"timestamp": (start, end), "text": ...}} with a start: call '
            'the pipeline with return_timestamps=True and pass the "chunks" of its answer.'
        ) from error
    return start, end, "\n".join(filter(None, lines)).replace("-->", "->")


def _clock(seconds):
    """Return a time as hours, minutes, seconds and milliseconds, 00:00:00,000."""
    seconds, milliseconds = divmod(round(1000 * seconds), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d},{milliseconds:03d}"
