"""Decoding what is damaged, lies or is not audio: one AudioError that names it."""

import io
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from course_utils import audio

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def with_header(content, offset, value, size=4):
    return content[:offset] + value.to_bytes(size, "little") + content[offset + size :]


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory, sine, wav_bytes):
    """Return {what: (path, words its message must hold)}."""
    folder = tmp_path_factory.mktemp("bad")
    good = wav_bytes(sine(seconds=1))
    nan = io.BytesIO()
    soundfile.write(nan, np.full(800, np.nan), 16_000, format="WAV", subtype="FLOAT")
    flac, ogg, mp3, opus = (
        audio.encode(np.random.default_rng(0).normal(0, 0.1, 64_000), 16_000, name)
        for name in ("flac", "ogg", "mp3", "opus")
    )
    files = {
        "empty.wav": (b"", "empty"),
        "text.wav": ("<!DOCTYPE html>\n<p>Seite nicht gefunden: Jürgen" * 300, "text"),
        "cut.wav": (good[: len(good) // 2], "cut short"),
        "header.wav": (good[:44], "cut short"),
        "stub.wav": (good[:30], "cut short"),
        "four.wav": (good[:4], "libsndfile"),
        "cut.flac": (flac[: len(flac) // 2], "cut short"),
        "cut.ogg": (ogg[: len(ogg) // 2], "cut short"),
        "cut.opus": (opus[: len(opus) // 2], "cut short"),
        "cut.mp3": (mp3[: len(mp3) // 2], "cut short"),
        "start.mp3": (mp3[:200], "no whole frame"),
        "zero.wav": (wav_bytes(np.zeros(0)), "no samples"),
        "nan.wav": (nan.getvalue(), "finite"),
        "0hz.wav": (with_header(good, 24, 0), "0hz.wav"),
        "7hz.wav": (with_header(good, 24, 7), "7 Hz"),
        "2ghz.wav": (with_header(good, 24, 2_000_000_000), "Hz"),
        "12channels.wav": (wav_bytes(np.zeros((12, 100))), "12 channels"),
        "noise.raw": (np.random.default_rng(0).bytes(1000), "no audio"),
        "noise.m4a": (np.random.default_rng(1).bytes(1000), "noise.m4a"),
    }
    made = {}
    for name, (content, words) in files.items():
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        made[name] = (path, words)
    (folder / "folder.wav").mkdir()
    made["folder.wav"] = (folder / "folder.wav", "folder")
    made["missing.wav"] = (folder / "missing.wav", "no such file")
    return made


BAD = [
    "empty.wav",
    "text.wav",
    "cut.wav",
    "header.wav",
    "stub.wav",
    "four.wav",
    "cut.flac",
    "cut.ogg",
    "cut.opus",
    "cut.mp3",
    "start.mp3",
    "zero.wav",
    "nan.wav",
    "0hz.wav",
    "7hz.wav",
    "2ghz.wav",
    "12channels.wav",
    "noise.raw",
    "noise.m4a",
    "folder.wav",
    "missing.wav",
]


@pytest.mark.parametrize("name", BAD)
def test_bad_file_raises_one_sentence_with_its_name(bad_files, name):
    path, words = bad_files[name]
    sources = [str(path), {"bytes": None, "path": str(path)}]
    if path.is_file():
        sources.append({"bytes": path.read_bytes(), "path": str(path)})
    for source in sources:
        for options in ({}, {"sampling_rate": 8_000, "mono": False}):
            with pytest.raises(audio.AudioError) as caught:
                audio.load(source, **options)
            message = str(caught.value)
            assert name in message
            assert words in message
            assert "\n" not in message
            assert ";" in message  # the way out


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        object(),
        [0.0, 0.1],
        np.zeros(10, np.float32),
        b"",
        "",
        "a\0b.wav",
        "https://example.org/a.wav",
        io.StringIO("text"),
        {},
        {"bytes": None, "path": None},
        {"array": [0.1]},
        {"array": [], "sampling_rate": 16_000},
        {"array": [[[0.1]]], "sampling_rate": 16_000},
    ],
)
def test_bad_source_raises(source):
    with pytest.raises(audio.AudioError, match=r"; \w|whole number"):
        audio.load(source)


def test_closed_file_raises(clip):
    file = open(clip, "rb")  # noqa: SIM115
    file.close()
    with pytest.raises(audio.AudioError, match=r"clip\.wav.*binary mode"):
        audio.load(file)


def test_pipe_in_place_of_a_file_raises(tmp_path):
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(audio.AudioError, match="regular file"):
        audio.load(tmp_path / "pipe.wav")


def test_name_in_a_message_stays_on_its_line(tmp_path):
    with pytest.raises(audio.AudioError) as caught:
        audio.load(tmp_path / "evil\n\u202egnp.wav")
    assert str(caught.value).isprintable()


def test_without_ffmpeg_the_message_says_so(monkeypatch, tmp_path):
    path = tmp_path / "clip.m4a"
    path.write_bytes(b"\0\0\0\x1cftypM4A " + bytes(100))
    monkeypatch.setattr(audio.shutil, "which", lambda name: None)
    with pytest.raises(audio.AudioError, match=r"clip\.m4a.*install ffmpeg"):
        audio.load(path)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for ffmpeg is a script")
def test_ffmpeg_that_hangs(monkeypatch, tmp_path):
    path = tmp_path / "clip.m4a"
    path.write_bytes(b"\0\0\0\x1cftypM4A " + bytes(100))
    slow = tmp_path / "slow"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(30)\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setattr(audio, "_FFMPEG_SECONDS", 0.2)
    monkeypatch.setattr(audio.shutil, "which", lambda name: str(slow))
    with pytest.raises(audio.AudioError, match="within"):
        audio.load(path)


def test_ffmpeg_that_does_not_start(monkeypatch, tmp_path):
    path = tmp_path / "clip.m4a"
    path.write_bytes(b"\0\0\0\x1cftypM4A " + bytes(100))
    monkeypatch.setattr(audio.shutil, "which", lambda name: str(tmp_path / "gone"))
    with pytest.raises(audio.AudioError, match="does not start"):
        audio.load(path)


@needs_ffmpeg
def test_cut_m4a_is_called_cut(clip, tmp_path):
    path = tmp_path / "clip.m4a"
    ffmpeg("-i", clip, path)
    content = path.read_bytes()
    with pytest.raises(audio.AudioError, match="cut short"):
        audio.load(content[: len(content) // 2])


def test_limits_on_length(monkeypatch, sine, wav_bytes):
    content = wav_bytes(sine(seconds=1))
    monkeypatch.setattr(audio, "MAX_SAMPLES", 15_999)
    with pytest.raises(audio.AudioError, match="too long"):
        audio.load(content)
    assert audio.load(content, sampling_rate=8_000)[0].shape == (8_000,)
    monkeypatch.setattr(audio, "MAX_HOURS", 0.9 / 3600)
    with pytest.raises(audio.AudioError, match="too long"):
        audio.load(content, sampling_rate=8_000)


def test_header_that_promises_years_takes_no_memory(sine):
    """36 bits of a FLAC header hold the number of samples (RFC 9639, 8.2)."""
    content = bytearray(audio.encode(sine(), 16_000, "flac"))
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    with pytest.raises(audio.AudioError, match="too long"):
        audio.load(bytes(content))


def test_eight_channels_of_two_samples_are_no_table_on_its_side():
    eight = np.zeros((8, 2), np.float32)
    assert audio.encode(eight, 16_000, "wav")
    with pytest.raises(audio.AudioError, match=r"that is \(n, channels\); pass samples\.T"):
        audio.encode(np.zeros((9, 2), np.float32), 16_000, "wav")
