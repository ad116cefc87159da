"""From nothing to a first prediction: imports, a fresh process, a new environment."""

import inspect
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import highest

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20
STARTS = {
    "import course_utils": "import course_utils",
    "import transformers, and no more": "import torch, transformers; transformers.pipeline",
    "a first prediction with pipeline()": """
import os
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import pipeline
from course_utils import audio, catalog, data
classify = pipeline("audio-classification", model=catalog.model("sound-classifier"))
samples, rate = audio.load(data.load("sounds", "test")[0]["audio"], sampling_rate=16_000)
print(classify({"array": samples, "sampling_rate": rate})[0])
""",
}
# A process that tells its own peak, without importing `measure` and all that comes with it.
PEAK = f"\nfrom pathlib import Path\n{inspect.getsource(highest)}print(highest('self'))\n"
ROUNDS = 3


def measure_all():
    """Return the rows of this section."""
    rows = []
    for work, code in STARTS.items():
        taken = []
        for _ in range(ROUNDS + 1):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
            taken.append(time.perf_counter() - started)
        asked = [sys.executable, "-c", code + PEAK]
        told = subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout
        rows.append(
            {
                "work": work, "seconds": statistics.median(taken[1:]), "first": taken[0],
                "peak_mib": round(int(told.splitlines()[-1]) / MIB),
            }
        )  # fmt: skip
    return {"starts": rows, "note": ""}


def install():
    """Run `make setup` for a new environment, and return how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run(["make", "-C", ROOT, "setup", f"VENV={folder}"], check=True)
        seconds = time.perf_counter() - started
        size = sum(
            file.stat().st_size
            for file in Path(folder).rglob("*")
            if file.is_file() and not file.is_symlink()
        )
    return {"seconds": round(seconds), "size_mib": round(size / MIB)}
