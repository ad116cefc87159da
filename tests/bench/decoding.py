"""Decode, resample and mix down: `audio.load` against librosa, and against the bare libraries."""

import importlib.util
import tempfile
from pathlib import Path

import librosa
import numpy as np
import soundfile
import soxr
from measure import comparison, growth, paired

from course_utils import audio

CLIPS = 200
SECONDS = 2
RATE = 16_000
FORMATS = {
    "WAV": ("WAV", "PCM_16"), "FLAC": ("FLAC", "PCM_16"), "MP3": ("MP3", None),
    "Ogg": ("OGG", "VORBIS"),
}  # fmt: skip


def noise(seconds, seed=0, rate=44_100):
    """Return stereo noise that falls towards high frequencies, as recordings do, (n, 2)."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((round(seconds * rate), 2)), axis=0)
    spectrum /= np.sqrt(1 + np.arange(len(spectrum)))[:, None]
    samples = np.fft.irfft(spectrum, axis=0)
    return (0.5 * samples / np.abs(samples).max()).astype(np.float32)


def written(folder, name, count, seconds):
    """Write clips and return their paths."""
    container, subtype = FORMATS[name]
    paths = []
    for number in range(count):
        path = Path(folder, f"{name}-{seconds}-{number}")
        samples = noise(seconds, number)
        options = {"samplerate": 44_100, "channels": 2, "format": container, "subtype": subtype}
        with soundfile.SoundFile(path, "w", **options) as file:
            # Vorbis needs stack for all that is written at once; a minute is too much of it.
            for first in range(0, len(samples), 44_100):
                file.write(samples[first : first + 44_100])
        paths.append(path)
    return paths


def bare(path):
    """Do the same with the two libraries that do the work, and no check of anything."""
    samples, rate = soundfile.read(path, dtype="float32")
    return soxr.resample(samples.mean(axis=1), rate, RATE)


def ways(paths):
    """Return what is compared."""
    found = {
        "ours": lambda: [audio.load(path, sampling_rate=RATE) for path in paths],
        "librosa.load(sr=16000)": lambda: [librosa.load(path, sr=RATE) for path in paths],
        "soundfile.read + soxr.resample": lambda: [bare(path) for path in paths],
    }
    if importlib.util.find_spec("torchcodec"):
        import datasets

        feature = datasets.Audio(sampling_rate=RATE, num_channels=1)
        values = [{"path": str(path), "bytes": None} for path in paths]
        found["datasets.Audio (torchcodec)"] = lambda: [
            feature.decode_example(value).get_all_samples() for value in values
        ]
    return found


def measure_all():
    """Return the rows of this section."""
    rows, grown = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            paths = written(folder, name, CLIPS, SECONDS)
            rows.append(
                comparison(
                    f"{CLIPS} clips of {SECONDS} s, {name} 44.1 kHz stereo",
                    paired(ways(paths), rounds=3),
                    **{"librosa.load(sr=16000)": 1.0, "soundfile.read + soxr.resample": 1 / 1.1},
                )
            )  # fmt: skip
            clips = {seconds: written(folder, name, 4, seconds) for seconds in (10, 40, 160)}
            grown.append(
                growth(
                    f"4 clips, {name}", (10, 40, 160),
                    lambda seconds, clips=clips: [
                        audio.load(path, sampling_rate=RATE) for path in clips[seconds]
                    ],
                    "s of audio each", repeats=1,
                )
            )  # fmt: skip
    torchcodec = importlib.util.find_spec("torchcodec") is not None
    note = "" if torchcodec else "torchcodec is not installed: datasets.Audio was not measured."
    return {"rows": rows, "growth": grown, "note": note}
