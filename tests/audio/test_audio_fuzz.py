"""Damaged audio files: `audio.load` returns samples or raises AudioError, and nothing else.

The mutants are decoded in a child process, with bounded memory, so that a crash, a hang or an
allocation run wild in a codec fails the test instead of ending the test run.
"""

import collections
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from course_utils import audio

MUTANTS = 1_400
FFMPEG_MUTANTS = 40  # each starts a program
GIBIBYTE = 2**30


def seeds():
    """Return small files in the formats that learners have, name -> content."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 8_000).astype(np.float32)
    stereo = rng.normal(0, 0.1, (2, 22_050)).astype(np.float32)
    files = {f"mono.{name}": audio.encode(noise, 16_000, name) for name in audio.FORMATS}
    files |= {f"stereo.{name}": audio.encode(stereo, 44_100, name) for name in audio.FORMATS}
    others = "AIFF/PCM_16 WAV/FLOAT WAV/IMA_ADPCM AU/ULAW W64/PCM_24"
    others += " CAF/ALAC_16"  # codespell:ignore caf
    for container, subtype in (other.split("/") for other in others.split()):
        buffer = io.BytesIO()
        soundfile.write(buffer, stereo.T, 44_100, format=container, subtype=subtype)
        files[f"{subtype}.{container}"] = buffer.getvalue()
    return files


def m4a_seed():
    """Return an M4A file written by ffmpeg, or None without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.m4a")
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.5", str(path)]
        done = subprocess.run(command, check=False)
        return path.read_bytes() if done.returncode == 0 else None


def mutate(content, rng):
    """Return a damaged copy of a file."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4])):
        kind = rng.randrange(9)
        at = rng.randrange(max(1, len(data)))
        near = rng.randrange(max(1, min(len(data), 200)))  # headers matter most
        some = rng.randrange(1, 400)
        if kind == 0:
            del data[rng.choice([at, near]) :]
        elif kind == 1:
            for _ in range(rng.randrange(1, 30)):
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
        elif kind == 2 and data:
            data[near] ^= 1 << rng.randrange(8)
        elif kind in (3, 4):
            value = rng.choice([0, 1, 12, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, rng.getrandbits(32)])
            data[near : near + 4] = value.to_bytes(4, rng.choice(["little", "big"]))
        elif kind == 5:
            del data[at : at + some]
        elif kind == 6:
            data[at:at] = data[near : near + some]
        elif kind == 7:
            data[at:at] = rng.randbytes(some)
        else:
            data[at : at + some] = bytes(some)
    return bytes(data)


def mutants():
    """Yield (seed's name, damaged content, options of load), always the same."""
    rng = random.Random(20_26)
    files, m4a = seeds(), m4a_seed()
    names = sorted(files)
    options = [{}, {"sampling_rate": 16_000}, {"mono": False}, {"sampling_rate": 8_000, "mono": 0}]
    for index in range(MUTANTS):
        name = names[index % len(names)]
        content = files[name]
        if rng.random() < 0.05:  # the head of one format, the tail of another
            other = files[rng.choice(names)]
            content = content[: rng.randrange(200)] + other[rng.randrange(200) :]
        yield name, mutate(content, rng), rng.choice(options)
    for _ in range(FFMPEG_MUTANTS if m4a else 0):
        yield "clip.m4a", mutate(m4a, rng), {"sampling_rate": 16_000}


def main(progress):
    """Decode every mutant and print what came of them as JSON."""
    import resource

    if sys.platform == "linux":  # macOS reserves more for every process
        resource.setrlimit(resource.RLIMIT_AS, (8 * GIBIBYTE, 8 * GIBIBYTE))
    outcome, failures, programs = collections.Counter(), [], os.environ.get("PATH", "")
    for index, (name, content, options) in enumerate(mutants()):
        Path(progress).write_text(f"mutant {index} of {name}, {options}", encoding="utf-8")
        # What libsndfile does not recognise goes to ffmpeg, slow to start: let few find it.
        os.environ["PATH"] = programs if name == "clip.m4a" or index % 10 == 0 else ""
        try:
            samples, rate = audio.load(content, **options)
        except audio.AudioError as error:
            outcome["errors"] += 1
            if not str(error) or "\n" in str(error):
                failures.append([index, name, f"not one sentence: {error}"])
        except BaseException as error:
            failures.append([index, name, repr(error)])
        else:
            outcome["results"] += 1
            good = samples.dtype == np.float32 and samples.size and np.isfinite(samples).all()
            if not good or samples.ndim > (2 if options.get("mono") is not None else 1):
                failures.append([index, name, f"{samples.dtype} {samples.shape} at {rate}"])
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({**outcome, "failures": failures, "peak": peak}))


def test_damaged_files_give_samples_or_audio_error(tmp_path):
    pytest.importorskip("resource")  # memory is bounded on Unix only
    progress = tmp_path / "progress.txt"
    try:
        done = subprocess.run(
            [sys.executable, __file__, str(progress)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True, encoding="utf-8", errors="replace", timeout=3_600, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise AssertionError(f"hangs at {progress.read_text(encoding='utf-8')}") from None
    assert done.returncode == 0, (
        f"crashes at {progress.read_text(encoding='utf-8')}: {done.stderr[-2000:]}"
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failures"] == []
    assert report["results"] + report["errors"] >= 1_000
    # Both must happen, or the mutations are too weak or too strong to mean anything.
    assert report["results"] > 100
    assert report["errors"] > 100
    assert report["peak"] < 4 * GIBIBYTE


if __name__ == "__main__":
    main(sys.argv[1])
