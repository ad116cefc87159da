"""Peak memory of long recordings, each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

MINUTES = (2, 8, 32)
MIB = 2**20
DECODE = """
import json, sys
from measure import highest
from course_utils import audio
audio.load(sys.argv[1], sampling_rate=16_000)
before = highest("self")
samples, _ = audio.load(sys.argv[2], sampling_rate=16_000)
after = highest("self")
print(json.dumps([after - before, samples.nbytes]))
"""
DRAW = """
import json, sys
import numpy as np
from measure import highest
from course_utils import plotting
def draw(minutes):
    ax = plotting.spectrogram(np.full(round(minutes * 960_000), 0.1, np.float32), 16_000)
    ax.figure.canvas.draw()
draw(0.5)
before = highest("self")
draw(float(sys.argv[1]))
after = highest("self")
print(json.dumps([after - before, round(float(sys.argv[1]) * 960_000) * 4]))
"""
STREAM = """
import json, sys
from measure import highest
from course_utils.finetuning import recipes, sources, training
recipe = recipes.find("classification")(training.checkpoint_of("classifier-base"))
rows, _ = sources.training("classification", "genres", streaming=True)
recipe.begin(rows)
stream = iter(training._stream(recipe, rows, 1))
for _ in range(400):
    next(stream)
before = highest("self")
for _ in range(int(sys.argv[1])):
    next(stream)
after = highest("self")
print(json.dumps([after - before, 0]))
"""


def grown(code, *arguments):
    """Return how far the memory grew, and the bytes of the samples themselves."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    beside = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}  # where it finds `measure`
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=beside)
    return json.loads(done.stdout.splitlines()[-1])


def recorded(path, minutes):
    """Write a long FLAC file at 44.1 kHz, a minute at a time."""
    minute = 0.1 * np.random.default_rng(0).standard_normal(60 * 44_100)
    with soundfile.SoundFile(path, "w", 44_100, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(minutes):
            file.write(minute)


def measure_all():
    """Return the rows of this section."""
    found = {"audio.load to 16 kHz": [], "plotting.spectrogram": []}
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder, "short.flac")
        recorded(short, 1)
        for minutes in MINUTES:
            path = Path(folder, "long.flac")
            recorded(path, minutes)
            found["audio.load to 16 kHz"].append(grown(DECODE, short, path))
            path.unlink()
            found["plotting.spectrogram"].append(grown(DRAW, minutes))
    rows = [
        {
            "work": work, "sizes": list(MINUTES), "unit": "minutes",
            "samples_mib": [round(held / MIB) for _, held in pairs],
            "grown_mib": [round(extra / MIB) for extra, _ in pairs],
        }
        for work, pairs in found.items()
    ]  # fmt: skip
    clips = (100, 400, 1_600)
    rows.append(
        {
            "work": "rows of `finetune --streaming`, after the first 400", "sizes": list(clips),
            "unit": "rows", "samples_mib": [0, 0, 0],
            "grown_mib": [round(grown(STREAM, count)[0] / MIB) for count in clips],
        }
    )  # fmt: skip
    return {"memory": rows, "note": ""}
