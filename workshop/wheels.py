"""The wheels that the bundle installs, for machines like the one that it is made on."""

import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

from course_utils.course import syllabus
from workshop import WorkshopError

# Python version and platform of the wheels; start.py compares them with those of its machine.
KIND = {"python": list(sys.version_info[:2]), "platform": sysconfig.get_platform()}


def gather(folder):
    """Collect the wheels of the course, of its requirements and of pip.

    Versions are those of ``requirements/pinned.txt``. PyTorch has the version that is installed
    here, since it may be a build for CPUs.

    Parameters
    ----------
    folder : path-like
        Folder for the wheels, emptied first. ``kind.json`` in it names Python version and platform.

    Returns
    -------
    list of pathlib.Path
        Paths of the wheels.

    Raises
    ------
    WorkshopError
        If this is no checkout, or pip fails; the message quotes pip.
    """
    root = syllabus.folder().parent
    pinned = root / "requirements" / "pinned.txt"
    if not pinned.is_file():
        raise WorkshopError(f"{pinned} is missing: build the bundle in a checkout of the course.")
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)  # start.py installs every wheel in this folder
    folder.mkdir(parents=True)
    torch = f"torch=={version('torch')}"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder)]
    command += ["--constraint", str(pinned), f"{root}[notebooks,demo]", torch, "pip"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        last_lines = " ".join(done.stderr.strip().splitlines()[-3:])
        raise WorkshopError(
            f"pip could not gather the wheels: {last_lines} If {torch} came from another index, "
            "set PIP_EXTRA_INDEX_URL to its address."
        )
    (folder / "kind.json").write_text(json.dumps(KIND), encoding="utf-8")
    return sorted(folder.glob("*.whl"))
