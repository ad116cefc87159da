"""Subtitles: the timed chunks of a recogniser as SRT and WebVTT, and back.

A chunk is what ``pipeline("automatic-speech-recognition", return_timestamps=True)`` puts under
``"chunks"``: ``{"timestamp": (start, end), "text": ...}`` in seconds. Formats: WebVTT is a W3C
standard (https://www.w3.org/TR/webvtt1/); SRT has none, this is the SubRip convention.
"""

import html
import math
import re
from pathlib import Path

from course_utils import errors

__all__ = ["SubtitleError", "load", "parse", "save", "to_srt", "to_vtt"]

_TIME = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{2})[.,](\d{3})")
_ARROW = re.compile(rf"^\s*({_TIME.pattern})\s+-->\s+({_TIME.pattern})")
_SHORTEST = 0.001


class SubtitleError(ValueError):
    """Chunks or a file that are no subtitles; the message says where."""


def to_srt(chunks):
    """Format chunks as SRT.

    Parameters
    ----------
    chunks : sequence of dict
        ``{"timestamp": (start, end), "text": str}`` with times in seconds, in order. An ``end`` of
        None, which recognisers give for a sentence cut off by the end of the audio, becomes the
        start of the next chunk, or ``start`` + 2 s for the last one. Chunks without text go.

    Returns
    -------
    str
        Numbered blocks with times ``00:00:00,000``, separated by blank lines.

    Raises
    ------
    SubtitleError
        If a chunk lacks a key, ends before it starts, or starts before the one before it.

    Examples
    --------
    >>> print(to_srt([{"timestamp": (0.0, 1.5), "text": "Hello."}]))
    1
    00:00:00,000 --> 00:00:01,500
    Hello.
    <BLANKLINE>
    """
    blocks = (
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(_checked(chunks), start=1)
    )
    return "\n".join(blocks)


def to_vtt(chunks):
    """Format chunks as WebVTT, which browsers play beside ``<audio>`` and ``<video>``.

    Parameters
    ----------
    chunks : sequence of dict
        As for :func:`to_srt`. ``&``, ``<`` and ``>`` in the text are escaped.

    Returns
    -------
    str
        ``WEBVTT``, then blocks with times ``00:00:00.000``.

    Raises
    ------
    SubtitleError
        As :func:`to_srt`.

    Examples
    --------
    >>> print(to_vtt([{"timestamp": (61.0, 62.0), "text": "A & B"}]))
    WEBVTT
    <BLANKLINE>
    00:01:01.000 --> 00:01:02.000
    A &amp; B
    <BLANKLINE>
    """
    blocks = (
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n{html.escape(text, quote=False)}\n"
        for start, end, text in _checked(chunks)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def parse(text):
    """Read SRT or WebVTT.

    Parameters
    ----------
    text : str
        A whole file. Styles, notes and cue settings of WebVTT are skipped.

    Returns
    -------
    list of dict
        ``{"timestamp": (start, end), "text": str}``, in seconds.

    Raises
    ------
    SubtitleError
        If it holds no time line such as ``00:00:01,000 --> 00:00:02,000``.

    Examples
    --------
    >>> parse(to_srt([{"timestamp": (0.5, 1.0), "text": "Hello."}]))
    [{'timestamp': (0.5, 1.0), 'text': 'Hello.'}]
    """
    escaped = text.lstrip("\ufeff").startswith("WEBVTT")
    chunks = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.strip("\n").split("\n")
        place = next((n for n, line in enumerate(lines) if _ARROW.match(line)), None)
        if place is None:
            continue
        first, last = (_seconds(match) for match in list(_TIME.finditer(lines[place]))[:2])
        spoken = "\n".join(lines[place + 1 :]).strip()
        chunks.append(
            {"timestamp": (first, last), "text": _unescape(spoken) if escaped else spoken}
        )
    if not chunks:
        raise SubtitleError(
            "no subtitles: not one line such as 00:00:01,000 --> 00:00:02,000; is this SRT or VTT?"
        )
    return chunks


def save(path, chunks):
    """Write chunks to ``path``, whose suffix .srt or .vtt names the format; return the path."""
    path = Path(path)
    formats = {".srt": to_srt, ".vtt": to_vtt}
    if path.suffix.lower() not in formats:
        raise SubtitleError(f"{path.name} ends in neither .srt nor .vtt: name it after its format.")
    errors.write(path, formats[path.suffix.lower()](chunks), SubtitleError)
    return path


def load(path):
    """Read the subtitles in a file, see :func:`parse`; errors name the file."""
    text = errors.read(path, SubtitleError)
    try:
        return parse(text)
    except SubtitleError as error:
        raise SubtitleError(f"{path}: {error}") from error


def _checked(chunks):
    """Check chunks and fill open ends: list of (start, end, text)."""
    cues, before = [], 0.0
    chunks = [_fields(chunk, number) for number, chunk in enumerate(chunks, start=1)]
    for number, (start, end, text) in enumerate(chunks):
        if end is None:
            follows = next((later for later, *_ in chunks[number + 1 :]), start + 2.0)
            end = max(follows, start + _SHORTEST)
        if start < 0 or end < start:
            raise SubtitleError(f"chunk {number + 1} runs from {start} s to {end} s.")
        if start < before:
            raise SubtitleError(
                f"chunk {number + 1} starts at {start} s, before the one before it; sort them."
            )
        before = start
        if text:
            cues.append((start, end, text))
    return cues


def _fields(chunk, number):
    """Take a chunk apart: start, end, text without blank lines."""
    try:
        start, end = (None if time is None else float(time) for time in chunk["timestamp"])
        lines = chunk["text"].strip().splitlines()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise SubtitleError(
            f'chunk {number} is no {{"timestamp": (start, end), "text": ...}}: ask the pipeline '
            "with return_timestamps=True and pass its answer's chunks."
        ) from error
    if start is None:
        raise SubtitleError(f"chunk {number} has no start.")
    if not all(math.isfinite(time) for time in (start, end) if time is not None):
        raise SubtitleError(f"chunk {number} runs from {start} s to {end} s.")
    text = "\n".join(line.strip() for line in lines if line.strip())
    return start, end, text.replace("-->", "->")


def _clock(seconds, point):
    """Format seconds as hours, minutes, seconds and milliseconds."""
    milliseconds = round(1000 * seconds)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


def _seconds(match):
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    return (1000 * (3600 * hours + 60 * minutes + seconds) + milliseconds) / 1000


def _unescape(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
