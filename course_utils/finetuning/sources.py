"""What ``--data`` names: a data set of the catalogue, or a folder of the user's own."""

from pathlib import Path

from course_utils import audio, catalog, data
from course_utils.finetuning.recipes import RecipeError
from course_utils.formats import rttm

SHARDS = 64
"""Pieces into which a stream of rows is cut, so that each process reads its own."""

SHUFFLED = 256
"""Rows of a stream that are held ready to be drawn from."""

PROGRAMMES = {
    "train": {True: range(200), False: range(1_000, 1_040)},
    "validation": {True: range(5_000, 5_016)},
    "test": {True: range(7_000, 7_060)},
}
"""Seeds of the conversations of lesson 07, with music beneath them and without, by split."""

NEW_VOICE = "am_liam"
"""Speaker of the test split whose voice no model of the course has learned."""


def training(task, name, streaming=False, seed=0):
    """Load what a run trains on and what it is watched on.

    Parameters
    ----------
    task : str
        One of `recipes.TASKS`.
    name : str
        A data set of the catalogue; or a folder with ``metadata.csv`` or class folders, with
        recordings and RTTM files (diarization), or with Parquet shards. Where it has no subfolders
        ``train`` and ``validation``, nor shards that are called so, a fifth is held out.
    streaming : bool
        Whether rows are read as they are needed: the training part is a shuffled stream without
        end, the other stays as it is.
    seed : int
        Of the order of a stream.

    Returns
    -------
    train : datasets.Dataset or datasets.IterableDataset
    validation : datasets.Dataset

    Raises
    ------
    RecipeError, course_utils.data.DataError, course_utils.catalog.CatalogError
        If it cannot be had.
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
            train = _stream(shards)
        else:
            train = train.to_iterable_dataset(num_shards=min(SHARDS, len(train)))
        train = train.shuffle(seed=seed, buffer_size=SHUFFLED).repeat(None)
    return train, parts["validation"]


def answering(task, name, split=None):
    """List what a model shall answer.

    Parameters
    ----------
    task, name : str
        As for :func:`training`; a folder may also hold nothing but audio files.
    split : str, optional
        Which part. By default "test" where there is one, else everything.

    Returns
    -------
    list of dict
        A row each, with ``file``, a name that tells it from the others, and labels as text. Audio
        is not decoded.

    Raises
    ------
    RecipeError, course_utils.data.DataError, course_utils.catalog.CatalogError
        If it cannot be had.
    """
    parts = _parts(task, name, check=False)
    if split is None:
        split = "test" if "test" in parts else "train"
    elif "validation" not in parts and split in ("train", "validation"):
        parts |= _held_out(parts["train"])
    if split not in parts:
        raise RecipeError(f"{name} has no split {split!r}, only {', '.join(parts)}")
    dataset = parts[split]
    names = getattr(dataset.features.get("label"), "names", None)
    rows = []
    for place, row in enumerate(dataset):
        row["file"] = row.get("file_name") or f"{Path(name).name}/{split}/{place:05d}"
        if names and row["label"] is not None:
            row["label"] = names[row["label"]]
        rows.append(row)
    return rows


def _parts(task, name, check=True):
    """Return every split that there is, by name."""
    if is_catalogued(name):
        return _from_catalogue(task, name)
    folder = Path(name)
    if not folder.is_dir():
        raise RecipeError(
            f"{name} is no data set of the catalogue and no folder; check the name, or see "
            "`course-utils lessons` for what there is"
        )
    found = {split: _shards(folder, split) for split in data.SPLITS}
    if any(found.values()):
        parts = {split: _parquet(files) for split, files in found.items() if files}
    elif (folder / "train").is_dir():
        inside = [split for split in data.SPLITS if (folder / split).is_dir()]
        parts = {split: _folder(task, folder / split, check) for split in inside}
    else:
        parts = {"train": _folder(task, folder, check)}
    if "train" not in parts:
        raise RecipeError(f"{name}: holds no shards called train…parquet, only {', '.join(parts)}")
    return parts


def is_catalogued(name):
    """Tell whether the catalogue has an entry of that name."""
    return name in {entry.name for entry in catalog.entries()}


def is_trained_on(name):
    """Tell whether the catalogue knows with which settings to train on a data set."""
    return is_catalogued(name) and bool(catalog.find(name).training)


def _from_catalogue(task, name):
    import datasets

    if task == "diarization":
        if name != "speech":
            raise RecipeError(f"{name} has no turns; take speech, or a folder with RTTM files")
        return {
            split: datasets.Dataset.from_list(
                [
                    {"seed": seed, "music": music, "split": split}
                    for music, seeds in kinds.items()
                    for seed in seeds
                ]
            )
            for split, kinds in PROGRAMMES.items()
        }
    if name == "new-voice":
        clips = data.load(name, split="test")
        if NEW_VOICE in clips["speaker"][:]:  # in the hub profile, all clips are of one person
            mine = [n for n, who in enumerate(clips["speaker"]) if who == NEW_VOICE]
            clips = clips.select(mine)
        return {"train": clips}
    return dict(data.load(name))


def _shards(folder, split):
    """Return the Parquet files of a split: those of the folder whose names begin with it."""
    return sorted(map(str, Path(folder).glob(f"{split}*.parquet")))


def _parquet(files):
    import datasets

    return datasets.concatenate_datasets([data.load_parquet(file) for file in files])


def _stream(files):
    import datasets

    stream = datasets.load_dataset("parquet", data_files=files, split="train", streaming=True)
    return stream.cast_column("audio", datasets.Audio(decode=False))


def _folder(task, folder, check):
    """Load a folder; to answer, one that has neither table nor class folders will do as well."""
    if task == "diarization":
        return _recordings(folder, check)
    loose = not (folder / "metadata.csv").is_file() and all(
        path.parent == folder for path in _audio_files(folder)
    )
    return _recordings(folder, check) if loose and not check else data.load_folder(folder, check)


def _audio_files(folder):
    return sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in data.AUDIO_SUFFIXES and not path.name.startswith(".")
    )  # fmt: skip


def _recordings(folder, check):
    """List the recordings of a folder, with the turns of the RTTM files beside them."""
    import datasets

    found = _audio_files(folder)
    if not found:
        raise RecipeError(f"{folder}: holds no audio files; check the folder")
    rows = [
        {
            "audio": {"bytes": None, "path": str(path.absolute())},
            "file_name": path.relative_to(folder).as_posix(),
            "turns": _turns(path.with_suffix(".rttm")),
        }
        for path in found
    ]
    if check:
        for row, path in zip(rows, found, strict=True):
            if row["turns"] is None:
                raise RecipeError(f"{path}: has no turns; put {path.stem}.rttm beside it")
            audio.load(path)
    if all(row["turns"] is None for row in rows):
        rows = [{name: row[name] for name in ("audio", "file_name")} for row in rows]
    return datasets.Dataset.from_list(rows)


def _turns(path):
    """Return the turns in an RTTM file of one recording, or None if there is no such file."""
    if not path.is_file():
        return None
    recordings = rttm.load(path)
    if len(recordings) > 1 and path.stem not in recordings:
        raise RecipeError(f"{path}: holds {', '.join(recordings)}, but nothing of {path.stem}")
    return recordings.get(path.stem) or next(iter(recordings.values()), [])


def _held_out(dataset):
    """Hold out a fifth, always the same; whole speakers, where there are several."""
    if len(dataset) < 2:
        raise RecipeError("the data has one row only; at least two are needed, to hold one out")
    if "speaker" in dataset.column_names and len(set(dataset["speaker"])) > 1:
        stratify = "label" if "label" in dataset.column_names else None
        parts = data.grouped_split(dataset, "speaker", stratify)
    else:
        parts = dataset.train_test_split(test_size=0.2, seed=0)
    return {"train": parts["train"], "validation": parts["test"]}
