"""How everything here is measured: the same inputs, in turns, ratios of neighbours.

A busy machine slows neighbours alike, so that their ratio says more than seconds do. Of the ratios,
the median is told, and the quartiles as their spread.
"""

import cProfile
import gc
import importlib.metadata
import json
import os
import platform
import pstats
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).with_name("results")
PACKAGES = (
    "torch", "transformers", "datasets", "accelerate", "numpy", "librosa", "soundfile", "soxr",
    "matplotlib", "jiwer", "pyannote.metrics",
)  # fmt: skip


def paired(ways, rounds=5):
    """Call each way in turn, `rounds` times, after one call each to warm up.

    Parameters
    ----------
    ways : dict of str to callable
        What is compared; a way may return the seconds that count, else the clock tells.
    rounds : int

    Returns
    -------
    dict of str to list of float
        Seconds, by way.
    """
    for way in ways.values():
        way()
    taken = {name: [] for name in ways}
    for turn in range(rounds):
        names = list(ways) if turn % 2 == 0 else list(ways)[::-1]  # none is always first
        for name in names:
            gc.collect()  # so that none pays for what another left behind
            started = time.perf_counter()
            told = ways[name]()
            seconds = time.perf_counter() - started
            taken[name].append(told if isinstance(told, float) else seconds)
    return taken


def comparison(work, taken, ours="ours", note="", **targets):
    """Return a row: seconds by way, and the ratio of each other way's seconds to ours.

    A ratio above 1 says that the package is faster. `targets` gives, by way, the least ratio.
    """
    peers = []
    for name, seconds in taken.items():
        if name == ours:
            continue
        ratios = [theirs / mine for mine, theirs in zip(taken[ours], seconds, strict=True)]
        low, middle, high = np.percentile(ratios, (25, 50, 75))
        peers.append(
            {
                "name": name, "seconds": statistics.median(seconds), "ratio": float(middle),
                "low": float(low), "high": float(high), "target": targets.get(name),
            }
        )  # fmt: skip
    return {
        "work": work, "seconds": statistics.median(taken[ours]), "rounds": len(taken[ours]),
        "peers": peers, "note": note,
    }  # fmt: skip


def growth(work, sizes, way, unit, repeats=3, note=""):
    """Return a row: seconds of one way at each size, and the power of the size that fits them."""
    seconds = {size: [] for size in sizes}
    for size in sizes:
        way(size)
    for _ in range(repeats):
        for size in sizes:
            started = time.perf_counter()
            way(size)
            seconds[size].append(time.perf_counter() - started)
    best = [statistics.median(seconds[size]) for size in sizes]
    slope = float(np.polyfit(np.log(sizes), np.log(best), 1)[0])
    return {
        "work": work, "unit": unit, "sizes": list(sizes), "seconds": best, "slope": slope,
        "note": note,
    }  # fmt: skip


def shares(work, call, parts):
    """Return a row: the share of a call's time that functions take, with what they call.

    `parts` gives, by name, the end of a file's path and the name of a function in it.
    """
    profiler = cProfile.Profile()
    profiler.runcall(call)
    stats = pstats.Stats(profiler)
    found = {}
    for part, (file, function) in parts.items():
        # Of functions of one name in a file, the outermost: layers call layers.
        spent = [
            entry[3] for key, entry in stats.stats.items()
            if key[0].endswith(file) and key[2] == function
        ]  # fmt: skip
        found[part] = max(spent, default=0.0) / stats.total_tt
    return {"work": work, "seconds": stats.total_tt, "shares": found}


def highest(pid):
    """Return the highest resident size of a process so far, in bytes; "self" is this one.

    getrusage would answer with the peak of the process that started this one, if that is higher.
    """
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def save(section, command, rows):
    """Write what a section found, with the machine and the versions that it ran on."""
    RESULTS.mkdir(exist_ok=True)
    found = {"section": section, "command": command, "machine": machine(), **rows}
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{section}.json").write_text(text, encoding="utf-8")


def load(section):
    """Return what a section found last, or None."""
    path = RESULTS / f"{section}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def machine():
    """Describe where a section ran."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")
