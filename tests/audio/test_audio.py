"""course_utils.audio against scipy, librosa, the wave module, ffmpeg and known signals."""

import io
import shutil
import subprocess
import sys
import warnings
import wave
from types import SimpleNamespace

import librosa
import numpy as np
import pytest
import scipy.io.wavfile
import scipy.signal
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import audio

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def peak_frequency(samples, rate):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * rate / len(samples)


# ---------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("mono", [True, False])
@pytest.mark.parametrize("rate", [None, 16_000, 48_000])
def test_load_equals_librosa(clip, rate, mono):
    ours, our_rate = audio.load(clip, sampling_rate=rate, mono=mono)
    theirs, their_rate = librosa.load(clip, sr=rate, mono=mono)
    assert our_rate == their_rate
    assert ours.shape[:-1] == theirs.shape[:-1]
    assert ours.shape[-1] == pytest.approx(theirs.shape[-1], abs=1)  # librosa pads by rounding up
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs[..., : ours.shape[-1]], atol=1e-5)


def test_load_equals_scipy(clip):
    samples, rate = audio.load(clip, mono=False)
    their_rate, integers = scipy.io.wavfile.read(clip)
    assert rate == their_rate
    np.testing.assert_allclose(samples, integers.T / 32768, atol=1e-7)


def test_every_kind_of_source_gives_the_same(clip, tmp_path):
    expected, _ = audio.load(clip)
    content = clip.read_bytes()
    renamed = tmp_path / "no suffix"
    renamed.write_bytes(content)
    with open(clip, "rb") as file:
        sources = [
            str(clip), content, bytearray(content), memoryview(content), io.BytesIO(content), file,
            renamed, {"bytes": content, "path": None}, {"bytes": None, "path": str(clip)},
            {"bytes": content, "path": "gone.wav"},
            {"array": expected, "sampling_rate": 44_100},
            {"array": np.stack([expected, expected]).astype(float), "sampling_rate": 44_100},
        ]  # fmt: skip
        for source in sources:
            samples, rate = audio.load(source)
            assert rate == 44_100
            np.testing.assert_allclose(samples, expected, atol=1e-6)


def test_load_takes_a_decoder(clip):
    stereo, _ = audio.load(clip, mono=False)
    samples = SimpleNamespace(data=stereo, sample_rate=44_100)
    decoder = SimpleNamespace(get_all_samples=lambda: samples)
    decoded, rate = audio.load(decoder, sampling_rate=16_000)
    assert rate == 16_000
    np.testing.assert_allclose(decoded, audio.load(clip, 16_000)[0], atol=1e-5)
    one = SimpleNamespace(data=np.zeros((1, 100)), sample_rate=44_100)
    decoder = SimpleNamespace(get_all_samples=lambda: one)
    assert audio.load(decoder, mono=False)[0].shape == (100,)

    def broken():
        raise RuntimeError("no such codec")

    with pytest.raises(audio.AudioError, match="decode=False"):
        audio.load(SimpleNamespace(get_all_samples=broken))


def test_mono_file_is_one_dimensional_whatever_is_asked(sine, wav_bytes):
    content = wav_bytes(sine())
    assert audio.load(content, mono=False)[0].shape == (8_000,)
    assert audio.load(content, mono=False, sampling_rate=8_000)[0].shape == (4_000,)


@needs_ffmpeg
@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus", "mp3", "aiff", "au", "m4a", "mkv"])
def test_files_from_ffmpeg(clip, tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    ffmpeg("-i", clip, path)
    for source in (path, path.read_bytes()):
        samples, rate = audio.load(source, mono=False)
        assert samples.shape[0] == 2
        assert samples.shape[1] == pytest.approx(rate, rel=0.06)  # AAC pads
        assert peak_frequency(samples[0], rate) == pytest.approx(440, abs=2)
        assert peak_frequency(samples[1], rate) == pytest.approx(1000, abs=2)


@needs_ffmpeg
def test_sound_of_a_video(clip, tmp_path):
    path = tmp_path / "film.mp4"
    ffmpeg("-i", clip, "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", path)
    samples, rate = audio.load(path, sampling_rate=16_000)
    assert rate == 16_000
    assert peak_frequency(samples, rate) == pytest.approx(440, abs=2)


def test_an_mp3_is_read_without_ffmpeg_and_two_in_one_file_are_refused(monkeypatch):
    """Behind some lengths, libsndfile writes a frame that it does not read again."""
    monkeypatch.setattr(audio.shutil, "which", lambda name: None)
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    for length in range(32_000, 48_000, 777):
        encoded = audio.encode(noise[:length], 16_000, format="mp3")
        assert len(audio.load(encoded)[0]) == length
        with pytest.raises(audio.AudioError, match="holds more than"):
            audio.load(encoded + encoded)


@needs_ffmpeg
@pytest.mark.parametrize(
    "options",
    [
        ["-f", "wav"],
        ["-f", "flac"],
        ["-f", "mp3"],
        ["-f", "mp3", "-q:a", "9", "-write_xing", "0"],
    ],
)
def test_streams_that_do_not_say_how_long_they_are(tmp_path, options):
    """A variable-rate MP3 without length header is one of which libsndfile reads only a part."""
    tone, path = tmp_path / "tone.wav", tmp_path / "stream"
    # Quiet after a noisy start, so that a guess from the first frames is far off.
    source = "anoisesrc=d=1:r=44100,apad=whole_dur=20,volume=0.5"
    ffmpeg("-f", "lavfi", "-i", source, tone)
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(tone), *options, "-"], capture_output=True, check=True
    )
    path.write_bytes(made.stdout)
    samples, rate = audio.load(path)
    assert len(samples) / rate == pytest.approx(20, abs=0.1)


@needs_ffmpeg
def test_playlist_is_not_followed(clip, tmp_path):
    """Neither as text nor disguised as binary may a file make ffmpeg open another one."""
    target = tmp_path / "other.m4a"
    ffmpeg("-i", clip, target)
    playlist = f"#EXTM3U\n#EXTINF:1,\nfile://{target}\n#EXT-X-ENDLIST\n".encode()
    for content in (playlist, playlist + b"\0" * 8, b"ffconcat version 1.0\nfile other.m4a\n\0"):
        path = tmp_path / "list.m4a"
        path.write_bytes(content)
        with pytest.raises(audio.AudioError):
            audio.load(path)


def test_real_recordings_decode(shared_real):
    for path in sorted((shared_real / "esc10").rglob("*.ogg"))[::24]:
        ours, _ = audio.load(path, sampling_rate=16_000)
        theirs, _ = librosa.load(path, sr=16_000)
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


# ------------------------------------------------------------------------------------- processing


@pytest.mark.parametrize(("start", "end"), [(44_100, 16_000), (8_000, 16_000), (48_000, 11_025)])
def test_resample_keeps_frequency_and_removes_aliases(sine, start, end):
    tone = sine(1000, 1, start)
    resampled = audio.resample(tone, start, end)
    assert resampled.dtype == np.float32
    assert len(resampled) == pytest.approx(end, abs=1)
    assert peak_frequency(resampled, end) == pytest.approx(1000, abs=1.5)
    theirs = scipy.signal.resample_poly(tone, end, start)
    inner = slice(1000, -1000)
    np.testing.assert_allclose(resampled[inner], theirs[: len(resampled)][inner], atol=2e-3)
    if end < start:  # above the new Nyquist frequency: gone, where decimation would fold it back
        high = audio.resample(sine(0.6 * end, 1, start), start, end)
        assert np.abs(high[inner]).max() < 1e-3
        folded = sine(0.6 * end, 1, start)[:: round(start / end)]
        assert np.abs(folded).max() > 0.4


def test_resample_channels_apart(sine):
    stereo = np.stack([sine(440, 1, 44_100), sine(1000, 1, 44_100)])
    both = audio.resample(stereo, 44_100, 16_000)
    assert both.shape == (2, 16_000)
    assert both.flags.c_contiguous
    for channel, one in zip(both, stereo, strict=True):
        np.testing.assert_allclose(channel, audio.resample(one, 44_100, 16_000), atol=1e-6)
    assert audio.resample(stereo, 16_000, 16_000) is stereo


def test_load_resamples_like_resample(clip):
    """Block by block or at once must be the same."""
    whole = audio.resample(audio.load(clip)[0], 44_100, 16_000)
    np.testing.assert_allclose(audio.load(clip, 16_000)[0], whole, atol=1e-6)


def test_to_mono_is_the_mean():
    stereo = np.array([[1.0, 0.5, -0.5], [0.0, 0.5, 0.5]])
    np.testing.assert_allclose(audio.to_mono(stereo), [0.5, 0.5, 0.0])
    mono = np.zeros(4, np.float32)
    assert audio.to_mono(mono) is mono


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.array([1, 2, 3], np.int16), "32768"),
        (np.zeros((100, 2), np.float32), "samples.T"),
        (np.zeros((12, 100), np.float32), "12 channels"),
        (np.zeros((1, 1, 100), np.float32), "3 dimensions"),
        (np.float32(0.5), "0 dimensions"),
        (np.zeros(0, np.float32), "no samples"),
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, -np.inf]), "NaN or infinity"),
        (np.array([1e300]), "infinity"),
        (np.array([1j]), "complex"),
        (np.array([True]), "bool"),
        ("abc", "float32"),
        ([[0.1], [0.1, 0.2]], "NumPy array"),
        (None, "float32"),
    ],
)
def test_bad_samples_raise(samples, words):
    for call in (
        lambda: audio.to_mono(samples),
        lambda: audio.resample(samples, 16_000, 8_000),
        lambda: audio.trim_silence(samples, 16_000),
        lambda: audio.encode(samples, 16_000),
    ):
        with pytest.raises(audio.AudioError, match=words):
            call()


@pytest.mark.parametrize("rate", [0, -1, 999, 768_001, 16_000.5, np.nan, np.inf, "16k", None, True])
def test_bad_rates_raise(clip, rate):
    samples = np.zeros(100, np.float32)
    calls = [
        lambda: audio.resample(samples, rate, 16_000),
        lambda: audio.resample(samples, 16_000, rate),
        lambda: audio.trim_silence(samples, rate),
        lambda: audio.encode(samples, rate),
        lambda: audio.load({"array": samples, "sampling_rate": rate}),
    ]
    if rate is not None:
        calls.append(lambda: audio.load(clip, sampling_rate=rate))
    for call in calls:
        with pytest.raises(audio.AudioError, match=r"Hz|hertz"):
            call()


def test_whole_rates_of_any_type_are_taken(clip):
    for rate in (16_000.0, np.int64(16_000), np.float32(16_000)):
        assert audio.load(clip, rate)[1] == 16_000


def test_resample_refuses_results_beyond_memory(monkeypatch):
    monkeypatch.setattr(audio, "MAX_SAMPLES", 1000)
    with pytest.raises(audio.AudioError, match="too long"):
        audio.resample(np.zeros(600, np.float32), 8_000, 16_000)


def test_trim_silence_equals_librosa_within_its_frame(sine):
    rng = np.random.default_rng(0)
    quiet = rng.normal(0, 1e-4, 16_000).astype(np.float32)
    pause = np.zeros(4_000, np.float32)
    clip = np.concatenate([quiet, sine(), pause, sine(), quiet])
    ours = audio.trim_silence(clip, 16_000, top_db=40)
    theirs, (start, _) = librosa.effects.trim(clip, top_db=40, frame_length=320, hop_length=160)
    assert len(ours) == pytest.approx(len(theirs), abs=640)
    assert len(ours) == pytest.approx(8_000 + 4_000 + 8_000, abs=320)
    assert start == pytest.approx(16_000, abs=480)
    np.testing.assert_array_equal(ours[:100], clip[16_000:16_100])
    stereo = audio.trim_silence(np.stack([np.zeros_like(clip), clip]), 16_000)
    assert stereo.shape == (2, len(ours))


def test_trim_silence_of_silence_and_of_little(sine):
    assert audio.trim_silence(np.zeros(1000, np.float32), 16_000).shape == (1000,)
    assert audio.trim_silence(sine(seconds=0.001), 16_000).shape == (16,)
    assert audio.trim_silence(sine(), 16_000).shape == (8_000,)
    for top_db in (0, -3, np.nan, "40"):
        with pytest.raises(audio.AudioError, match="top_db"):
            audio.trim_silence(sine(), 16_000, top_db=top_db)


# ---------------------------------------------------------------------------------------- writing


@given(
    channels=st.integers(1, 3),
    count=st.integers(1, 3_000),
    rate=st.sampled_from([1_000, 8_000, 16_000, 44_100, 96_000]),
    name=st.sampled_from(["wav", "flac"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_lossless_round_trip(channels, count, rate, name, seed):
    samples = np.random.default_rng(seed).uniform(-1, 1, (channels, count)).astype(np.float32)
    samples = samples[0] if channels == 1 else samples
    back, back_rate = audio.load(audio.encode(samples, rate, name), mono=False)
    assert back_rate == rate
    assert back.shape == samples.shape
    np.testing.assert_allclose(back, samples, atol=1.01 / 32768)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("name", ["ogg", "opus", "mp3"])
def test_lossy_round_trip_keeps_the_tone(sine, name, rate):
    stereo = np.stack([sine(440, 1, rate), sine(1000, 1, rate)])
    back, back_rate = audio.load(audio.encode(stereo, rate, name), mono=False)
    assert back.shape == (2, pytest.approx(back_rate, rel=0.02))
    assert peak_frequency(back[0], back_rate) == pytest.approx(440, abs=2)
    assert peak_frequency(back[1], back_rate) == pytest.approx(1000, abs=2)
    assert np.abs(back[0]).max() == pytest.approx(0.5, abs=0.08)
    if name == "ogg" or rate in (8_000, 16_000):
        assert back_rate == rate


def test_wav_is_what_the_wave_module_reads(sine):
    content = audio.encode(sine(), 16_000)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        integers = np.frombuffer(file.readframes(-1), "<i2")
    np.testing.assert_allclose(integers / 32768, sine(), atol=1.01 / 32768)


@pytest.mark.parametrize("count", [16_000, 16_001, 16_100, 16_215, 16_216, 16_217, 16_319])
def test_opus_does_not_click_at_the_end(sine, count):
    """libsndfile garbles a part-filled last packet, to twice the peak of the clip."""
    tone = sine(seconds=count / 16_000)
    back, rate = audio.load(audio.encode(tone, 16_000, "opus"))
    assert rate == 16_000
    assert 0 <= len(back) - count < 320
    assert np.abs(back[:count] - tone)[-320:].max() < 0.25
    assert np.abs(back[count:]).max(initial=0) < 0.25


def test_long_vorbis_does_not_crash():
    """libsndfile's encoder overflows the stack when it gets millions of samples at once."""
    content = audio.encode(np.zeros(3_000_000, np.float32), 8_000, "ogg")
    assert audio.load(content)[0].shape == (3_000_000,)


def test_loud_samples_are_scaled_not_wrapped(sine):
    loud = sine(amplitude=2.0)
    with pytest.warns(UserWarning, match="peak is 2"):
        back, _ = audio.load(audio.encode(loud, 16_000))
    np.testing.assert_allclose(back, loud / 2, atol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back, _ = audio.load(audio.encode(sine(amplitude=1.05), 16_000))
    assert np.abs(back).max() == pytest.approx(1, abs=1e-3)


def test_encode_refuses(sine):
    with pytest.raises(audio.AudioError, match="choose one of wav, flac"):
        audio.encode(sine(), 16_000, "m4a")
    with pytest.raises(audio.AudioError, match="2 channels, not 3"):
        audio.encode(np.zeros((3, 1000), np.float32), 16_000, "mp3")
    with pytest.raises(audio.AudioError, match="200000 Hz"):
        audio.encode(sine(), 200_001, "ogg")
    with pytest.raises(audio.AudioError, match="cannot write"):
        audio.encode(sine(), 700_000, "flac")


@pytest.mark.parametrize("suffix", list(audio.FORMATS))
def test_save_writes_what_the_suffix_says(tmp_path, sine, suffix):
    path = tmp_path / f"clip.{suffix.upper()}"
    audio.save(path, sine(seconds=1), 16_000)
    info = soundfile.info(path)
    assert (info.format, info.subtype) == audio.FORMATS[suffix]
    assert info.frames == pytest.approx(16_000, rel=0.02)


@pytest.mark.parametrize("name", ["clip.m4a", "clip", "no/such/folder/clip.wav", "a\0b.wav"])
def test_save_refuses(tmp_path, sine, name):
    with pytest.raises(audio.AudioError, match=r"clip|a.+b"):
        audio.save(tmp_path / name, sine(), 16_000)


def test_import_takes_no_heavy_library():
    code = (
        "import sys, course_utils.audio;"
        "assert not {'torch', 'librosa', 'scipy', 'matplotlib', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_examples_in_the_docstrings():
    import doctest

    assert doctest.testmod(audio).failed == 0
