"""Data sets of the Hugging Face Hub, brought to the standard columns, labels and splits."""

import fnmatch
import io
from itertools import count

from course_utils import data
from course_utils.catalog import downloads
from course_utils.errors import one_line


def load(entry):
    """Download a data set, and shape it as its entry in the catalogue says.

    Parameters
    ----------
    entry : course_utils.catalog.Entry
        Of a data set.

    Returns
    -------
    datasets.DatasetDict
        Of the standard splits, those that the entry makes.

    Raises
    ------
    course_utils.catalog.downloads.FetchError
        If it cannot be fetched.
    course_utils.data.DataError
        If its files are not what the entry says.
    """
    import datasets

    folder = downloads.fetch([entry])[entry.hub]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    paths = [str(folder / name) for name in fnmatch.filter(names, entry.files)]
    try:
        rows = data.with_audio(datasets.Dataset.from_parquet(paths))
        rows = data.class_labels(_wanted(_standard_columns(rows, entry.columns), entry))
        return datasets.DatasetDict(_splits(rows, entry))
    except data.DataError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise data.DataError(
            f"{entry.hub} is not what the catalogue says ({one_line(error)}): it has changed, "
            f"or {folder} is damaged; remove that folder, or take the pocket profile"
        ) from error


def _standard_columns(rows, columns):
    """Rename columns of the Hub to the standard names; what had such a name before goes."""
    import datasets

    for standard, source in columns.items():
        if source != standard:
            taken = [standard] if standard in rows.column_names else []
            rows = rows.remove_columns(taken).rename_column(source, standard)
    if "speaker" in rows.column_names:  # numbers, in some
        rows = rows.cast_column("speaker", datasets.Value("string"))
    return rows


def _wanted(rows, entry):
    """Leave out rows that the entry does not want, and translate the labels of the others."""
    import datasets

    chosen = list(range(len(rows)))
    if entry.labels:
        labels = rows["label"][:]
        chosen = [n for n in chosen if labels[n] in entry.labels]
    if entry.longest:
        lengths = [_seconds(row["audio"]) for row in rows.select(chosen)]
        chosen = [n for n, seconds in zip(chosen, lengths, strict=True) if seconds <= entry.longest]
    if entry.each:
        groups, seen = rows[entry.group][:], {}
        chosen = [n for n in chosen if next(seen.setdefault(groups[n], count())) < entry.each]
    if len(chosen) < len(rows):
        rows = rows.select(chosen)
    if entry.labels:
        named = [entry.labels[label] for label in rows["label"]]
        kind = datasets.Value("string")
        rows = rows.remove_columns("label").add_column("label", named, feature=kind)
    return rows


def _seconds(value):
    import soundfile

    return soundfile.info(io.BytesIO(value["bytes"])).duration


def _splits(rows, entry):
    """Part the rows by the folds of the entry, or so that no group is in two splits."""
    if entry.folds:
        column = rows[entry.folds["column"]][:]
        return {
            split: rows.select([n for n, fold in enumerate(column) if fold in entry.folds[split]])
            for split in data.SPLITS
            if split in entry.folds
        }
    stratify = "label" if "label" in rows.column_names else None
    rest = data.grouped_split(rows, entry.group, stratify, test_size=0.2)
    inner = data.grouped_split(rest["train"], entry.group, stratify, test_size=0.2)
    return {"train": inner["train"], "validation": inner["test"], "test": rest["test"]}
