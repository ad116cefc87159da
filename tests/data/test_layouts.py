"""Folders as data sets come in: which layout is recognised, and what is read from it."""

import json
import shutil
import unicodedata
import warnings

import numpy as np
import pytest
import soundfile

from course_utils import audio, data
from course_utils.formats import rttm

RATE = 16_000


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes files below a folder: text, or recordings by their pitch."""

    def made(files, **options):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif isinstance(content, str):
                path.write_bytes(content.encode(options.get("encoding", "utf-8")))
            else:
                time = np.arange(RATE // 4) / RATE
                soundfile.write(path, 0.3 * np.sin(2 * np.pi * content * time), RATE)
        return tmp_path

    return made


def rows(dataset, *names):
    return [tuple(row[name] for name in names) for row in dataset]


def quiet(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return data.load_folder(path, **options)


def noticed(path, **options):
    with pytest.warns(UserWarning) as caught:
        clips = data.load_folder(path, **options)
    (warning,) = caught
    return clips, str(warning.message)


def pitch(row):
    samples, rate = audio.load(row["audio"])
    return round(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


# ------------------------------------------------------------------------------ metadata.csv


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        ("file_name,text\nc1.wav,hello\nc2.wav,there\n", "utf-8-sig"),
        ("file_name;text\nc1.wav;hello\nc2.wav;there\n", "utf-8"),
        ("file_name\ttext\nc1.wav\thello\nc2.wav\tthere\n", "utf-8"),
        ("file_name|text\nc1.wav|hello\nc2.wav|there\n", "utf-8"),
        ("file_name,text\nc1.wav,hello\nc2.wav,there\n", "utf-16"),
        ("file_name\ttext\r\nc1.wav\thello\r\nc2.wav\tthere\r\n", "utf-16"),
        ("file_name,text\rc1.wav,hello\rc2.wav,there\r", "utf-8"),
        ("file_name, text\nc1.wav, hello\nc2.wav , there \n,\n", "utf-8"),
        ('file_name, text,\n"c1.wav", "hello",\nc2.wav,there,\n,,\n', "utf-8"),
        ("file_name,text\n.\\c1.wav,hello\n./c2.wav,there\n", "utf-8"),
    ],
)
def test_tables_as_programs_write_them(folder, table, encoding):
    own = folder({"c1.wav": 200, "c2.wav": 300, "metadata.csv": table}, encoding=encoding)
    clips = quiet(own)
    assert clips.column_names == ["audio", "file_name", "text"]
    assert rows(clips, "file_name", "text") == [("c1.wav", "hello"), ("c2.wav", "there")]


def test_text_keeps_its_separators_and_lines(folder):
    table = 'file_name;text;age;id\na.wav;"two; or\nthree, ""more""";3,5;007\nb.wav;NA;4;010\n'
    clips = quiet(folder({"a.wav": 200, "b.wav": 300, "metadata.csv": table}))
    assert clips["text"][:] == ['two; or\nthree, "more"', "NA"]
    assert clips["age"][:] == [3.5, 4.0] and clips["id"][:] == ["007", "010"]


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_accents_may_be_written_in_either_form(folder, on_disk):
    name = unicodedata.normalize(on_disk, "été/grün.wav")
    other = unicodedata.normalize("NFC" if on_disk == "NFD" else "NFD", name)
    clips = quiet(folder({name: 200, "metadata.csv": f"file_name,text\n{other},hi\n"}))
    assert clips["file_name"][:] == [name] and pitch(clips[0]) == 200


def test_backslashes_stay_inside(folder):
    own = folder({"own/clips/0.wav": 200, "secret.wav": 300}) / "own"
    (own / "metadata.csv").write_text("file_name\nclips\\0.wav\n", encoding="utf-8")
    assert quiet(own)["file_name"][:] == ["clips/0.wav"]
    (own / "metadata.csv").write_text("file_name\n..\\secret.wav\n", encoding="utf-8")
    with pytest.raises(data.DataError, match="inside the folder"):
        data.load_folder(own)


def test_recordings_that_nobody_entered_are_named(folder):
    files = {f"new{n}.wav": 200 for n in range(1, 8)}
    own = folder({"0.wav": 200, "metadata.csv": "file_name,text\n0.wav,one\n"} | files)
    clips, said = noticed(own)
    assert len(clips) == 1
    assert "recordings that are not in the table: new1.wav" in said and "and 2 more" in said


def test_labels_that_are_empty_or_look_alike(folder):
    table = "file_name,label\n0.wav,cat\n1.wav,\n2.wav,cat \n3.wav,Cat\n4.wav,dog\n"
    own = folder({f"{n}.wav": 200 for n in range(5)} | {"metadata.csv": table})
    clips, said = noticed(own)
    assert clips.features["label"].names == ["Cat", "cat", "dog"]
    assert clips["label"][:] == [1, None, 1, 0, 2]
    assert "rows without a label: 1.wav" in said and "labels that look alike: Cat, cat" in said


def test_class_folders_with_accents_in_both_forms_are_one_class(folder):
    names = [unicodedata.normalize(form, "Café") for form in ("NFC", "NFD")]
    own = folder({f"{name}/0.wav": 200 + 100 * n for n, name in enumerate(names)})
    if len(list(own.iterdir())) < 2:
        pytest.skip("this file system has one form only")
    clips = quiet(own)
    assert clips.features["label"].names == names[:1]
    assert sorted(map(pitch, clips)) == [200, 300]


# ------------------------------------------------------------------------------ splits


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "val"), {"train", "validation"}),
        (("Training", "dev", "testing"), {"train", "validation", "test"}),
        (("train", "valid", "eval"), {"train", "validation", "test"}),
    ],
)
def test_folders_of_splits_by_any_usual_name(folder, folders, splits, capsys):
    own = folder({f"{top}/{c}/0.wav": 200 for top in folders for c in ("cat", "dog")})
    clips = quiet(own)
    assert set(clips) == splits
    for part in clips.values():
        assert part.features["label"].names == ["cat", "dog"]
    assert clips["train"]["file_name"][0] == f"{folders[0]}/cat/0.wav"
    (line,) = capsys.readouterr().out.splitlines()
    assert "class folders, 2 train, 2 validation" in line


def test_a_folder_of_a_split_without_recordings_is_no_split(folder):
    own = folder({"train/cat/0.wav": 200, "train/dog/0.wav": 200, "test/notes.txt": "empty"})
    assert set(quiet(own)) == {"train"}


def test_a_class_may_be_called_train(folder):
    clips = quiet(folder({"train/0.wav": 200, "tram/0.wav": 300}))
    assert clips.features["label"].names == ["train", "tram"]
    own = folder({"val/0.wav": 200, "dev/0.wav": 200})
    shutil.rmtree(own / "tram")
    with pytest.raises(data.DataError, match="dev/, train/, val/ two are one split"):
        data.load_folder(own)


def test_one_table_for_folders_of_splits(folder):
    table = "file_name,text\ntrain/0.wav,a\ntest/0.wav,b\ntrain/1.wav,c\n"
    names = ("train/0.wav", "train/1.wav", "test/0.wav")
    clips = quiet(folder(dict.fromkeys(names, 200) | {"metadata.csv": table}))
    assert rows(clips["train"], "file_name", "text") == [("train/0.wav", "a"), ("train/1.wav", "c")]
    assert clips["test"]["text"][:] == ["b"]


def test_a_table_in_each_folder_of_splits(folder):
    files = {f"{top}/metadata.csv": f"file_name,text\n0.wav,{top}\n" for top in ("train", "test")}
    own = folder(files | {"train/0.wav": 200, "test/0.wav": 300})
    clips = quiet(own)
    assert {split: part["text"][:] for split, part in clips.items()} == {
        "train": ["train"], "test": ["test"],
    }  # fmt: skip
    assert [pitch(part[0]) for part in clips.values()] == [200, 300]


# ------------------------------------------------------------------------------ data sets

COMMON_VOICE = (
    "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\n"
    'a1\tcommon_voice_en_1.mp3\t"Good morning.\t2\t0\t\t\t\ten\n'
    "b2\tcommon_voice_en_2.mp3\tTurn left at the church.\t2\t0\t\t\t\ten\n"
)


def test_common_voice(folder, capsys):
    clip = audio.encode(np.sin(np.arange(8_000) / 5).astype(np.float32), RATE, "mp3")
    files = {f"clips/common_voice_en_{n}.mp3": clip for n in range(5)}
    own = folder(files | {"validated.tsv": COMMON_VOICE})
    clips = quiet(own)
    assert clips["file_name"][:] == ["clips/common_voice_en_1.mp3", "clips/common_voice_en_2.mp3"]
    assert clips["text"][:] == ['"Good morning.', "Turn left at the church."]
    assert clips["speaker"][:] == ["a1", "b2"] and clips["locale"][:] == ["en", "en"]
    assert "Common Voice, 2 rows; audio, text, speaker" in capsys.readouterr().out
    head = COMMON_VOICE.split("\n")[0]
    for split, number in (("train", 3), ("dev", 4), ("test", 0)):
        line = f"s{number}\tcommon_voice_en_{number}\tHi {split}\t\t\t\t\t\ten\n"
        (own / f"{split}.tsv").write_text(f"{head}\n{line}", encoding="utf-8")
    clips = quiet(own)
    assert {split: part["text"][:] for split, part in clips.items()} == {
        "train": ["Hi train"], "validation": ["Hi dev"], "test": ["Hi test"],
    }  # fmt: skip
    (own / "test.tsv").write_text("client_id\tpath\tsentence\na\tno.mp3\tx\n", encoding="utf-8")
    with pytest.raises(data.DataError, match=r"test\.tsv: names files that do not exist"):
        data.load_folder(own)
    (own / "test.tsv").write_text("client_id\tpath\tsentence\na\tno.mp3\n", encoding="utf-8")
    with pytest.raises(data.DataError, match=r"test\.tsv: is no table of Common Voice"):
        data.load_folder(own)


def test_lj_speech(folder, capsys):
    table = (
        "clip-1|Dr. Smith paid 3 pounds.|Doctor Smith paid three pounds.\n"
        'clip.2|"A plain sentence.\nclip-3|Only once|\n'
    )
    own = folder(
        {"wavs/clip-1.wav": 200, "wavs/clip.2.flac": 300, "wavs/clip-3.wav": 400}
        | {"metadata.csv": table}
    )
    clips = quiet(own)
    assert rows(clips, "file_name", "text") == [
        ("wavs/clip-1.wav", "Doctor Smith paid three pounds."),
        ("wavs/clip.2.flac", '"A plain sentence.'),
        ("wavs/clip-3.wav", "Only once"),
    ]
    assert list(map(pitch, clips)) == [200, 300, 400]
    assert "LJ Speech, 3 rows; audio, text" in capsys.readouterr().out
    (own / "metadata.csv").write_text("clip-1|a\nno|b\n", encoding="utf-8")
    with pytest.raises(data.DataError, match="names files that do not exist: wavs/no"):
        data.load_folder(own)
    (own / "metadata.csv").write_text("clip-1|a\nclip-3|b|c|d\n", encoding="utf-8")
    with pytest.raises(data.DataError, match="line 2: has 4 columns"):
        data.load_folder(own)


def manifest(*objects):
    return "".join(json.dumps(row) + "\n" for row in objects)


def test_manifests_of_nemo(folder, capsys):
    lines = manifest(
        {"audio_filepath": "c1.wav", "duration": 1.0, "text": "hello"},
        {"audio_filepath": "/elsewhere/c2.wav", "duration": 1.0, "text": None, "lang": "en"},
    ).replace("c1.wav", "/elsewhere/c1.wav")
    own = folder({"c1.wav": 200, "c2.wav": 300, "manifest.jsonl": lines})
    clips, said = noticed(own)
    assert "paths are read without /elsewhere at the front" in said
    assert rows(clips, "file_name", "text", "duration", "lang") == [
        ("c1.wav", "hello", 1.0, None), ("c2.wav", None, 1.0, "en"),
    ]  # fmt: skip
    assert "JSON Lines manifest, 2 rows; audio, text" in capsys.readouterr().out


def test_manifests_for_splits_and_other_keys(folder):
    row = {"audio": {"path": "a.wav"}, "sentence": " hi ", "speaker_id": 7}
    own = folder(
        {"a.wav": 200, "b.wav": 300, "train_manifest.json": manifest(row)}
        | {"dev_manifest.json": manifest({"file_name": "b.wav", "text": "ho"})}
    )
    clips = quiet(own)
    assert rows(clips["train"], "file_name", "text", "speaker") == [("a.wav", "hi", "7")]
    assert rows(clips["validation"], "file_name", "text") == [("b.wav", "ho")]
    shutil.copy(own / "dev_manifest.json", own / "other.json")
    with pytest.raises(data.DataError, match="several manifests: dev_manifest"):
        data.load_folder(own)


def test_parts_of_a_recording_by_offset(folder):
    two = np.concatenate([np.sin(np.arange(n * 8_000) / n) for n in (1, 2)]).astype(np.float32)
    lines = manifest(
        {"audio_filepath": "long.wav", "offset": 0.25, "duration": 0.25, "text": "a"},
        {"audio_filepath": "long.wav", "offset": 0.5, "duration": 1.0, "text": "b"},
        {"audio_filepath": "long.wav", "offset": 1.0, "duration": 9.0, "text": "c"},
    )
    own = folder({"long.wav": audio.encode(0.5 * two, RATE), "m.jsonl": lines})
    clips, said = noticed(own)
    assert "long.wav: lasts 1.50 s, and a row of the table ends at 10 s" in said
    assert rows(clips, "file_name", "text") == [
        ("long.wav#t=0.25,0.5", "a"), ("long.wav#t=0.5,1.5", "b"),
    ]  # fmt: skip
    for row, (start, end) in zip(clips, ((4_000, 8_000), (8_000, 24_000)), strict=True):
        np.testing.assert_allclose(audio.load(row["audio"])[0], 0.5 * two[start:end], atol=1e-4)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('{"audio_filepath": "a.wav"}\n{"audio_', "line 2: is no JSON object"),
        ('{"audio_filepath": "a.wav"}\n[1]\n', "line 2: is no JSON object"),
        ('{"audio_filepath": "a.wav"}\n{"text": "x"}\n', "row 2 names no audio file"),
        ('{"audio_filepath": "a.wav", "audio": "b.wav"}\n', "row 1 names two audio files"),
        ('{"audio_filepath": "../a.wav"}\n', "inside the folder"),
        ('{"audio_filepath": "a.wav", "offset": 1}\n', None),
        ('{"audio_filepath": "a.wav", "offset": 1, "duration": -1}\n', "row 1 has no offset"),
        ('{"audio_filepath": "a.wav", "x": 1}\n{"audio_filepath": "a.wav", "x": "y"}\n', "kinds"),
    ],
)
def test_bad_manifests(folder, lines, words):
    own = folder({"own/a.wav": 200, "own/m.jsonl": lines}) / "own"
    if words is None:
        assert len(quiet(own)) == 1  # without a duration, there is no part
        return
    with pytest.raises(data.DataError, match=words):
        data.load_folder(own)


def test_kaldi(folder, capsys):
    own = folder(
        {"db/call1.wav": 200, "db/call2.wav": 300}
        | {"train/wav.scp": "call1 /corpora/db/call1.wav\ncall2 /corpora/db/call2.wav\n"}
        | {"train/text": "ann-1 HELLO THERE\nbob-1 YES\nnobody NO\n"}
        | {"train/utt2spk": "ann-1 ann\nbob-1 bob\n"}
        | {"train/segments": "ann-1 call1 0.05 0.20\nbob-1 call2 0 0.25\nbob-2 call2 0 0.1\n"}
        | {"test/wav.scp": "call2 db/call2.wav\n", "test/text": "call2 YES\n"}
    )
    clips, said = noticed(own)
    assert rows(clips["train"], "file_name", "utterance", "text", "speaker") == [
        ("db/call1.wav#t=0.05,0.2", "ann-1", "HELLO THERE", "ann"),
        ("db/call2.wav#t=0,0.25", "bob-1", "YES", "bob"),
    ]
    assert rows(clips["test"], "file_name", "text") == [("db/call2.wav", "YES")]
    assert len(audio.load(clips["train"][0]["audio"])[0]) == 0.15 * RATE
    assert "utterances without a line in text: bob-2" in said
    assert "lines of text without a recording: nobody" in said
    assert "Kaldi folder, 2 train, 1 test; audio, text, speaker" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"wav.scp": "a sox a.wav -t wav - |\n"}, "a is a command, which is never run"),
        ({"wav.scp": "a no.wav\n"}, "do not exist: no.wav"),
        ({"wav.scp": "a a.wav\n", "segments": "u b 0 1\n"}, "segments: u has no recording"),
        ({"wav.scp": "a a.wav\n", "segments": "u a 1 0\n"}, "segments: u has no recording"),
    ],
)
def test_bad_kaldi_folders(folder, files, words):
    with pytest.raises(data.DataError, match=words):
        data.load_folder(folder({"a.wav": 200} | files))


def test_pairs_of_audio_and_text(folder, capsys):
    own = folder({"a.wav": 200, "a.txt": "Hello,\nyou \n", "deep/b.wav": 300, "deep/b.txt": "Hi"})
    assert rows(quiet(own), "file_name", "text") == [("a.wav", "Hello, you"), ("deep/b.wav", "Hi")]
    assert "pairs of audio and text, 2 rows" in capsys.readouterr().out
    clips, said = noticed(folder({"c.wav": 200}))
    assert len(clips) == 2 and "recordings without a text beside them: c.wav" in said


def test_recordings_with_rttm(folder, capsys):
    turns = [{"speaker": "Ann", "start": 0.0, "end": 0.25}]
    own = folder({"audio/a.wav": 200, "audio/b.wav": 300, "audio/c.wav": 400, "rttm/x.txt": ""})
    rttm.save(own / "rttm" / "a.rttm", {"a": turns})
    rttm.save(own / "all.rttm", {"b": turns, "z": turns})
    clips = quiet(own)
    assert clips["turns"][:] == [turns, turns, None]
    assert "recordings with RTTM files, 3 rows; audio, turns" in capsys.readouterr().out


def test_recordings_of_phones_and_browsers(folder):
    own = folder({"a.wav": 200})
    for name in ("b.3gp", "c.m4b", "d.weba", "e.mpg", "f.mp2"):
        shutil.copy(own / "a.wav", own / name)
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    (own / "g.xyz").write_text("odd", encoding="utf-8")
    clips, said = noticed(own, check=False)
    assert len(clips) == 6
    assert "g.xyz: its suffix" in said and "notes.txt" not in said
