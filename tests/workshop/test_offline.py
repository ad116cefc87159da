"""The zip in an empty home directory without any network: unpack, one command, lesson 00."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop import WorkshopError, bundle

INSIDE = Path(__file__).with_name("offline.py")


@pytest.fixture
def namespace():
    """Return the command that runs another one without a network."""
    command = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: the network cannot be cut off here")
    tried = subprocess.run([*command, "true"], capture_output=True, encoding="utf-8")
    if tried.returncode:
        pytest.skip(f"no network namespace of its own is permitted here: {tried.stderr.strip()}")
    return command


@pytest.fixture
def packed(tmp_path):
    """Make the whole bundle, unless COURSE_BUNDLE names one that was made before."""
    if given := os.environ.get("COURSE_BUNDLE"):
        yield Path(given).resolve()
        return
    try:
        yield bundle.build(tmp_path / "dist")
    except WorkshopError as error:
        pytest.skip(f"the wheels need a network once: {error}")
    finally:
        shutil.rmtree(tmp_path / "dist", ignore_errors=True)


@pytest.mark.notebooks
def test_the_bundle_starts_without_a_network(namespace, packed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        done = subprocess.run(
            [*namespace, str(python), str(INSIDE), str(packed), str(home)],
            capture_output=True, encoding="utf-8", cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        seen = json.loads(done.stdout.splitlines()[-1])
    finally:
        shutil.rmtree(home, ignore_errors=True)  # 3 GB
    assert seen["cut off"]
    assert seen["title"] == "Start here" and seen["page"]
    assert seen["listeners"] == ["127.0.0.1"]
    assert seen["ran"] == 0, seen["said"]
    cells = json.loads(seen["outputs"])["cells"]
    text = json.dumps([cell["outputs"] for cell in cells if cell["cell_type"] == "code"])
    assert "hears a bark: dog" in text and "All is well" in text
    assert "'label': 'cat'" in text  # the mystery sound
    assert "00.1 not attempted yet" in text
