"""Time the package against the libraries that it replaces: `make bench`.

Each pair runs interleaved on the same input, so that a busy machine slows both. What is printed is
the median of the ratios, with their range: below 1, the package is faster.
"""

import io
import statistics
import time
from collections.abc import Callable

import librosa
import matplotlib
import numpy as np
import soundfile
import soxr

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from course_utils import audio, plotting

ROUNDS = 7
RATE = 16_000


def ratios(ours: Callable, theirs: Callable):
    """Return the seconds of both and the ratios, one a round, after a round to warm up."""
    ours(), theirs()
    rows = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ours()
        middle = time.perf_counter()
        theirs()
        rows.append((middle - started, time.perf_counter() - middle))
    return rows, [a / b for a, b in rows]


def report(name, ours, theirs):
    """Print one line."""
    rows, quotients = ratios(ours, theirs)
    mine, other = (statistics.median(column) for column in zip(*rows, strict=True))
    low, middle, high = min(quotients), statistics.median(quotients), max(quotients)
    print(f"{name:<58}{mine:8.3f} s {other:8.3f} s {middle:7.2f}  ({low:.2f} to {high:.2f})")


def noise(seconds, rate):
    """Return pink-like stereo noise, (n, 2)."""
    rng = np.random.default_rng(0)
    return 0.1 * np.cumsum(rng.standard_normal((seconds * rate, 2)), axis=0).astype("float32") % 0.5


def decoding():
    """Time decode + resample + mono of clips of 5 s at 44.1 kHz."""
    for kind, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)):
        file = io.BytesIO()
        soundfile.write(file, noise(5, 44_100), 44_100, format=kind, subtype=subtype)
        clip = file.getvalue()

        def ours(clip=clip):
            for _ in range(20):
                audio.load(clip, sampling_rate=RATE)

        def limit(clip=clip):
            for _ in range(20):
                samples, rate = soundfile.read(io.BytesIO(clip), dtype="float32")
                soxr.resample(samples.mean(axis=1), rate, RATE)

        def with_librosa(clip=clip):
            for _ in range(20):
                librosa.load(io.BytesIO(clip), sr=RATE)

        report(f"20 x 5 s of {kind}: audio.load / soundfile + soxr", ours, limit)
        report(f"20 x 5 s of {kind}: audio.load / librosa.load", ours, with_librosa)


def drawing():
    """Time the picture of a spectrogram, drawn to the canvas."""
    for seconds in (10, 60, 600):
        samples = noise(seconds, RATE)[:, 0]

        def ours(samples=samples):
            ax = plotting.spectrogram(samples, RATE, window_length=1024, hop_length=256)
            ax.figure.canvas.draw()
            plt.close(ax.figure)

        def specshow(samples=samples):
            figure, ax = plt.subplots()
            power = np.abs(librosa.stft(samples, n_fft=1024, hop_length=256))
            decibels = librosa.amplitude_to_db(power, ref=np.max)
            librosa.display.specshow(
                decibels, sr=RATE, hop_length=256, x_axis="time", y_axis="linear", ax=ax
            )
            figure.canvas.draw()
            plt.close(figure)

        report(f"picture of {seconds} s: plotting.spectrogram / specshow", ours, specshow)


if __name__ == "__main__":
    print(f"{'work':<58}{'ours':>10} {'peer':>10} {'ratio':>7}")
    decoding()
    drawing()
