"""course_utils.data: catalogue data sets, the learner's folder, and splits that do not leak."""

import os
import warnings

import numpy as np
import pytest

from course_utils import audio, catalog, data

datasets = pytest.importorskip("datasets")


def plain_features(names):
    """Return the features of a pocket Parquet file, as the foundry writes them."""
    return datasets.Features(
        {
            "audio": {"bytes": datasets.Value("binary"), "path": datasets.Value("string")},
            "label": datasets.ClassLabel(names=names),
            "seed": datasets.Value("int64"),
        }
    )


@pytest.fixture
def pocket(tmp_path, monkeypatch, sine, wav_bytes):
    """Put a small data set in the place of the pocket data sets, on a folder without writing."""
    folder = tmp_path / "pocket" / "sounds"
    folder.mkdir(parents=True)
    for number, split in enumerate(("train", "test")):
        rows = [
            {
                "audio": {"bytes": wav_bytes(sine(200 * (i + 1))), "path": f"{split}-{i}.wav"},
                "label": i % 2,
                "seed": 10 * number + i,
            }
            for i in range(4)
        ]
        made = datasets.Dataset.from_list(rows, features=plain_features(["cat", "dog"]))
        made.to_parquet(folder / f"{split}.parquet")
    monkeypatch.setattr(catalog, "POCKET", tmp_path / "pocket")
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_load_split(pocket):
    before = sorted(path.name for path in pocket.iterdir())
    clips = data.load("sounds", split="train")
    assert isinstance(clips, datasets.Dataset)
    assert clips.features["label"].names == ["cat", "dog"]
    assert clips.features["audio"] == datasets.Audio(decode=False)
    assert clips[1]["label"] == 1
    assert set(clips[0]["audio"]) == {"bytes", "path"}
    samples, rate = audio.load(clips[0]["audio"])
    assert rate == 16_000
    assert np.argmax(np.abs(np.fft.rfft(samples))) == pytest.approx(200 * len(samples) / rate)
    assert sorted(path.name for path in pocket.iterdir()) == before
    assert clips.cache_files == []


def test_load_all_splits(pocket):
    splits = data.load("sounds")
    assert isinstance(splits, datasets.DatasetDict)
    assert {name: len(split) for name, split in splits.items()} == {"train": 4, "test": 4}
    assert splits["test"]["seed"][:] == [10, 11, 12, 13]


def test_loaded_data_can_be_mapped_and_filtered(pocket):
    clips = data.load("sounds", split="test")
    peaks = clips.map(lambda row: {"peak": float(np.abs(audio.load(row["audio"])[0]).max())})
    assert peaks["peak"][:] == pytest.approx([0.5] * 4, abs=1e-3)
    assert len(clips.filter(lambda row: row["label"] == 1)) == 2


def test_load_refuses(pocket):
    with pytest.raises(data.DataError, match="no split 'dev'; it has train, test"):
        data.load("sounds", split="dev")
    with pytest.raises(data.DataError, match="is a model"):
        data.load("sound-classifier")
    with pytest.raises(catalog.CatalogError, match="did you mean sounds"):
        data.load("sound")
    pocket.chmod(0o755)
    (pocket / "test.parquet").chmod(0o644)
    (pocket / "test.parquet").write_bytes(b"no table")
    with pytest.raises(data.DataError, match=r"test\.parquet.*reinstall"):
        data.load("sounds", split="test")


@pytest.mark.parametrize("name", ["sounds", "genres"])
def test_shipped_data(name):
    splits = data.load(name)
    assert set(splits) == set(data.SPLITS)
    seeds = [set(split["seed"][:]) for split in splits.values()]
    assert not seeds[0] & seeds[1] and not seeds[0] & seeds[2] and not seeds[1] & seeds[2]
    for split in splits.values():
        assert split.features["label"] == splits["train"].features["label"]
        counts = np.bincount(split["label"][:])
        assert counts.min() > 0
        samples, rate = audio.load(split[0]["audio"])
        assert rate == 16_000
        assert 0.5 < len(samples) / rate < 10


# ------------------------------------------------------------------------------ the learner's own


@pytest.fixture
def own(tmp_path, sine, write_wav):
    """Return a folder with two classes of two clips."""
    for number, name in enumerate(["dog/a.wav", "dog/deep/b.WAV", "cat/c.wav", "cat/d.wav"]):
        write_wav(tmp_path / "own" / name, sine(300 + 100 * number))
    return tmp_path / "own"


def quiet(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return data.load_folder(path)


def noticed(path):
    """Return the data set and the lines of the one warning."""
    with pytest.warns(UserWarning) as caught:
        clips = data.load_folder(path)
    (warning,) = caught
    return clips, str(warning.message).splitlines()


def test_class_folders(own):
    clips = quiet(own)
    assert clips.features["label"].names == ["cat", "dog"]
    assert clips.features["audio"] == datasets.Audio(decode=False)
    rows = {row["file_name"]: clips.features["label"].int2str(row["label"]) for row in clips}
    assert rows == {"cat/c.wav": "cat", "cat/d.wav": "cat", "dog/a.wav": "dog",
                    "dog/deep/b.WAV": "dog"}  # fmt: skip
    for row in clips:
        ours, _ = audio.load(row["audio"])
        np.testing.assert_array_equal(ours, audio.load(own / row["file_name"])[0])


def test_unreadable_files_are_listed_and_left_out(own):
    (own / "dog" / "broken.wav").write_bytes(b"RIFF")
    (own / "dog" / "page.mp3").write_text("<!DOCTYPE html>", encoding="utf-8")
    (own / "cat" / "notes.txt").write_text("my notes", encoding="utf-8")
    (own / "loose.wav").write_bytes((own / "dog" / "a.wav").read_bytes())
    (own / ".hidden").mkdir()
    (own / ".hidden" / "x.wav").write_bytes(b"")
    (own / "dog" / ".DS_Store").write_bytes(b"x")
    with pytest.warns(UserWarning) as caught:
        clips = data.load_folder(str(own))
    (warning,) = caught
    lines = str(warning.message).splitlines()
    assert "4 of 6 audio files loaded" in lines[0]
    assert len(lines) == 5
    for name, reason in [
        (os.path.join("dog", "broken.wav"), "libsndfile"),
        (os.path.join("dog", "page.mp3"), "text"),
        (os.path.join("cat", "notes.txt"), "suffix"),
        ("beside the class folders", "no class"),
    ]:
        assert any(name in line and reason in line for line in lines[1:])
    assert len(clips) == 4
    assert not any("hidden" in name for name in clips["file_name"][:])


def write_table(folder, text):
    (folder / "metadata.csv").write_text(text, encoding="utf-8-sig")


def test_metadata_table(own):
    write_table(
        own,
        "file_name,text,label,speaker,age\ndog/a.wav,NA,007,Zoë,3\n"
        'cat/c.wav,"<b>hi</b>, you",01,=1+1,5\n',
    )
    clips, lines = noticed(own)
    assert lines[1:] == ["  recordings that are not in the table: cat/d.wav, dog/deep/b.WAV"]
    assert clips["text"][:] == ["NA", "<b>hi</b>, you"]
    assert clips.features["label"].names == ["007", "01"]
    assert clips["speaker"][:] == ["Zoë", "=1+1"]
    assert clips["age"][:] == [3, 5]
    assert audio.load(clips[0]["audio"])[1] == 16_000


def test_metadata_table_without_labels(own):
    write_table(own, "file_name,text\ndog/a.wav,woof\n")
    assert noticed(own)[0].column_names == ["audio", "file_name", "text"]


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids < and line ends in names")
def test_strange_names_are_only_data(tmp_path, sine, write_wav):
    names = ["<img src=x onerror=alert(1)>.wav", "\u202egnp.wav", "new\nline.wav", "100%d.wav"]
    for name in names:
        write_wav(tmp_path / "<b>class" / name, sine(seconds=0.05))
    clips = quiet(tmp_path)
    assert sorted(clips["file_name"][:]) == sorted(f"<b>class/{name}" for name in names)
    assert clips.features["label"].names == ["<b>class"]
    (tmp_path / "<b>class" / names[1]).write_bytes(b"")
    (tmp_path / "<b>class" / names[2]).write_bytes(b"")
    with pytest.warns(UserWarning) as caught:
        data.load_folder(tmp_path)
    lines = str(caught[0].message).splitlines()
    assert len(lines) == 3  # a name cannot forge a line, nor turn the direction of reading
    assert "\u202e" not in str(caught[0].message)


def test_name_that_is_not_utf8(own, sine, wav_bytes):
    try:
        with open(os.fsencode(own / "dog") + b"/\xff.wav", "wb") as file:
            file.write(wav_bytes(sine()))
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    with pytest.warns(UserWarning, match="UTF-8"):
        assert len(data.load_folder(own)) == 4


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name,label\ndog/a.wav,dog\n", "no column file_name, only name, label"),
        ("name;label\ndog/a.wav;dog\n", "no column file_name, only name, label"),
        ("file_name,text,text\ndog/a.wav,x,y\n", "names its columns text, text"),
        ("file_name,text,\ndog/a.wav,x,y\n", "names its columns ''"),
        ('file_name,text\ndog/a.wav,"two\n cat/c.wav ,"three\n', "line 2: .*quotation marks"),
        ('file_name,text\ndog/a.wav,"two\ncat/c.wav,three"\n', "swallows the row of cat/c.wav"),
        ('file_name,text\ndog/a.wav,x\ncat/c.wav,"two\n', "line 3: .*quotation marks"),
        ("", "not a CSV table"),
        ("file_name,audio\ndog/a.wav,x\n", "rename"),
        ("file_name\ndog/a.wav\nno.wav\n", "do not exist: no.wav"),
        ("file_name\n../secret.wav\n", r"inside the folder, not \.\./secret.wav"),
        ("file_name\n/etc/passwd\n", "inside the folder"),
        ("file_name\ndog/../../secret.wav\n", "inside the folder"),
        ("file_name\ndog/a.wav\n" + "x" * 5_000 + ".wav\n", "do not exist"),
        ("file_name,text\ndog/a.wav,Hello, you\n", "quotes around a text with commas"),
        ("file_name,text\ndog/a.wav,Hello\ndog/a.wav,1,2,3\n", "quotes around a text"),
        ('file_name,"two\nlines"\ndog/a.wav,x\n', "one line of plain text"),
        ("file_name,label\n,dog\n", "an empty cell"),
        ("file_name\n" + "".join(f"{i}.wav\n" for i in range(8)), "and 3 more"),
        ("file_name\n", "no rows below its head"),
    ],
)
def test_bad_tables(own, table, words):
    write_table(own, table)
    (own.parent / "secret.wav").write_bytes((own / "dog" / "a.wav").read_bytes())
    with pytest.raises(data.DataError, match=words):
        data.load_folder(own)


def test_table_that_is_not_text(own):
    for content in (b"\xff\xfe\x00file_names", b"file_name\n\xff.wav\n"):
        (own / "metadata.csv").write_bytes(content)
        with pytest.raises(data.DataError, match="UTF-8"):
            data.load_folder(own)


def test_links_out_of_the_folder_are_refused(own, tmp_path, link):
    secret = tmp_path / "secret.wav"
    secret.write_bytes((own / "dog" / "a.wav").read_bytes())
    link(own / "dog" / "link.wav", secret)
    with pytest.warns(UserWarning, match="link"):
        assert len(data.load_folder(own)) == 4
    link(own / "away", tmp_path)
    absolute = (tmp_path / "secret.wav").absolute()
    for name in ("dog/link.wav", "away/secret.wav", "away/./secret.wav", absolute):
        write_table(own, f"file_name\n{name}\n")
        with pytest.raises(data.DataError, match="inside the folder"):
            data.load_folder(own)


def test_folders_without_a_layout(tmp_path, sine, write_wav):
    with pytest.raises(data.DataError, match="no such folder"):
        data.load_folder(tmp_path / "gone")
    with pytest.raises(data.DataError, match="no audio files and neither"):
        data.load_folder(tmp_path)
    write_wav(tmp_path / "a.wav", sine())
    with pytest.raises(data.DataError, match=r"audio files, but neither metadata.csv nor class"):
        data.load_folder(tmp_path)
    with pytest.raises(data.DataError, match="no such folder"):
        data.load_folder(tmp_path / "a.wav")
    assert data.load_folder(tmp_path, check=False).column_names == ["audio", "file_name"]


def test_nothing_readable(tmp_path):
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "a.wav").write_bytes(b"")
    with pytest.warns(UserWarning, match="empty"), pytest.raises(data.DataError, match="none of"):
        data.load_folder(tmp_path)


def test_real_recordings_load_as_class_folders(shared_real):
    folder = shared_real / "esc10"
    clips = data.load_folder(folder)
    assert len(clips) == 240
    assert len(clips.features["label"].names) == 10
    sources = [name.split("/")[1].rsplit("-", 1)[0] for name in clips["file_name"][:]]
    parts = data.grouped_split(clips.add_column("source", sources), "source", test_size=0.25)
    assert not set(parts["train"]["source"][:]) & set(parts["test"]["source"][:])
    assert np.bincount(parts["test"]["label"][:]).min() >= 3
