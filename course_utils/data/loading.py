"""Data sets of the catalogue, from its pocket folders or the Hugging Face Hub; Parquet files."""

import fnmatch
import io
from collections import defaultdict
from itertools import count

import numpy as np

from course_utils import catalog
from course_utils.catalog import downloads
from course_utils.data.columns import DataError, undecoded, with_class_labels
from course_utils.data.splits import SPLITS, grouped_split
from course_utils.errors import one_line, shown

CLIPS_WITHOUT_GPU = 32
"""Maximum number of rows of a validation or test split from the Hub, on a machine without a GPU."""

CLIPS_OF_A_SPEAKER = 6
"""Number of these rows for each speaker, where speakers are known and labels are not."""


def load(name, split=None):
    """Return a data set of the catalogue, in the active profile.

    Parameters
    ----------
    name : str
        Role of a data set, for example "sounds".
    split : {"train", "validation", "test"}, optional
        By default all of them.

    Returns
    -------
    datasets.Dataset or datasets.DatasetDict
        With the column ``audio``, ``label`` or ``text`` or both, and others of the data set.
        Pocket data sets are read into memory and write nothing to the disk. Without a GPU,
        validation and test splits from the Hub have at most `CLIPS_WITHOUT_GPU` rows, drawn at
        random with a fixed seed: of each label as many as can be, of a speaker
        `CLIPS_OF_A_SPEAKER`.

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
        splits, read = _from_hub(entry), lambda dataset: dataset
    else:
        files = {name: catalog.where(entry.name) / f"{name}.parquet" for name in SPLITS}
        splits = {name: path for name, path in files.items() if path.is_file()}
        read = load_parquet
    if split is None:
        return datasets.DatasetDict({name: read(part) for name, part in splits.items()})
    if split not in splits:
        raise DataError(f"{name} has no split {split!r}; it has {', '.join(splits) or 'none'}")
    return read(splits[split])


def load_parquet(path):
    """Return the data set in a Parquet file with a column ``audio``, or raise `DataError`.

    It is read into memory: no copy in a cache, so a read-only disk is no obstacle.
    """
    import datasets
    import pyarrow.parquet

    try:
        return undecoded(datasets.Dataset(pyarrow.parquet.read_table(path)))
    except (OSError, LookupError, TypeError, ValueError, pyarrow.ArrowException) as error:
        reason = f"cannot be read ({one_line(error)})"
        raise DataError(f"{shown(path)}: {reason}; restore or reinstall it") from error


def _from_hub(entry):
    """Return the downloaded data set with the columns, labels and splits that its entry defines."""
    import datasets

    folder = downloads.fetch([entry])[entry.hub]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    paths = [str(folder / name) for name in fnmatch.filter(names, entry.files)]
    try:
        rows = undecoded(datasets.Dataset.from_parquet(paths))
        rows = _selected(_standard_columns(rows, entry.columns), entry)
        splits = _splits(with_class_labels(rows), entry)
        return datasets.DatasetDict({name: _fewer(name, part) for name, part in splits.items()})
    except DataError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(
            f"{entry.hub} is not what the catalogue says ({one_line(error)}): it has changed, "
            f"or {folder} is damaged; remove that folder, or take the pocket profile"
        ) from error


def _fewer(split, rows):
    """Return what this machine scores in minutes of a split."""
    import torch

    if split == "train" or torch.accelerator.is_available() or len(rows) <= CLIPS_WITHOUT_GPU:
        return rows
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    if "label" in rows.column_names:  # the first clip of each label, then the second, ...
        seen, labels = defaultdict(count), rows["label"][:]
        ranks = {n: next(seen[labels[n]]) for n in order}
        order.sort(key=ranks.get)
    elif "speaker" in rows.column_names:  # some clips of one speaker, then of another one, ...
        own, speakers = defaultdict(list), rows["speaker"][:]
        for n in order:
            own[speakers[n]].append(n)
        first = [n for clips in own.values() for n in clips[:CLIPS_OF_A_SPEAKER]]
        order = first + sorted(set(order) - set(first))
    return rows.select(sorted(order[:CLIPS_WITHOUT_GPU]))


def _standard_columns(rows, columns):
    """Rename columns to their standard names; a column that had such a name before is removed."""
    import datasets

    for standard, source in columns.items():
        if source != standard:
            taken = [standard] if standard in rows.column_names else []
            rows = rows.remove_columns(taken).rename_column(source, standard)
    if "speaker" in rows.column_names:  # numbers, in some
        rows = rows.cast_column("speaker", datasets.Value("string"))
    return rows


def _selected(rows, entry):
    """Keep the rows that the entry asks for, and translate their labels."""
    import datasets

    chosen = range(len(rows))
    if entry.labels:
        labels = rows["label"][:]
        chosen = [n for n in chosen if labels[n] in entry.labels]
    if entry.longest:
        clips = rows.select(chosen)["audio"]
        chosen = [n for n, c in zip(chosen, clips, strict=True) if _seconds(c) <= entry.longest]
    if entry.each:
        groups, seen = rows[entry.group][:], {}
        chosen = [n for n in chosen if next(seen.setdefault(groups[n], count())) < entry.each]
    if len(chosen) < len(rows):
        rows = rows.select(chosen)
    if entry.labels:
        names = [entry.labels[label] for label in rows["label"]]
        kind = datasets.Value("string")
        rows = rows.remove_columns("label").add_column("label", names, feature=kind)
    return rows


def _seconds(value):
    import soundfile

    return soundfile.info(io.BytesIO(value["bytes"])).duration


def _splits(rows, entry):
    """Return the splits: by the entry's folds, or so that no group is in two of them."""
    if entry.folds:
        column, folds = rows[entry.folds["column"]][:], entry.folds
        return {
            split: rows.select([n for n, fold in enumerate(column) if fold in folds[split]])
            for split in SPLITS
            if split in folds
        }
    stratify = "label" if "label" in rows.column_names else None
    rest = grouped_split(rows, entry.group, stratify, test_size=0.2)
    inner = grouped_split(rest["train"], entry.group, stratify, test_size=0.2)
    return {"train": inner["train"], "validation": inner["test"], "test": rest["test"]}
