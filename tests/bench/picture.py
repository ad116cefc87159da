"""The picture of a spectrogram, drawn to the canvas, against librosa and bare matplotlib."""

import librosa
import librosa.display
import matplotlib.pyplot as plt
import numpy as np
from decoding import RATE, noise
from measure import comparison, growth, paired

from course_utils import plotting

SETTINGS = {"window_length": 1024, "hop_length": 256}


def ours(samples):
    ax = plotting.spectrogram(samples, RATE, **SETTINGS)
    ax.figure.canvas.draw()
    plt.close(ax.figure)


def specshow(samples):
    figure, ax = plt.subplots()
    power = np.abs(librosa.stft(samples, n_fft=1024, hop_length=256))
    decibels = librosa.amplitude_to_db(power, ref=np.max)
    librosa.display.specshow(
        decibels, sr=RATE, hop_length=256, x_axis="time", y_axis="linear", ax=ax
    )
    figure.canvas.draw()
    plt.close(figure)


def imshow(decibels):
    """Draw the ready array: no transform, no axes in seconds."""
    figure, ax = plt.subplots()
    ax.imshow(decibels, aspect="auto", origin="lower")
    figure.canvas.draw()
    plt.close(figure)


def measure_all():
    """Return the rows of this section."""
    rows, clips = [], {}
    for seconds in (10, 40, 60, 160, 600):
        clips[seconds] = noise(seconds, rate=RATE)[:, 0].copy()
    for seconds in (10, 60, 600):
        samples = clips[seconds]
        power = np.abs(librosa.stft(samples, n_fft=1024, hop_length=256))
        decibels = librosa.amplitude_to_db(power, ref=np.max)
        taken = paired(
            {
                "ours": lambda samples=samples: ours(samples),
                "librosa.display.specshow": lambda samples=samples: specshow(samples),
                "matplotlib imshow of the array": lambda decibels=decibels: imshow(decibels),
            },
            rounds=7 if seconds < 600 else 3,
        )
        target = {"librosa.display.specshow": 5.0} if seconds == 60 else {}
        rows.append(comparison(f"picture of {seconds} s at 16 kHz", taken, **target))
    grown = growth(
        "plotting.spectrogram", (10, 40, 160), lambda seconds: ours(clips[seconds]), "s of audio",
        note="a fixed part, axes and colour bar, and a linear one, the transform",
    )  # fmt: skip
    return {"rows": rows, "growth": [grown], "note": ""}
