"""The learner's own recordings: a folder in one of the layouts that data sets come in."""

import os
import warnings
from pathlib import Path

from course_utils import audio
from course_utils.data import layouts
from course_utils.data.columns import DataError, undecoded, with_class_labels
from course_utils.data.layouts import SPAN, listed
from course_utils.data.splits import SPLITS
from course_utils.data.tables import AUDIO_SUFFIXES, composed, look_alikes
from course_utils.errors import notice, one_line, shown

__all__ = ["AUDIO_SUFFIXES", "load_folder"]

SLACK = 0.1
"""Seconds by which the part of a file that a row names may exceed the file."""


def load_folder(path, check=True):
    """Return a folder of recordings as a data set.

    These layouts are recognised, and a line says which one it is:

    - AudioFolder: ``metadata.csv`` or ``metadata.tsv`` with a column ``file_name`` (paths below the
      folder), separated by commas, semicolons, tabs or bars; or one subfolder for each class
    - Common Voice: ``clips/`` beside ``train.tsv``, ``dev.tsv`` and ``test.tsv``, or
      ``validated.tsv``
    - LJ Speech: ``wavs/`` beside ``metadata.csv`` without a head, with bars
    - JSON Lines: an object a line, with ``audio_filepath`` (NeMo) or ``file_name``; ``offset`` and
      ``duration`` in seconds choose a part of the file
    - Kaldi: ``wav.scp``, and ``text``, ``utt2spk`` and ``segments``; commands are refused
    - pairs: ``clip.wav`` and ``clip.txt``
    - recordings with RTTM files, whose turns become a column

    All but Common Voice may lie in folders called ``train``, ``validation`` (``valid``, ``val``,
    ``dev``) and ``test``, which are the splits then. Hidden files are ignored. One warning names
    what is left out, and why: files that cannot be read, recordings outside the table, and so on.

    Parameters
    ----------
    path : str or Path
    check : bool, default True
        Decode every file once. With False, for rows that are only to be answered, files that
        cannot be read stay in, and so do recordings without a table or a class.

    Returns
    -------
    datasets.Dataset or datasets.DatasetDict
        A DatasetDict if the folder has splits. Columns ``audio`` (paths, not copies; parts of
        files are WAV in memory), ``file_name``, ``label`` (a ClassLabel; None where the cell is
        empty), ``text``, ``speaker`` and ``turns``, as far as they are known, and the other columns
        of a table.

    Raises
    ------
    DataError
        If there is no such folder, no layout is found, nothing can be read, or a table is
        malformed, names files that are missing, or points outside the folder.
    """
    import datasets

    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{shown(folder)}: no such folder; check the name")
    layout, notes = layouts.read(folder, check)
    named = sum(len(columns["file_name"]) for columns in layout.splits.values())
    splits = {}
    for split in (None, *SPLITS):
        columns = _readable(folder, layout.splits.get(split, {"file_name": []}), check, notes)
        if columns["file_name"]:
            splits[split] = _dataset(folder, columns, notes)
    loaded = sum(map(len, splits.values()))
    if notes:
        text = "\n".join(f"  {note}" for note in notes)
        count = f"{loaded} of {named} audio files loaded"
        warnings.warn(f"{shown(folder)}: {count}; left out or noticed:\n{text}", stacklevel=2)
    if not loaded:
        raise DataError(f"{shown(folder)}: none of its files can be read as audio; see the warning")
    known = next(iter(splits.values())).column_names
    known = [name for name in ("text", "label", "speaker", "turns") if name in known]
    counts = ", ".join(f"{len(rows)} {split or 'rows'}" for split, rows in splits.items())
    notice(f"{shown(folder)}: {layout.name}, {counts}; {', '.join(['audio', *known])}")
    return splits[None] if None in splits else datasets.DatasetDict(splits)


def _readable(folder, columns, check, notes):
    """Return the columns, with ``audio``, without rows that cannot be read; these are noted."""
    rows, clips, last = [], [], (None, None)
    spans = columns.get(SPAN) or [None] * len(columns["file_name"])
    for row, (name, span) in enumerate(zip(columns["file_name"], spans, strict=True)):
        try:
            refuse_name(name)
            if span and last[0] != name:
                last = name, audio.load(folder / name)
            elif check and not span:
                audio.load(folder / name)
            content = audio.encode(part_of(name, *last[1], *span), last[1][1]) if span else None
            clips.append({"bytes": content, "path": str((folder / name).absolute())})
            rows.append(row)
        except audio.AudioError as error:
            notes.append(without_folder(error, folder))
    kept = {name: [values[row] for row in rows] for name, values in columns.items() if name != SPAN}
    for place, row in enumerate(rows):
        kept["file_name"][place] = part_name(kept["file_name"][place], spans[row])
    return {"audio": clips, **kept}


def refuse_name(name):
    """Raise AudioError for a file whose name is not UTF-8, as which Arrow stores text."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise audio.AudioError(f"{shown(name)}: its name is not UTF-8; rename it") from error


def without_folder(error, folder):
    """Return an error's message with the file's name below the folder, not its whole path."""
    return str(error).replace(f"{folder}{os.sep}", "", 1)


def part_name(name, span):
    """Return the name of a row: of a file, or of the part of it from start to end in seconds."""
    return name if span is None else f"{name}#t={span[0]:g},{span[1]:g}"  # as in Media Fragments


def part_of(name, samples, rate, start, end):
    """Return a part of a recording of shape ``(n,)`` or ``(channels, n)``; times in seconds."""
    seconds = samples.shape[-1] / rate
    if end > seconds + SLACK:
        problem = f"lasts {seconds:.2f} s, and a row of the table ends at {end:g} s"
        raise audio.AudioError(f"{shown(name)}: {problem}; correct the table")
    return samples[..., round(start * rate) : round(end * rate)]


def _dataset(folder, columns, notes):
    import datasets
    import pyarrow

    if "label" in columns:
        labels = [name and composed(name) for name in columns["label"]]
        columns["label"] = [name or None for name in labels]
        empty = [n for n, label in zip(columns["file_name"], labels, strict=True) if not label]
        if empty:
            notes.append(f"rows without a label: {listed(empty)}")
        notes += [f"labels that look alike: {listed(same)}" for same in look_alikes(labels)]
    try:
        return with_class_labels(undecoded(datasets.Dataset.from_dict(columns)))
    except (ValueError, TypeError, OverflowError, pyarrow.ArrowException) as error:
        reason = f"a column holds values of several kinds ({one_line(error)})"
        raise DataError(f"{shown(folder)}: {reason}; make them one kind") from error
