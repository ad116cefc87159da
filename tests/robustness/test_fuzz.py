"""Damaged files of a learner: every reader gives a result or its documented error, and soon.

`fuzzing.py` reads the mutants in a process of its own, with bounded time and memory, so that a
crash or a hang fails the test instead of ending the test run. Audio has `test_audio_fuzz.py`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource")  # memory is bounded on Unix only
SCRIPT = Path(__file__).with_name("fuzzing.py")
MUTANTS = {
    "rttm": 6_000, "subtitles": 3_000, "ledger": 5_000, "metadata": 1_500, "parquet": 1_500,
    "results": 1_000, "classifier": 300, "recogniser": 300,
    "resume": 60,
}  # fmt: skip


@pytest.mark.parametrize("reader", MUTANTS)
def test_damaged_files_give_a_result_or_the_documented_error(reader):
    environment = {k: v for k, v in os.environ.items() if k not in ("COURSE_HOME", "RANK")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), reader], env=environment, capture_output=True,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failures"] == []
    assert report["results"] + report["errors"] == MUTANTS[reader]
    # Both must happen, or the mutations are too weak or too strong to mean anything.
    assert report["results"] > 0.05 * MUTANTS[reader]
    assert report["errors"] > 0.05 * MUTANTS[reader]
    assert report["grown"] < 2**30
