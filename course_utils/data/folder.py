"""The learner's own recordings: a folder with a table, or with one subfolder for each class."""

import os
import warnings
from pathlib import Path

from course_utils import audio
from course_utils.data.columns import DataError, undecoded, with_class_labels
from course_utils.errors import one_line, shown

_KINDS = "aac ac3 aif aifc aiff amr au caf flac m4a m4v mka mkv mov"  # codespell:ignore caf
_KINDS += " mp3 mp4 oga ogg opus rf64 snd w64 wav webm wma wv"
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())
"""Suffixes that `load_folder` takes for audio or video."""


def load_folder(path, check=True):
    """Return a folder of recordings as a data set.

    The folder holds either ``metadata.csv`` with a column ``file_name`` (paths below the folder)
    and any others, or one subfolder for each class. Hidden files are ignored. One warning names
    each file that cannot be read and is left out, and why.

    Parameters
    ----------
    path : str or Path
    check : bool, default True
        Decode every file once. With False, files that cannot be read stay in.

    Returns
    -------
    datasets.Dataset
        Columns ``audio`` (paths, not copies), ``file_name``, ``label`` (a ClassLabel, where there
        are class folders or a column of that name) and the other columns of the table.

    Raises
    ------
    DataError
        If there is no such folder, neither layout is found, nothing can be read, or
        ``metadata.csv`` lacks ``file_name``, names files that are missing, or points outside.
    """
    import datasets

    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{shown(folder)}: no such folder; check the name")
    columns, skipped = _read_layout(folder)
    rows = []
    for row, name in enumerate(columns["file_name"]):
        try:
            name.encode()  # Arrow stores text as UTF-8
            if check:
                audio.load(folder / name)
            rows.append(row)
        except audio.AudioError as error:
            skipped.append(str(error).replace(f"{folder}{os.sep}", "", 1))
        except UnicodeEncodeError:
            skipped.append(f"{shown(name)}: its name is not UTF-8; rename it")
    if skipped:
        count = f"{len(rows)} of {len(columns['file_name'])} audio files loaded"
        text = "\n".join(f"  {note}" for note in skipped)
        warnings.warn(f"{shown(folder)}: {count}; left out:\n{text}", stacklevel=2)
    if not rows:
        raise DataError(f"{shown(folder)}: none of its files can be read as audio; see the warning")
    columns = {name: [values[row] for row in rows] for name, values in columns.items()}
    paths = [str((folder / name).absolute()) for name in columns["file_name"]]
    columns = {"audio": [{"bytes": None, "path": path} for path in paths], **columns}
    return with_class_labels(undecoded(datasets.Dataset.from_dict(columns)))


def _read_layout(folder):
    """Return ``{column: list of values}`` with ``file_name``, and why each skipped file was."""
    # Each layout has a function of its own; another one is a line here and a function below.
    if (folder / "metadata.csv").is_file():
        return _read_metadata(folder), []
    return _read_class_folders(folder)


def _read_metadata(folder):
    import pandas as pd

    table, title = folder / "metadata.csv", shown(folder / "metadata.csv")
    # Text stays text: "NA" may be a transcript, 007 a label.
    options = {"keep_default_na": False, "index_col": False, "low_memory": False}
    options["dtype"] = dict.fromkeys(("file_name", "label", "text", "speaker"), str)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(table, encoding="utf-8-sig", **options)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        problem = f"is not a CSV table ({one_line(error)})"
        way_out = "save it as UTF-8, and put quotes around a text with commas"
        raise DataError(f"{title}: {problem}; {way_out}") from error
    if "file_name" not in frame.columns:
        found = ", ".join(map(shown, frame.columns))
        raise DataError(f"{title}: has no column file_name, only {found}; add or rename it")
    if "audio" in frame.columns:
        raise DataError(f"{title}: has a column audio, which is filled from file_name; rename it")
    odd = [shown(name) for name in frame.columns if not name.isprintable()]
    if odd:
        raise DataError(f"{title}: names its columns {', '.join(odd)}; use one line of plain text")
    names = frame["file_name"].tolist()
    outside = _listed(n for n in names if not n.strip() or not _inside(folder, n))
    if outside:
        reason = f"file_name must be a path inside the folder, not {outside}"
        raise DataError(f"{title}: {reason}; copy the files into it")
    missing = _listed(n for n in names if not os.path.exists(folder / n))
    if missing:
        reason = f"names files that do not exist: {missing}"
        raise DataError(f"{title}: {reason}; correct or remove the rows")
    return frame.to_dict("list")


def _read_class_folders(folder):
    names, skipped, loose = [], [], False
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(f for f in files if not f.startswith(".")):
            name = (Path(parent) / file).relative_to(folder)
            known = name.suffix.lower() in AUDIO_SUFFIXES
            if len(name.parts) == 1:
                loose |= known
            elif not known:
                skipped.append(f"{shown(name)}: its suffix is not one of audio or video")
            elif not _inside(folder, name):
                skipped.append(f"{shown(name)}: is a link to a file outside the folder")
            else:
                names.append(name.as_posix())
    if not names:
        found = "audio files, but" if loose else "no audio files and"
        raise DataError(
            f"{shown(folder)}: holds {found} neither metadata.csv nor class folders; put each "
            "class into a subfolder, or write a metadata.csv with a column file_name"
        )
    labels = [name.split("/")[0] for name in names]
    if set(labels) <= {"train", "validation", "valid", "dev", "test"}:
        way_out = f"load each, such as {labels[0]}/"
        raise DataError(f"{shown(folder)}: holds splits, not classes; {way_out}")
    if loose:
        skipped.append("files beside the class folders: belong to no class")
    return {"file_name": names, "label": labels}, skipped


def _inside(folder, name):
    """Tell whether a path stays within a folder, links followed."""
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in the name, a loop of links
        return False


def _listed(names):
    """Return the first five names for a message."""
    names = [shown(name) if name.strip() else "an empty cell" for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
