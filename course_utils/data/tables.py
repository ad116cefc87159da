"""Tables as people have them: separated by commas, semicolons, tabs or bars; JSON Lines."""

import codecs
import csv
import io
import json
import re
import unicodedata
from pathlib import Path, PurePosixPath

from course_utils.data.columns import DataError
from course_utils.errors import one_line, shown

_KINDS = "3g2 3gp aac ac3 aif aifc aiff amr ape au avi caf eac3"  # codespell:ignore caf
_KINDS += " flac flv m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpeg mpg mpga mts oga ogg ogv opus rf64"
_KINDS += " snd ts tta w64 wav weba webm wma wmv wv"
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())
"""Suffixes that `load_folder` takes for audio or video."""
TEXT = ("file_name", "label", "text", "speaker")
"""Columns of text: "NA" may be a transcript, 007 a label."""
SEPARATORS = ",;\t|"
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9]\d{0,17})([.,]\d+)?([eE][-+]?\d{1,2})?")
_QUOTES = "put the whole text into quotation marks, and write each mark inside it twice"


def composed(text):
    """Return a name with composed letters (NFC), without white space at both ends."""
    return unicodedata.normalize("NFC", text).strip()


def look_alikes(names):
    """Return lists of names that differ only by case, spaces, hyphens and underscores.

    Between digits these separate: 1-2 and 12 do not look alike.
    """
    alike = {}
    for name in sorted(set(filter(None, names))):
        key = re.sub(r"(?<!\d)[\s_-]+|[\s_-]+(?!\d)", "", name.casefold())
        alike.setdefault(key or name, []).append(name)
    return [same for same in alike.values() if len(same) > 1]


def is_audio(name):
    """Tell whether a name has a suffix of audio or video."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower() in AUDIO_SUFFIXES


def lines_of(path):
    """Return the lines of a text file in UTF-8 or UTF-16, with any kind of line ends."""
    return _text(path).split("\n")


def _text(path):
    try:
        content = Path(path).read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, ValueError) as error:
        reason = f"cannot be read as text ({one_line(error)})"
        raise DataError(f"{shown(path)}: {reason}; save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def separator(path):
    """Return what separates the columns of a table with a column file_name, or None."""
    return _separator(_text(path))


def _separator(text):
    return next((mark for mark in SEPARATORS if "file_name" in _head(text, mark)), None)


def _head(text, mark):
    try:
        return [composed(name) for name in next(_reader(text, mark), [])]
    except csv.Error:
        return []


def _reader(text, mark):
    return csv.reader(io.StringIO(text, ""), delimiter=mark, skipinitialspace=True, strict=True)


def read_csv(path):
    """Return the columns of a table with a head and a column file_name, lists by name.

    Names and cells have no white space at their ends. Rows without any cell are left out.
    """
    text, title = _text(path), shown(path)
    if not text.strip():
        raise DataError(f"{title}: is not a CSV table (it is empty); write a column file_name")
    mark = _separator(text)
    if mark is None:
        names = max((_head(text, mark) for mark in SEPARATORS), key=len)
        found = ", ".join(map(shown, names))
        raise DataError(f"{title}: has no column file_name, only {found}; add or rename it")
    names = _head(text, mark)
    rows = list(_rows(text, mark, names, title))
    if not rows:
        raise DataError(f"{title}: has no rows below its head; write one for each recording")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    # A separator at the end of each line, or the row numbers that pandas writes by default.
    if "" in columns and (not any(columns[""]) or columns[""] == [*map(str, range(len(rows)))]):
        names = [name for name in names if name]
        del columns[""]
    if "audio" in columns:
        raise DataError(f"{title}: has a column audio, which is filled from file_name; rename it")
    odd = [name for name in names if not name.isprintable() or not name or names.count(name) > 1]
    if odd:
        reason = f"names its columns {', '.join(map(shown, odd))}"
        raise DataError(f"{title}: {reason}; use one line of plain text, and each name once")
    return {
        name: values if name in TEXT else _numbers(values, mark) for name, values in columns.items()
    }


def _rows(text, mark, names, title):
    """Yield the rows below the head, as long as it, or raise DataError with the line."""
    reader, place = _reader(text, mark), names.index("file_name")
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            row = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"line {line}: is not a CSV table ({one_line(error)})"
            raise DataError(f"{title}, {reason}; {_QUOTES}") from error
        while len(row) > len(names) and not row[-1]:
            row.pop()
        if len(row) > len(names):
            reason = f"has {len(row)} cells, but the head has {len(names)}"
            way_out = "put quotes around a text with commas"
            raise DataError(f"{title}, line {line}: {reason}; {way_out}")
        # Two marks that nothing closes join the rows between them.
        for inner in [inner for cell in row for inner in cell.split("\n")[1:]]:
            cells = [cell.strip() for cell in inner.split(mark)]
            if len(cells) >= len(names) and is_audio(cells[place]):
                reason = f"a quotation mark swallows the row of {shown(cells[place])}"
                raise DataError(f"{title}, line {line}: {reason}; {_QUOTES}")
        if any(row):
            yield row + [""] * (len(names) - len(row))


def _numbers(values, mark):
    """Return cells as int or float where all are numbers or empty (None), else as they are."""
    filled = [value for value in values if value]
    if filled and all(map(_WHOLE.fullmatch, filled)):
        return [int(value) if value else None for value in values]
    comma = mark != "," and all(map(_DECIMAL.fullmatch, filled))
    decimal = [value.replace(",", ".") if comma else value for value in values]
    if filled and all(_DECIMAL.fullmatch(v) and "," not in v for v in filter(None, decimal)):
        return [float(value) if value else None for value in decimal]
    return values


def json_lines(path, lines):
    """Return the objects in lines of a JSON Lines file, or raise DataError with the line."""
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            reason = f"line {number}: is no JSON object ({one_line(error)})"
            raise DataError(f"{shown(path)}, {reason}; write one object a line") from error
        rows.append(row)
    return rows
