"""A full or read-only disk ends in one sentence, and what was there before stays as it was."""

import ctypes
import json
import os
import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")  # limits on the size of files are Unix's
WRITERS = """
import os, sys
from pathlib import Path
import numpy as np
from course_utils import audio, listening
from course_utils.course import progress
from course_utils.formats import rttm, subtitles

folder = Path(sys.argv[1])
os.environ["COURSE_HOME"] = str(folder)
turns = [{"speaker": "Ann", "start": float(n), "end": n + 0.5} for n in range(500)]
chunks = [{"timestamp": (float(n), n + 0.5), "text": "Good morning."} for n in range(500)]
writers = {
    "a.wav": lambda path: audio.save(path, np.zeros(20_000, np.float32), 16_000),
    "a.rttm": lambda path: rttm.save(path, {"call": turns}),
    "a.srt": lambda path: subtitles.save(path, chunks),
    "a.html": lambda path: listening.Player("<p>Hello</p>" * 2_000, "a page").save(path),
    "progress.json": lambda path: progress.record("x" * 9_000, metric="wer", baseline=1),
}
for name, write in writers.items():
    try:
        write(folder / name)
    except (audio.AudioError, rttm.RttmError, subtitles.SubtitleError, progress.LedgerError,
            OSError) as error:
        print(type(error).__name__, error)
"""
NAMES = ("a.wav", "a.rttm", "a.srt", "a.html", "progress.json")
ERRORS = ("AudioError", "RttmError", "SubtitleError", "WriteError", "LedgerError")


def limited(size):
    """Return what lets files of a child process grow up to a size, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def said(command, **options):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, encoding="utf-8",
        env=environment, **options,
    )  # fmt: skip


def test_a_full_disk_is_told_in_a_sentence_and_costs_nothing(tmp_path):
    before = {name: "[]" if name.endswith("json") else f"old {name}" for name in NAMES}
    for name, text in before.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = said(["-c", WRITERS, tmp_path], preexec_fn=limited(8_192))
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(ERRORS), done.stderr
    for name, line in zip(NAMES, lines, strict=True):
        assert name in line and "File too large" in line and "free some space" in line
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in NAMES} == before
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".new"]


def test_a_device_that_is_full_is_told_too(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    for name in NAMES[:4]:
        (tmp_path / name).symlink_to("/dev/full")
    done = said(["-c", WRITERS, tmp_path])
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(ERRORS[:4]), done.stderr
    assert all("No space left on device" in line for line in lines)


def without_rights():
    """Take from the superuser, whom no mode of a file stops, the right to pass them over."""
    if os.getuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="rights are dropped as on Linux")
def test_a_read_only_folder_is_told_in_a_sentence(tmp_path):
    tmp_path.chmod(0o555)
    try:
        done = said(["-c", WRITERS, tmp_path], preexec_fn=without_rights)
    finally:
        tmp_path.chmod(0o755)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(ERRORS), done.stderr
    for name, line in zip(NAMES, lines, strict=True):
        assert name in line and "Permission denied" in line
    assert list(tmp_path.iterdir()) == []


# The weights take 7.4 MB and the optimizer's state twice as much: one fails, then the other.
@pytest.mark.parametrize("size", [3_000_000, 9_000_000])
def test_training_on_a_full_disk_ends_in_a_sentence(size, sounds, tmp_path):
    command = [
        "-m",
        "course_utils.course.cli",
        "finetune",
        "classification",
        "--out",
        tmp_path / "m",
    ]
    command += ["--data", sounds, "--steps", 1, "--batch-size", 2]
    done = said(command, preexec_fn=limited(size))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("course-utils: ")]
    assert str(tmp_path / "m") in line and "free some space" in line
    assert not (tmp_path / "m" / "config.json").exists()


def test_answers_on_a_full_disk_end_in_a_sentence_and_are_taken_up_again(sounds, tmp_path):
    out = tmp_path / "answers.jsonl"
    command = [
        "-m",
        "course_utils.course.cli",
        "evaluate",
        "classification",
        "--model",
        "sound-classifier",
    ]
    command += ["--data", sounds, "--out", out, "--batch-size", 1]
    done = said(command, preexec_fn=limited(300))  # one line and a part of the next
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith(f"course-utils: {out}: cannot be written")
    whole = out.read_text(encoding="utf-8").split("\n")[0]
    json.loads(whole)
    again = said(command)
    assert again.returncode == 0, again.stderr
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == whole and len({json.loads(line)["file"] for line in lines}) == 4
