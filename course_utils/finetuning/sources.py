"""Load what ``--data`` names: a data set of the catalogue, or a folder of the user's own."""

from pathlib import Path

import datasets

from course_utils import catalog, data
from course_utils.data.columns import with_class_labels
from course_utils.finetuning import recipes
from course_utils.finetuning.recipes import RecipeError

SHARDS = 64  # into which a stream is cut, so that each process reads its own
SHUFFLED = 256  # size of the shuffle buffer of a stream, in rows


def training(task, name, streaming=False, seed=0):
    """Return the rows to train on and the rows held out, each a ``datasets.Dataset``.

    `name` is a data set of the catalogue; or a folder as for `data.load_folder`, or one with
    Parquet shards whose names begin with their split. Unless it has a split ``validation``, a fifth
    is held out, by speaker if there are several. With `streaming`, the training rows are an endless
    stream, shuffled by `seed` and read when needed.
    """
    parts = _parts(task, name)
    if "train" not in parts:
        raise RecipeError(f"{name}: has no split train, only {', '.join(parts)}")
    if "validation" not in parts:
        parts |= _held_out(parts["train"])
    names = [getattr(p.features.get("label"), "names", None) for p in parts.values()]
    if any(other != names[0] for other in names):
        raise RecipeError(f"{name}: its splits hold different classes: {names[0]} and {names[1]}")
    train = parts["train"]
    if streaming:
        if shards := [] if catalog.has(name) else _shards(name, "train"):
            train = datasets.load_dataset("parquet", data_files=shards, streaming=True)["train"]
            train = train.cast_column("audio", datasets.Audio(decode=False))
            if "label" in parts["train"].features:  # names may be text in the shards
                train = train.cast_column("label", parts["train"].features["label"])
        else:
            train = train.to_iterable_dataset(num_shards=min(SHARDS, len(train)))
        train = train.shuffle(seed=seed, buffer_size=SHUFFLED).repeat(None)
    return train, parts["validation"]


def answering(task, name, split=None):
    """Return the rows to answer, dicts with a unique name, ``file``, and labels as text.

    `task` and `name` are as for :func:`training`; a folder may also hold nothing but audio files.
    The split is "test" by default if there is one, else everything.
    """
    parts = _parts(task, name, check=False)
    if split is None:
        split = next(part for part in ("test", "train", "validation") if part in parts)
    elif set(parts) == {"train"} and split in ("train", "validation"):
        parts |= _held_out(parts["train"])
    if split not in parts:
        raise RecipeError(f"{name} has no split {split!r}, only {', '.join(parts)}")
    names = getattr(parts[split].features.get("label"), "names", None)
    rows = []
    for number, row in enumerate(parts[split]):
        row["file"] = row.get("file_name") or f"{Path(name).name}/{split}/{number:05d}"
        if names and row["label"] is not None:
            row["label"] = names[row["label"]]
        rows.append(row)
    return rows


def refuse_ambiguous(*names):
    """Raise RecipeError if one is the name of a folder here and of an entry of the catalogue."""
    for name in filter(catalog.has, names):
        if Path(name).is_dir():
            raise RecipeError(
                f"{name} is in the catalogue, and a folder here has this name too: write ./{name} "
                "for the folder, or rename it"
            )


def _parts(task, name, check=True):
    """Return the data set of each split that there is, by name."""
    if catalog.has(name):
        return recipes.find(task).catalogued(name)
    folder = Path(name)
    if not folder.is_dir():
        raise RecipeError(
            f"{name} is no data set of the catalogue and no folder; check the name, or see "
            "`course-utils lessons` for what there is"
        )
    parts = {}
    for split in data.SPLITS:
        if files := _shards(folder, split):
            rows = datasets.concatenate_datasets(list(map(data.load_parquet, files)))
            parts[split] = _named(rows) if task == "classification" else rows
    if parts:
        return parts
    found = data.load_folder(folder, check)
    parts = dict(found) if isinstance(found, datasets.DatasetDict) else {"train": found}
    if task == "diarization" and check:
        for rows in parts.values():
            _check_turns(folder, rows)
    return parts


def _check_turns(folder, rows):
    """Raise RecipeError if a recording of a folder has no turns."""
    turns = rows["turns"] if "turns" in rows.column_names else [None] * len(rows)
    for file, known in zip(rows["file_name"], turns, strict=True):
        if known is None:
            stem = Path(file).stem
            raise RecipeError(f"{folder / file}: has no turns; put {stem}.rttm beside it")


def _named(rows):
    """Return rows with a ClassLabel as their labels."""
    if "label" not in rows.column_names:
        return rows
    kind = rows.features["label"]
    if not isinstance(kind, datasets.ClassLabel) and kind.dtype != "string":
        raise RecipeError(
            f"the column 'label' holds {kind.dtype}, which says nothing of the names of the "
            "classes: store the names, or a datasets.ClassLabel"
        )
    return with_class_labels(rows)


def _shards(folder, split):
    """Return the Parquet files of a folder whose names begin with the split's."""
    return sorted(map(str, Path(folder).glob(f"{split}*.parquet")))


def _held_out(dataset):
    """Split off a fifth, always the same rows; by speaker if there are several."""
    if len(dataset) < 2:
        raise RecipeError("the data has one row only; at least two are needed, to hold one out")
    if "speaker" in dataset.column_names and len(set(dataset["speaker"])) > 1:
        labels = dataset["label"][:] if "label" in dataset.column_names else [None]
        stratify = None if None in labels else "label"
        parts = data.grouped_split(dataset, "speaker", stratify)
    else:
        parts = dataset.train_test_split(test_size=0.2, seed=0)
    return {"train": parts["train"], "validation": parts["test"]}
