"""Data sets of the Hub become standard ones: columns, labels, splits, and what is left out."""

from collections import Counter

import datasets
import pytest
import torch

from course_utils import audio, catalog, data
from course_utils.catalog import downloads


@pytest.fixture
def hub(tmp_path, monkeypatch, wav_bytes, sine):
    """Return a function that puts files into the place of a data set on the Hub."""
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    folder = tmp_path / "snapshot"
    monkeypatch.setattr(downloads, "fetch", lambda entries: {"org/name": folder})

    def make(files, **facts):
        folder.mkdir()
        for name, columns in files.items():
            count = len(next(iter(columns.values())))
            seconds = columns.pop("seconds", [0.01] * count)
            sounds = [{"bytes": wav_bytes(sine(seconds=s)), "path": "a.wav"} for s in seconds]
            made = datasets.Dataset.from_dict({"audio": sounds} | columns)
            (folder / name).parent.mkdir(exist_ok=True)
            made.to_parquet(folder / name)
        facts = {"files": "data/*.parquet"} | facts
        entry = catalog.Entry(
            "sounds", "data", "t", "org/name", "MIT", 1, False, True, ("02",), "sounds", "MIT",
            **facts,
        )  # fmt: skip
        monkeypatch.setattr(catalog, "entries", lambda: (entry,))

    return make


def test_folds_become_splits(hub):
    folds = {"column": "fold", "train": [1, 2, 3], "validation": [4], "test": [5]}
    columns = {"category": ["dog", "cat"] * 5, "label": [9] * 10, "fold": [1, 2, 3, 4, 5] * 2}
    hub({"data/0.parquet": columns}, columns={"label": "category"}, folds=folds)
    splits = data.load("sounds")
    assert {s: sorted(splits[s]["fold"][:]) for s in splits} == {
        "train": [1, 1, 2, 2, 3, 3], "validation": [4, 4], "test": [5, 5]
    }  # fmt: skip
    assert splits["test"].features["label"].names == ["cat", "dog"]
    assert [splits["test"].features["label"].int2str(i) for i in splits["test"]["label"][:]] == [
        "dog" if i % 2 == 0 else "cat" for i in (4, 9)
    ]
    assert audio.load(splits["test"][0]["audio"])[1] == 16_000


def test_a_single_fold_and_the_wanted_files_alone(hub):
    facts = {"columns": {"speaker": "who"}, "folds": {"column": "speaker", "test": ["7"]}}
    parts = {"data/0.parquet": {"who": [7, 8]}, "data/1.parquet": {"who": [9, 7]}}
    hub(parts | {"other/0.parquet": {"who": [7, 7]}}, **facts)
    splits = data.load("sounds")
    assert {s: splits[s]["speaker"][:] for s in splits} == {"test": ["7", "7"]}
    with pytest.raises(data.DataError, match="has no split 'train'; it has test"):
        data.load("sounds", split="train")


def test_labels_are_translated_and_others_left_out(hub):
    columns = {"category": ["dog", "cow", "church_bells", "dog"], "fold": [1, 1, 1, 2]}
    hub(
        {"data/0.parquet": columns}, columns={"label": "category"},
        labels={"dog": "dog", "church_bells": "bell"},
        folds={"column": "fold", "train": [1], "test": [2]},
    )  # fmt: skip
    train = data.load("sounds", split="train")
    assert train.features["label"].names == ["bell", "dog"]
    assert train["label"][:] == [1, 0]


@pytest.mark.parametrize(("gpu", "kept"), [(True, 9), (False, 2)])
def test_without_a_gpu_as_many_clips_of_each_label_are_scored(hub, monkeypatch, gpu, kept):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: gpu)
    columns = {"category": [f"label {number:02d}" for number in range(16)] * 10}
    folds = {"column": "fold", "train": [1], "test": [2]}
    hub(
        {"data/0.parquet": columns | {"fold": [1] * 16 + [2] * 144}},
        columns={"label": "category"}, folds=folds,
    )  # fmt: skip
    splits = data.load("sounds")
    assert len(splits["train"]) == 16
    assert Counter(splits["test"]["label"][:]) == dict.fromkeys(range(16), kept)


def test_without_a_gpu_transcripts_of_the_whole_split_are_scored(hub, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    columns = {"text": [f"{number}" for number in range(200)], "fold": [2] * 200}
    folds = {"column": "fold", "train": [1], "test": [2]}
    hub({"data/0.parquet": columns}, columns={"text": "text"}, folds=folds)
    numbers = [int(text) for text in data.load("sounds", split="test")["text"]]
    assert len(set(numbers)) == 32 and numbers == sorted(numbers)
    assert min(numbers) < 20 and max(numbers) >= 180


def test_without_a_gpu_some_speakers_have_several_clips_each(hub, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    columns = {"text": ["x"] * 200, "who": list(range(40)) * 5, "fold": [2] * 200}
    folds = {"column": "fold", "train": [1], "test": [2]}
    hub({"data/0.parquet": columns}, columns={"text": "text", "speaker": "who"}, folds=folds)
    clips = Counter(data.load("sounds", split="test")["speaker"])
    assert clips.total() == 32 and sorted(clips.values()) == [2, 5, 5, 5, 5, 5, 5]


def test_groups_stay_together(hub):
    songs = [song for song in range(30) for _ in range(3)]
    columns = {"genre": [f"g{song % 3}" for song in songs], "song": songs}
    hub({"data/0.parquet": columns}, columns={"label": "genre"}, group="song")
    splits = data.load("sounds")
    parts = [set(splits[s]["song"][:]) for s in data.SPLITS]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 30
    assert splits["train"].features["label"].names == ["g0", "g1", "g2"]


def test_transcripts_need_no_label_and_no_more_is_kept_than_wanted(hub):
    speakers = [number % 10 for number in range(60)]
    said = [f"sentence {number}" for number in range(60)]
    seconds = [0.05 if number < 10 else 0.01 for number in range(60)]
    hub(
        {"data/0.parquet": {
            "transcription": said, "text": ["x"] * 60, "who": speakers, "seconds": seconds
        }},
        columns={"text": "transcription", "speaker": "who"}, group="speaker", each=3, longest=0.02,
    )  # fmt: skip
    splits = data.load("sounds")
    # Of each speaker the first three that are short enough.
    kept = sorted(said[number] for number in range(10, 40))
    assert sorted(text for s in data.SPLITS for text in splits[s]["text"][:]) == kept
    parts = [set(splits[s]["speaker"][:]) for s in data.SPLITS]
    assert set.union(*parts) == set(map(str, range(10))) and sum(map(len, parts)) == 10
    assert set(splits["test"].column_names) == {"audio", "text", "speaker"}


def test_what_has_changed_on_the_hub_is_said_in_a_sentence(hub, tmp_path):
    hub({"data/0.parquet": {"genre": ["a"]}}, columns={"label": "gone"})
    with pytest.raises(data.DataError, match=r"org/name is not what the catalogue says.*gone.*it "):
        data.load("sounds")
    (tmp_path / "snapshot/data/0.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(data.DataError, match=r"not what the catalogue says.*remove that folder"):
        data.load("sounds")
