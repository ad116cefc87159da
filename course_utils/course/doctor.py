"""Check a machine: each line says ``[ok]``, or ``[fix]`` with the command that fixes it.

The checks do real work (decode a file, draw a picture, run a pipeline), because an import that
succeeds proves little.
"""

import io
import os
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

NEEDED_DISK = 2 * 10**9
"""Free disk space for fine-tuned models, in bytes."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    text: str
    fix: str = ""

    def __str__(self):
        return f"[ok]  {self.text}" if self.ok else f"[fix] {self.text}\n      run: {self.fix}"


def examine():
    """Yield one :class:`Finding` after another, the quick checks first."""
    text = f"Python {sys.version.split()[0]}"
    yield Finding(sys.version_info >= (3, 11), text, "install Python 3.11 or newer")
    yield from packages()
    yield ffmpeg()
    yield disk()
    for check in (decode, draw, pipeline, speed):
        yield _tried(check)


def packages():
    """Yield a :class:`Finding` for each package that is missing or too old, one for the rest."""
    # Colab is a notebook itself and needs no JupyterLab.
    extras = ("", "demo") if "COLAB_RELEASE_TAG" in os.environ else ("", "notebooks", "demo")
    good = []
    for requirement in map(Requirement, requires("course_utils") or []):
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in extras):
            continue
        wanted = f"{requirement.name}{requirement.specifier}"
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(False, f"{wanted} is missing", f'python -m pip install "{wanted}"')
            continue
        if requirement.specifier.contains(found, prereleases=True):
            good.append(f"{requirement.name} {found}")
        else:
            text = f"{requirement.name} {found} is too old"
            yield Finding(False, text, f'python -m pip install --upgrade "{wanted}"')
    yield Finding(True, "packages: " + ", ".join(good))


def ffmpeg():
    """Return a :class:`Finding`: whether M4A and video files can be read."""
    without = "no ffmpeg: only M4A and video files need it (apt or brew install ffmpeg)"
    return Finding(True, "ffmpeg reads M4A and video files" if shutil.which("ffmpeg") else without)


def disk():
    """Return a :class:`Finding`: whether fine-tuned models fit on the disk of this folder."""
    free = shutil.disk_usage(".").free
    text = f"disk: {free / 1e9:.1f} GB free here"
    return Finding(free >= NEEDED_DISK, text, f"free {NEEDED_DISK / 1e9:.0f} GB on this disk")


def decode():
    """Decode a shipped recording, and write and read each audio format."""
    from course_utils import audio, data

    samples, rate = audio.load(data.load("sounds", split="test")[0]["audio"], 16_000)
    for kind in ("wav", "flac", "ogg", "mp3"):
        audio.load(audio.encode(samples, rate, format=kind))
    return f"decoded {samples.size / rate:.1f} s of Ogg, and WAV, FLAC, Ogg, MP3 written here"


def draw():
    """Draw the mel spectrogram of a tone into a PNG."""
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from course_utils import plotting

    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    picture = io.BytesIO()
    plotting.mel_spectrogram(tone, 16_000).figure.savefig(picture)
    return f"drew a spectrogram ({picture.tell() // 1000} kB)"


def pipeline():
    """Run the shipped sound classifier on a shipped bark."""
    from transformers import pipeline
    from transformers.utils import logging

    from course_utils import audio, catalog, data

    logging.disable_progress_bar()
    sounds = data.load("sounds", split="test")
    dog = sounds.features["label"].str2int("dog")
    samples, rate = audio.load(sounds[sounds["label"][:].index(dog)]["audio"], 16_000)
    classify = pipeline("audio-classification", model=str(catalog.where("sound-classifier")))
    best = classify({"array": samples, "sampling_rate": rate}, top_k=1)[0]
    if best["label"] != "dog":
        raise RuntimeError(f"a dog was named {best['label']}")
    return f"pipeline() hears a bark: {best['label']} {best['score']:.2f}"


def speed():
    """Do a small piece of work like the lessons', and tell how long they take on this machine."""
    from course_utils.course import speed

    minutes = speed.course_minutes(speed.measure())
    usual = f"{speed.COURSE_SECONDS / 60:.0f} on {speed.MACHINE}"
    return (
        f"the whole course takes about {max(1, round(minutes))} minutes here ({usual}), "
        f"without a GPU: `course-utils run --jobs {speed.KERNELS}`"
    )


def _tried(check):
    started = time.perf_counter()
    try:
        text = check()
    except Exception as error:  # the learner needs a line about it, not a traceback
        return Finding(
            False,
            f"{check.__name__}: {type(error).__name__}: {error}",
            'python -m pip install --force-reinstall "course_utils[notebooks,demo]", or make setup',
        )
    return Finding(True, f"{text} ({time.perf_counter() - started:.1f} s)")
