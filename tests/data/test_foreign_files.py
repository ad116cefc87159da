"""Files as other programs write them: read as what they are, or refused in one sentence."""

import csv
import shutil
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.signal import correlate

from course_utils import audio, data

RATE = 16_000

# What ffmpeg is told to write: name of the file, options.
READ = {
    "u8.wav": "-c:a pcm_u8",
    "s24.wav": "-c:a pcm_s24le",
    "s32.wav": "-c:a pcm_s32le",
    "f64.wav": "-c:a pcm_f64le",
    "alaw.wav": "-c:a pcm_alaw",
    "mulaw.wav": "-c:a pcm_mulaw",
    "adpcm_ms.wav": "-c:a adpcm_ms",
    "adpcm_ima.wav": "-c:a adpcm_ima_wav",
    "mp3.wav": "-c:a libmp3lame",
    "rf64.wav": "-rf64 always",
    "broadcast.wav": "-write_bext 1 -metadata description=x",
    "eight.wav": "-ac 8",
    "six.flac": "-ac 6",
    "a.w64": "",
    "a.caf": "",  # codespell:ignore caf
    "a.aif": "-c:a pcm_s24be",
    "a.aifc": "-c:a pcm_mulaw -f aiff",
    "a.snd": "-f au",
    "a.wv": "",
    "a.tta": "",
    "a.mka": "-c:a libvorbis",
    "a.webm": "-c:a libopus",
    "a.weba": "-c:a libopus -f webm",
    "stereo.opus": "-c:a libopus -ac 2",
    "a.mp2": "-c:a mp2",
    "quality.mp3": "-q:a 0",
    "bare.mp3": "-write_xing 0 -id3v2_version 0",
    "tagged.mp3": "-write_id3v1 1 -metadata title=x",
    "a.m4a": "-c:a aac",
    "lossless.m4a": "-c:a alac",
    "a.aac": "-c:a aac -f adts",
    "fragments.mp4": "-c:a aac -movflags frag_keyframe+empty_moov",
    "a.mov": "-c:a pcm_s16le",
    "a.3gp": "-c:a aac",
    "a.ac3": "-c:a ac3 -ar 44100",
    "a.flv": "-c:a libmp3lame -ar 44100",
    "a.ts": "-c:a aac -f mpegts",
    "a.avi": "-c:a libmp3lame",
    "called.mp3": "-f wav",
    "called.wav": "-c:a libvorbis -f ogg",
    "without_suffix": "-f flac",
}
REFUSED = {
    "flac.oga": "-c:a flac -f ogg",
    "a.nut": "-c:a libvorbis",
    "a.dts": "-c:a dca -strict -2 -ar 44100",
    "a.sox": "-f sox",
    "a.raw": "-f s16le",
    "a.wav": "-f s16le",
    "midi.mid": "-f s16le",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return 1.5 s of a tone in noise, and a function that lets ffmpeg write it into a file."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    folder = tmp_path_factory.mktemp("foreign")
    time = np.arange(RATE * 3 // 2) / RATE
    noise = np.random.default_rng(0).normal(0, 0.05, len(time))
    samples = (0.3 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32)
    soundfile.write(folder / "source.wav", samples, RATE, subtype="FLOAT")

    def write(name, options):
        command = ["ffmpeg", "-v", "error", "-y", "-i", folder / "source.wav", *options.split()]
        done = subprocess.run([*map(str, command), str(folder / name)], capture_output=True)
        if b"Unknown encoder" in done.stderr:
            pytest.skip(f"this ffmpeg does not write {name}")
        done.check_returncode()
        return folder / name

    return samples, write


@pytest.mark.parametrize("name", READ)
def test_recordings_of_ffmpeg_are_read(written, name):
    samples, write = written
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read, _ = audio.load(write(name, READ[name]), RATE)
    assert -0.05 < (len(read) - len(samples)) / RATE < 0.12  # what encoders pad
    overlap = correlate(read, samples)
    assert overlap.max() / np.linalg.norm(read) / np.linalg.norm(samples) > 0.95


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence(written, name):
    path = written[1](name, REFUSED[name])
    with pytest.raises(audio.AudioError, match=r"convert") as caught:
        audio.load(path)
    said = str(caught.value)
    assert path.name in said and "\n" not in said and len(said) < 300


ROWS = pd.DataFrame(
    {
        "file_name": ["a.wav", "b c.wav", "ü.wav"],
        "text": ['hello, "you"', "one; two", "ñandú ß"],
        "label": ["cat", "dog", "cat"],
        "age": [1.5, np.nan, 3],
    }
)

# What pandas is told to write: name of the table, arguments of to_csv.
TABLES = {
    "its default": ("metadata.csv", {}),
    "no index": ("metadata.csv", {"index": False}),
    "semicolons": ("metadata.csv", {"index": False, "sep": ";", "decimal": ","}),
    "tabs": ("metadata.tsv", {"index": False, "sep": "\t"}),
    "tabs in csv": ("metadata.csv", {"index": False, "sep": "\t"}),
    "bars": ("metadata.csv", {"index": False, "sep": "|"}),
    "all quoted": ("metadata.csv", {"index": False, "quoting": csv.QUOTE_ALL}),
    "words quoted": ("metadata.csv", {"index": False, "quoting": csv.QUOTE_NONNUMERIC}),
    "byte order mark": ("metadata.csv", {"index": False, "encoding": "utf-8-sig"}),
    "utf-16": ("metadata.csv", {"index": False, "encoding": "utf-16", "sep": "\t"}),
    "Windows": ("metadata.csv", {"index": False, "lineterminator": "\r\n"}),
    "old Macintosh": ("metadata.csv", {"index": False, "lineterminator": "\r"}),
}
BAD = {
    "latin-1": (dict(index=False, encoding="latin-1"), "save it as UTF-8"),
    "escaped": (dict(index=False, doublequote=False, escapechar="\\"), "write each mark .* twice"),
    "no head": (dict(index=False, header=False), "no column file_name, only a.wav"),
    "other head": (dict(index=False, header=["path", "text", "label", "age"]), "add or rename it"),
    "one column": (dict(index=False, columns=["text"]), "has no column file_name, only text"),
}


@pytest.fixture
def folder(tmp_path):
    for pitch, name in enumerate(ROWS["file_name"], 2):
        tone = 0.3 * np.sin(2 * np.pi * 100 * pitch * np.arange(RATE // 4) / RATE)
        soundfile.write(tmp_path / name, tone, RATE)
    return tmp_path


def read(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return data.load_folder(folder).remove_columns("audio").to_pandas()


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_pandas_are_read(folder, name):
    table, arguments = TABLES[name]
    ROWS.to_csv(folder / table, **arguments)
    pd.testing.assert_frame_equal(read(folder), ROWS.assign(label=[0, 1, 0]), check_dtype=False)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_lines_of_pandas_are_read(folder, ascii_only):
    ROWS.to_json(folder / "clips.jsonl", orient="records", lines=True, force_ascii=ascii_only)
    wanted = ROWS.assign(label=[0, 1, 0])
    pd.testing.assert_frame_equal(read(folder)[wanted.columns], wanted, check_dtype=False)


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_of_pandas_are_refused_in_one_sentence(folder, name):
    arguments, words = BAD[name]
    ROWS.to_csv(folder / "metadata.csv", **arguments)
    with pytest.raises(data.DataError, match=words) as caught:
        data.load_folder(folder)
    assert "metadata.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_a_table_without_rows_is_refused(folder):
    ROWS[:0].to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(data.DataError, match="no rows below its head"):
        data.load_folder(folder)


def test_a_second_table_is_named(folder):
    ROWS.to_csv(folder / "metadata.csv", index=False)
    ROWS.to_json(folder / "metadata.jsonl", orient="records", lines=True)
    with pytest.warns(UserWarning, match="other tables than metadata.csv: metadata.jsonl"):
        data.load_folder(folder)
