"""`make pocket` runs commands that exist, on folders that the catalogue knows."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from course_utils import catalog
from foundry.__main__ import commands


def test_every_command_is_a_module_and_every_asset_is_made():
    made = set()
    for module, *arguments in commands(Path("real"), Path("work"), Path("judge")):
        assert find_spec(module)
        if "--out" in arguments:
            made.add(Path(arguments[arguments.index("--out") + 1]))
    assert made == {catalog.where(entry.name) for entry in catalog.entries()}


def test_missing_recordings_are_one_clear_error(tmp_path):
    command = [sys.executable, "-m", "foundry", "--real", str(tmp_path)]
    command += ["--judge", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "has no esc10/" in done.stderr
