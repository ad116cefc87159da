"""Whole recordings that strict decoders refuse, cut or mix to silence."""

import io
import shutil
import struct
import subprocess
import warnings

import numpy as np
import pytest
import soundfile

from course_utils import audio

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
RATE = 16_000


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture
def noise():
    """Return a function that draws seconds of noise, shape (n,) or (channels, n)."""
    rng = np.random.default_rng(0)
    return lambda seconds, *shape: rng.normal(0, 0.1, (*shape, seconds * RATE)).astype(np.float32)


@pytest.fixture
def loaded(tmp_path):
    """Return a function that loads content from memory and from a file, which must agree."""

    def load(content, **options):
        (tmp_path / "odd").write_bytes(content)
        samples, rate = audio.load(tmp_path / "odd", **options)
        again, _ = audio.load(io.BytesIO(content), **options)
        np.testing.assert_array_equal(samples, again)
        assert audio.load(content, **options)[1] == rate
        return samples, rate

    return load


@pytest.fixture
def silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sized(content, size, riff=0):
    """Return a WAV file with other sizes in its header, of 44 bytes."""
    return content[:4] + struct.pack("<I", riff) + content[8:40] + struct.pack("<I", size)


def wav(samples, subtype="PCM_16", kind="WAV"):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.T, RATE, format=kind, subtype=subtype)
    return buffer.getvalue()


@needs_ffmpeg
@pytest.mark.parametrize("options", [[], ["-write_xing", "0"], ["-q:a", "5"]])
def test_mp3_files_joined_to_one_are_read_to_the_end(tmp_path, noise, loaded, options):
    parts = []
    for seconds in (3, 2):
        soundfile.write(tmp_path / "part.wav", noise(seconds), RATE)
        ffmpeg("-i", tmp_path / "part.wav", *options, tmp_path / "part.mp3")
        parts.append((tmp_path / "part.mp3").read_bytes())
    samples, rate = loaded(b"".join(parts))
    assert len(samples) / rate == pytest.approx(5, abs=0.25)
    alone, _ = loaded(parts[0] + b"TAG" + bytes(125))  # a tag is no further part
    np.testing.assert_array_equal(alone, loaded(parts[0])[0])


def test_the_rest_of_joined_mp3_files_is_not_forgotten_without_ffmpeg(monkeypatch, noise):
    parts = audio.encode(noise(3), RATE, "mp3") + audio.encode(noise(2), RATE, "mp3")
    monkeypatch.setattr(audio.shutil, "which", lambda name: None)
    with pytest.raises(audio.AudioError, match=r"more than the 3\.\d s .* install ffmpeg"):
        audio.load(parts)


def test_wav_of_a_recorder_that_was_killed(noise, loaded, silent):
    whole = wav(noise(1))
    expected, _ = audio.load(whole)
    for sizes in ((0, 0), (0, 36), (0, 8), (0xFFFF_FFFF, 0xFFFF_FFFF)):
        samples, rate = loaded(sized(whole, *sizes) + whole[44:])
        assert rate == RATE
        np.testing.assert_array_equal(samples, expected)
    for subtype in ("PCM_24", "FLOAT", "PCM_U8"):
        whole = wav(noise(1), subtype)
        place = whole.index(b"data") + 4
        samples, _ = loaded(whole[:place] + bytes(4) + whole[place + 4 :])
        np.testing.assert_array_equal(samples, audio.load(whole)[0])


@needs_ffmpeg
def test_aiff_of_a_recorder_that_was_killed(noise, loaded):
    whole = wav(noise(1), kind="AIFF")
    place = whole.index(b"SSND") + 4
    unfinished = whole[:place] + bytes(4) + whole[place + 4 :]
    frames = unfinished.index(b"COMM") + 10
    unfinished = unfinished[:frames] + bytes(4) + unfinished[frames + 4 :]
    try:
        samples, _ = loaded(unfinished)
    except audio.AudioError as error:  # no program reads it; but it is not called empty
        assert "header, which may be unfinished" in str(error)
    else:
        np.testing.assert_allclose(samples, audio.load(whole)[0], atol=1e-4)


def test_wav_that_holds_more_than_its_header_says(noise, loaded):
    """As beyond 4 GiB, where the number in the header begins again at 0."""
    whole = wav(noise(5))
    with pytest.warns(UserWarning, match=r"odd: .* 32000 bytes of samples, but 160000 are there"):
        samples, _ = loaded(sized(whole, 32_000, 32_036) + whole[44:])
    np.testing.assert_array_equal(samples, audio.load(whole)[0])


def test_what_follows_the_samples_of_a_wav_file_is_no_sound(noise, loaded, silent):
    whole = wav(noise(1))
    for size in (20, 100_000):
        for padded in (b"", b"\0"):
            chunk = b"LIST" + struct.pack("<I", size - len(padded)) + b"INFO" + bytes(size - 4)
            assert len(loaded(whole + chunk[: 8 + size - len(padded)] + padded)[0]) == RATE
    assert len(loaded(whole + bytes(30_000))[0]) == RATE  # the rest of a sector
    empty = whole[:40] + bytes(4) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    with pytest.raises(audio.AudioError, match="no samples"):
        loaded(empty)


@needs_ffmpeg
@pytest.mark.parametrize(("suffix", "codec"), [("opus", "libopus"), ("ogg", "libvorbis")])
def test_ogg_whose_last_page_lacks_the_end_mark(tmp_path, noise, loaded, suffix, codec):
    soundfile.write(tmp_path / "a.wav", noise(3), RATE)
    path = tmp_path / f"a.{suffix}"
    ffmpeg("-i", tmp_path / "a.wav", "-c:a", codec, path)
    whole = path.read_bytes()
    start = whole.rfind(b"OggS")
    page = bytearray(whole[start:])
    page[5] &= ~4
    page[22:26] = bytes(4)
    checksum = 0
    for bit in "".join(f"{byte:08b}" for byte in page):  # polynomial division, RFC 3533
        carry = checksum >> 31 ^ int(bit)
        checksum = (checksum << 1 & 0xFFFF_FFFF) ^ (0x04C1_1DB7 if carry else 0)
    page[22:26] = struct.pack("<I", checksum)
    note = whole[:start] + page
    path.write_bytes(note)
    proof = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"], capture_output=True
    )
    assert b"CRC" not in proof.stderr
    samples, _ = loaded(note)
    np.testing.assert_array_equal(samples, audio.load(whole)[0])
    for cut in (len(note) - 10, start + 10):
        with pytest.raises(audio.AudioError, match="cut short"):
            loaded(note[:cut])


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["libopus", "alac", "adpcm_ima_qt", "pcm_s16be"])
def test_voice_message_in_caf(tmp_path, noise, loaded, codec):  # codespell:ignore caf
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)
    soundfile.write(tmp_path / "a.wav", tone, RATE)
    path = tmp_path / "a.caf"  # codespell:ignore caf
    ffmpeg("-i", tmp_path / "a.wav", "-c:a", codec, path)
    samples, rate = loaded(path.read_bytes())
    assert len(samples) / rate == pytest.approx(3, abs=0.03)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * rate / len(samples) == pytest.approx(440, abs=1)
    with pytest.raises(audio.AudioError, match=r"cut short|does not read it either"):
        loaded(path.read_bytes()[:-1000])


@pytest.mark.parametrize("tag", [b"TAG" + bytes(125), b"APETAGEX" + bytes(200), bytes(5_000)])
def test_flac_with_a_tag_behind_it(noise, loaded, silent, tag):
    whole = audio.encode(noise(5), RATE, "flac")
    samples, _ = loaded(whole + tag)
    np.testing.assert_array_equal(samples, audio.load(whole)[0])
    damaged = whole[:40_000] + bytes(300) + whole[40_300:] + tag
    with pytest.raises(audio.AudioError, match="is damaged, cut short or in a rare encoding"):
        loaded(damaged)


def test_channels_that_cancel_out_are_not_mixed(noise, loaded):
    left = noise(1)
    content = wav(np.stack([0.9 * left, -left]), "FLOAT")
    with pytest.warns(UserWarning, match="odd: its channels cancel out"):
        samples, _ = loaded(content)
    np.testing.assert_allclose(samples, -left, atol=1e-6)
    with pytest.warns(UserWarning, match="cancel out"):
        slow, _ = loaded(content, sampling_rate=8_000)
    np.testing.assert_allclose(slow, audio.resample(-left, RATE, 8_000), atol=1e-6)
    array = {"array": np.stack([left, -0.9 * left]), "sampling_rate": RATE}
    with pytest.warns(UserWarning, match="cancel out"):
        samples, _ = audio.load(array)
    np.testing.assert_array_equal(samples, left)
    assert loaded(content, mono=False)[0].shape == (2, RATE)


@pytest.mark.parametrize("channels", [2, 8])
def test_channels_that_differ_are_averaged(noise, loaded, silent, channels):
    several = noise(1, channels)
    for samples in (several, np.eye(channels, 1).astype(np.float32) * several[0], 0 * several):
        mixed, _ = loaded(wav(samples, "FLOAT"))
        np.testing.assert_allclose(mixed, samples.mean(0), atol=1e-6)
        np.testing.assert_allclose(audio.to_mono(samples), samples.mean(0), atol=1e-6)


def test_integers_that_became_floats_are_told(noise, loaded):
    integers = (noise(1) * 32_768).round()
    for source in (wav(integers, "FLOAT"), {"array": integers, "sampling_rate": RATE}):
        with pytest.warns(UserWarning, match=r"far beyond ±1, .* divide by 32768"):
            samples, _ = audio.load(source)
        np.testing.assert_array_equal(samples, integers)


def test_loud_floats_are_no_integers(noise, silent):
    loud = noise(1) * 20
    assert np.abs(loud).max() > 5
    audio.load(wav(loud, "FLOAT"))
    audio.load({"array": loud, "sampling_rate": RATE})
