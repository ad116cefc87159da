"""Load what ``--data`` names: a data set of the catalogue, or a folder of the user's own."""

from pathlib import Path

import datasets

from course_utils import audio, catalog, data
from course_utils.finetuning import recipes
from course_utils.finetuning.recipes import RecipeError
from course_utils.formats import rttm

SHARDS = 64  # into which a stream is cut, so that each process reads its own
SHUFFLED = 256  # size of the shuffle buffer of a stream, in rows


def training(task, name, streaming=False, seed=0):
    """Return the rows to train on and the rows held out, each a ``datasets.Dataset``.

    `name` is a data set of the catalogue; or a folder with ``metadata.csv``, with class folders,
    with recordings and RTTM files (diarization), or with Parquet shards. Unless it has subfolders
    ``train`` and ``validation``, or shards whose names begin so, a fifth is held out. With
    `streaming`, the training rows are an endless stream, shuffled by `seed` and read when needed.
    """
    parts = _parts(task, name)
    if "validation" not in parts:
        parts |= _held_out(parts["train"])
    names = [getattr(p.features.get("label"), "names", None) for p in parts.values()]
    if any(other != names[0] for other in names):
        raise RecipeError(f"{name}: its splits hold different classes: {names[0]} and {names[1]}")
    train = parts["train"]
    if streaming:
        if shards := [] if is_catalogued(name) else _shards(name, "train"):
            train = datasets.load_dataset("parquet", data_files=shards, streaming=True)["train"]
            train = train.cast_column("audio", datasets.Audio(decode=False))
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
        split = "test" if "test" in parts else "train"
    elif "validation" not in parts and split in ("train", "validation"):
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


def is_catalogued(name):
    """Tell whether the catalogue has an entry of that name."""
    return name in {entry.name for entry in catalog.entries()}


def _parts(task, name, check=True):
    """Return the data set of each split that there is, by name."""
    if is_catalogued(name):
        return recipes.find(task).catalogued(name)
    folder = Path(name)
    if not folder.is_dir():
        raise RecipeError(
            f"{name} is no data set of the catalogue and no folder; check the name, or see "
            "`course-utils lessons` for what there is"
        )
    folders = {"train": folder}
    if (folder / "train").is_dir():
        folders = {split: folder / split for split in data.SPLITS if (folder / split).is_dir()}
    parts = {}
    for split in data.SPLITS:
        if files := _shards(folder, split):
            parts[split] = datasets.concatenate_datasets(list(map(data.load_parquet, files)))
    parts = parts or {split: _folder(task, path, check) for split, path in folders.items()}
    if "train" not in parts:
        raise RecipeError(f"{name}: holds no shards called train…parquet, only {', '.join(parts)}")
    return parts


def _shards(folder, split):
    """Return the Parquet files of a folder whose names begin with the split's."""
    return sorted(map(str, Path(folder).glob(f"{split}*.parquet")))


def _folder(task, folder, check):
    """Load a folder; `check` says whether every row needs a reference and readable audio."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in data.AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    loose = not (folder / "metadata.csv").is_file() and all(p.parent == folder for p in files)
    if task == "diarization" or (loose and not check):
        return _recordings(folder, files, check)
    return data.load_folder(folder, check)


def _recordings(folder, files, check):
    """Return a row for each recording, with the turns of the RTTM file beside it."""
    if not files:
        raise RecipeError(f"{folder}: holds no audio files; check the folder")
    rows = []
    for path in files:
        beside, turns = path.with_suffix(".rttm"), None
        if beside.is_file():
            found = rttm.load(beside)
            if len(found) > 1 and path.stem not in found:
                raise RecipeError(f"{beside}: holds {', '.join(found)}, but nothing of {path.stem}")
            turns = found.get(path.stem) or next(iter(found.values()), [])
        if check and turns is None:
            raise RecipeError(f"{path}: has no turns; put {path.stem}.rttm beside it")
        if check:
            audio.load(path)
        row = {"file_name": path.relative_to(folder).as_posix(), "turns": turns}
        rows.append(row | {"audio": {"bytes": None, "path": str(path.absolute())}})
    return datasets.Dataset.from_list(rows)


def _held_out(dataset):
    """Split off a fifth, always the same rows; by speaker if there are several."""
    if len(dataset) < 2:
        raise RecipeError("the data has one row only; at least two are needed, to hold one out")
    if "speaker" in dataset.column_names and len(set(dataset["speaker"])) > 1:
        stratify = "label" if "label" in dataset.column_names else None
        parts = data.grouped_split(dataset, "speaker", stratify)
    else:
        parts = dataset.train_test_split(test_size=0.2, seed=0)
    return {"train": parts["train"], "validation": parts["test"]}
