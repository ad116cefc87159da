"""Subtitles: the timed chunks of a recogniser as SRT and WebVTT files.

A chunk is what ``pipeline("automatic-speech-recognition", return_timestamps=True)`` returns under
``"chunks"``: ``{"timestamp": (start, end), "text": ...}`` in seconds. WebVTT is a W3C standard
(https://www.w3.org/TR/webvtt1/); SRT has none, this is the SubRip convention.
"""

import html
import math
from pathlib import Path

from course_utils import errors

__all__ = ["SubtitleError", "save", "to_srt"]


class SubtitleError(errors.CourseError, ValueError):
    """Chunks that cannot become subtitles; the message says which and why."""


def to_srt(chunks):
    """Return chunks in SRT format.

    Parameters
    ----------
    chunks : sequence of dict
        ``{"timestamp": (start, end), "text": str}`` with times in seconds, sorted by start. An
        ``end`` of None, which recognisers return for a sentence cut off by the end of the audio,
        becomes the start of the next chunk, or ``start`` + 2 s for the last one. Chunks without
        text are left out.

    Returns
    -------
    str
        Numbered blocks with times ``00:00:00,000``, separated by blank lines.

    Raises
    ------
    SubtitleError
        If a chunk lacks a key, ends before it starts, or starts before the previous one.
    """
    cues = enumerate(_cues(chunks), start=1)
    return "\n".join(f"{number}\n{times}\n{text}\n" for number, (times, text) in cues)


def save(path, chunks):
    """Write chunks to an SRT or WebVTT file and return its path.

    The suffix, ``.srt`` or ``.vtt``, chooses the format. Chunks and errors are those of
    :func:`to_srt`; in WebVTT, ``&``, ``<`` and ``>`` are escaped.
    """
    path = Path(path)
    formats = {".srt": to_srt, ".vtt": _to_vtt}
    if path.suffix.lower() not in formats:
        raise SubtitleError(f"{path.name} ends in neither .srt nor .vtt: name it after its format.")
    errors.write(path, formats[path.suffix.lower()](chunks), SubtitleError)
    return path


def _to_vtt(chunks):
    cues = ((times.replace(",", "."), html.escape(text, False)) for times, text in _cues(chunks))
    return "\n".join(["WEBVTT\n", *(f"{times}\n{text}\n" for times, text in cues)])


def _cues(chunks):
    """Yield the time line and the text of each chunk that has text; check all chunks."""
    chunks = [_fields(chunk, number) for number, chunk in enumerate(chunks, start=1)]
    starts = [start for start, *_ in chunks]
    for number, (start, end, text) in enumerate(chunks):
        if end is None:
            end = max(start + 0.001, (starts[number + 1 :] or [start + 2.0])[0])
        if not 0 <= start <= end < math.inf:
            raise SubtitleError(f"chunk {number + 1} runs from {start} s to {end} s.")
        if start < max(starts[:number], default=0.0):
            raise SubtitleError(
                f"chunk {number + 1} starts at {start} s, before the previous one; sort them."
            )
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
