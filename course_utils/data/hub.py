"""Data sets of the Hugging Face Hub, with the standard columns, labels and splits."""

import fnmatch
import io
from itertools import count

from course_utils.catalog import downloads
from course_utils.data.columns import DataError, undecoded, with_class_labels
from course_utils.data.splits import SPLITS, grouped_split
from course_utils.errors import one_line


def load(entry):
    """Return a downloaded data set, in the shape that its catalogue entry asks for.

    Parameters
    ----------
    entry : course_utils.catalog.Entry
        Entry of a data set.

    Returns
    -------
    datasets.DatasetDict
        With those of `SPLITS` that the entry defines.

    Raises
    ------
    course_utils.catalog.downloads.FetchError
        If it cannot be fetched.
    DataError
        If its files are not what the entry says.
    """
    import datasets

    folder = downloads.fetch([entry])[entry.hub]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    paths = [str(folder / name) for name in fnmatch.filter(names, entry.files)]
    try:
        rows = undecoded(datasets.Dataset.from_parquet(paths))
        rows = _selected(_standard_columns(rows, entry.columns), entry)
        return datasets.DatasetDict(_splits(with_class_labels(rows), entry))
    except DataError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(
            f"{entry.hub} is not what the catalogue says ({one_line(error)}): it has changed, "
            f"or {folder} is damaged; remove that folder, or take the pocket profile"
        ) from error


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
