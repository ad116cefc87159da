"""Every data set as a `datasets.Dataset`: by catalogue name, or from the learner's own folder.

The column ``audio`` holds ``{"bytes", "path"}`` values (``datasets.Audio(decode=False)``), which
`course_utils.audio.load` decodes; ``label`` is a ``ClassLabel``. Nothing here needs torchcodec.
"""

import os
import warnings
from pathlib import Path

from course_utils import audio, catalog
from course_utils.errors import CourseError, one_line, shown

SPLITS = ("train", "validation", "test")
_KINDS = "aac ac3 aif aifc aiff amr au caf flac m4a m4v mka mkv mov"  # codespell:ignore caf
_KINDS += " mp3 mp4 oga ogg opus rf64 snd w64 wav webm wma wv"
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())
"""Suffixes that `load_folder` takes for audio or video."""

_SHUFFLES = 10  # tries of grouped_split to have each class on both sides


class DataError(CourseError, ValueError):
    """A data set that cannot be had as asked; the message says what to do about it."""


def load(name, split=None):
    """Load a data set of the catalogue in the profile in force.

    Parameters
    ----------
    name : str
        For instance "sounds" or "genres".
    split : {"train", "validation", "test"}, optional
        By default all of them.

    Returns
    -------
    datasets.Dataset or datasets.DatasetDict
        With the column ``audio``, ``label`` or ``text`` or both, and what else the data set
        brings. Pocket data sets are read into memory and write nothing to the disk.

    Raises
    ------
    DataError
        If there is no such split.
    course_utils.catalog.CatalogError
        If there is no such data set, or it cannot be fetched from the Hub.

    Examples
    --------
    >>> load("sounds", split="test").features["label"].names  # doctest: +SKIP
    ['cat', 'dog', ...]
    """
    import datasets

    entry = catalog.find(name)
    if entry.kind != "data":
        raise DataError(f"{name} is a model, not a data set; catalog.model({name!r}) gives it")
    if catalog.original(name):
        from course_utils.data import hub

        available = hub.load(entry)
        wanted = list(available)
    else:
        folder = catalog.where(name)
        wanted = [s for s in SPLITS if (folder / f"{s}.parquet").is_file()]
        available = None
    if split is not None:
        if split not in wanted:
            raise DataError(f"{name} has no split {split!r}; it has {', '.join(wanted) or 'none'}")
        return available[split] if available else load_parquet(folder / f"{split}.parquet")
    return available or datasets.DatasetDict(
        {s: load_parquet(folder / f"{s}.parquet") for s in wanted}
    )


def load_parquet(path):
    """Read a Parquet file into memory: no copy in a cache, so a read-only disk is no obstacle.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    import datasets
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        return with_audio(datasets.Dataset(table))
    except (OSError, LookupError, TypeError, ValueError, pyarrow.ArrowException) as error:
        told = f"{shown(path)}: cannot be read ({one_line(error)}); restore or reinstall it"
        raise DataError(told) from error


def with_audio(dataset):
    """Leave the column ``audio`` undecoded."""
    # Audio(decode=False) from the start would make `datasets` ask for torchcodec.
    import datasets

    return dataset.cast_column("audio", datasets.Audio(decode=False))


def class_labels(dataset):
    """Turn a column of label names into a ClassLabel, in alphabetical order; if there is one."""
    import datasets

    split = next(iter(dataset.values())) if isinstance(dataset, dict) else dataset
    kind = split.features.get("label")
    if kind is None or isinstance(kind, datasets.ClassLabel):
        return dataset
    parts = dataset.values() if isinstance(dataset, dict) else [dataset]
    names = sorted({str(n) for part in parts for n in part.unique("label")})
    return dataset.cast_column("label", datasets.ClassLabel(names=names))


# ------------------------------------------------------------------------------ the learner's own


def load_folder(path, check=True):
    """Load a folder of the learner's own recordings.

    Two layouts are known: ``metadata.csv`` with a column ``file_name`` (paths below the folder)
    and any others; or one subfolder for each class. Hidden files are ignored. Every file is
    decoded once: those that cannot be read are listed in one warning and left out.

    Parameters
    ----------
    path : str or Path
    check : bool, default True
        Whether to decode every file. Without, those that cannot be read stay in.

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

    Warns
    -----
    UserWarning
        Names each file that was left out, and why.
    """
    import datasets

    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{shown(folder)}: no such folder; check the name")
    table = folder / "metadata.csv"
    columns, notes = _read_metadata(table) if table.is_file() else _read_class_folders(folder)
    readable = []
    for row, name in enumerate(columns["file_name"]):
        try:
            name.encode()  # Arrow stores text as UTF-8
            if check:
                audio.load(folder / name)
            readable.append(row)
        except audio.AudioError as error:
            notes.append(str(error).replace(f"{folder}{os.sep}", "", 1))
        except UnicodeEncodeError:
            notes.append(f"{shown(name)}: its name is not UTF-8; rename it")
    if notes:
        count = f"{len(readable)} of {len(columns['file_name'])} audio files loaded"
        text = "\n".join(f"  {note}" for note in notes)
        warnings.warn(f"{shown(folder)}: {count}; left out:\n{text}", stacklevel=2)
    if not readable:
        raise DataError(
            f"{shown(folder)}: none of its files can be read as audio; see the list above"
        )
    columns = {name: [values[row] for row in readable] for name, values in columns.items()}
    columns = {"audio": [_value(folder / name) for name in columns["file_name"]]} | columns
    dataset = with_audio(datasets.Dataset.from_dict(columns))
    return class_labels(dataset)


def _value(path):
    return {"bytes": None, "path": str(path.absolute())}


def _read_metadata(table):
    """Return the columns of a metadata.csv, checked, and no notes."""
    import pandas as pd

    title = shown(table)
    try:
        # Text stays text: "NA" may be a transcript, 007 a label.
        text = {"file_name": str, "label": str, "text": str, "speaker": str}
        options = {"keep_default_na": False, "index_col": False, "low_memory": False}
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(table, dtype=text, encoding="utf-8-sig", **options)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{title}: is not a CSV table ({one_line(error)}); save it as UTF-8, and put quotes "
            "around a text with commas"
        ) from error
    if "file_name" not in frame.columns:
        found = ", ".join(map(shown, frame.columns))
        raise DataError(f"{title}: has no column file_name, only {found}; add or rename it")
    if "audio" in frame.columns:
        raise DataError(f"{title}: has a column audio, which is filled from file_name; rename it")
    odd = [shown(name) for name in frame.columns if not name.isprintable()]
    if odd:
        raise DataError(f"{title}: names its columns {', '.join(odd)}; use one line of plain text")
    folder, names = table.parent, frame["file_name"].tolist()
    outside = [n for n in names if not n.strip() or not _inside(folder, n)]
    if outside:
        raise DataError(
            f"{title}: file_name must be a path inside the folder, not {_some(outside)}; copy "
            "the files into it"
        )
    missing = [n for n in names if not os.path.exists(folder / n)]
    if missing:
        raise DataError(
            f"{title}: names files that do not exist: {_some(missing)}; correct or remove the rows"
        )
    return {str(name): frame[name].tolist() for name in frame.columns}, []


def _read_class_folders(folder):
    """Return file names and labels of a folder of class folders, and notes on what was skipped."""
    names, labels, notes, loose = [], [], [], False
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(f for f in files if not f.startswith(".")):
            name = (Path(parent) / file).relative_to(folder)
            known = name.suffix.lower() in AUDIO_SUFFIXES
            if len(name.parts) == 1:
                loose |= known
            elif not known:
                notes.append(f"{shown(name)}: is not an audio file, to judge by its suffix")
            elif not _inside(folder, name):
                notes.append(f"{shown(name)}: is a link to a place outside the folder")
            else:
                names.append(name.as_posix())
                labels.append(name.parts[0])
    title = shown(folder)
    if not names:
        found = "audio files, but" if loose else "no audio files and"
        raise DataError(
            f"{title}: holds {found} neither metadata.csv nor class folders; put each class into "
            "a subfolder, or write a metadata.csv with a column file_name"
        )
    if set(labels) <= {"train", "validation", "valid", "dev", "test"}:
        raise DataError(f"{title}: holds splits, not classes; load each, such as {labels[0]}/")
    if loose:
        notes.append("files beside the class folders: belong to no class")
    return {"file_name": names, "label": labels}, notes


def _inside(folder, name):
    """Tell whether a path stays within a folder, links followed."""
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in the name, a loop of links
        return False


def _some(names):
    listed = ", ".join(shown(name) if name.strip() else "an empty cell" for name in names[:5])
    return listed + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# ----------------------------------------------------------------------------------------- splits


def grouped_split(dataset, group, stratify="label", test_size=0.2, seed=0):
    """Split so that no group is on both sides, and both sides have the same mix of classes.

    A group is whatever must not leak: the clips of one speaker, or cut from one recording. The
    folds of scikit-learn's ``StratifiedGroupKFold`` are joined to the size wanted.

    Parameters
    ----------
    dataset : datasets.Dataset
    group : str
        Column that names each row's group.
    stratify : str or None
        Column whose proportions both sides shall have.
    test_size : float
        Share of the rows for the test side, above 0 and below 1. Groups stay whole, so that the
        share is met as well as their sizes allow.
    seed : int
        Of the shuffle.

    Returns
    -------
    datasets.DatasetDict
        ``{"train": ..., "test": ...}``, rows in their order.

    Raises
    ------
    DataError
        If a column is missing, there are fewer than two groups, or a class comes in too few
        groups to be on both sides.
    """
    import datasets
    import numpy as np

    if isinstance(test_size, bool) or not 0 < test_size < 1:
        raise DataError(f"test_size is a share above 0 and below 1, not {test_size!r}")
    groups = np.unique(_column(dataset, group), return_inverse=True)[1]
    names, classes = np.zeros(1), np.zeros(len(groups), int)
    if stratify is not None:
        names, classes = np.unique(_column(dataset, stratify), return_inverse=True)
    if groups.max(initial=0) < 1:
        raise DataError(f"column {group!r} holds fewer than two groups; record more of them")
    whole = np.bincount(classes)
    lacking = np.ones(len(whole), bool)
    for test in _candidates(groups, classes, test_size, seed):
        counts = np.bincount(classes[test], minlength=len(whole))
        lacking = (counts == 0) | (counts == whole)
        if not lacking.any():
            break
    if lacking.any():
        where = ", ".join(str(name) for name in names[lacking][:5])
        raise DataError(
            f"too few groups in {group!r} to have {stratify or 'rows'} {where} on both sides; "
            "record them in more groups, or leave them out"
        )
    train = np.setdiff1d(np.arange(len(groups)), test)
    return datasets.DatasetDict({"train": dataset.select(train), "test": dataset.select(test)})


def _candidates(groups, classes, test_size, seed):
    """Yield sorted row numbers of possible test sides; whole groups, about the share wanted."""
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    most = min(10, int(groups.max()) + 1, int(np.bincount(classes).max()))
    if most < 2:
        return  # every class has one row, which is on one side only
    folds = range(2, most + 1)
    # So many folds that a whole number of them comes closest to the share: 1 of 5, 3 of 10.
    count = min(folds, key=lambda n: (round(abs(_joined(n, test_size) / n - test_size), 2), n))
    cutter = StratifiedGroupKFold(count)
    for shuffle in range(_SHUFFLES):
        # The class's own shuffling mixes up the groups in scikit-learn 1.6; new numbers for the
        # groups make ties fall another way just as well.
        renamed = np.random.default_rng([seed, shuffle]).permutation(groups.max() + 1)[groups]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class smaller than the number of folds is fine
            parts = [test for _, test in cutter.split(groups, classes, renamed)]
        yield np.sort(np.concatenate(parts[: _joined(count, test_size)]))


def _joined(count, test_size):
    return min(max(round(count * test_size), 1), count - 1)


def _column(dataset, name):
    import numpy as np

    if name not in dataset.column_names:
        raise DataError(f"no column {name!r}; there are {', '.join(dataset.column_names)}")
    values = dataset.select_columns([name])[:][name]
    if any(value is None for value in values):
        raise DataError(f"column {name!r} has empty cells; fill them or leave those rows out")
    return np.asarray(values)
