"""The wheels that the bundle installs from, for the kind of machine that it is made on."""

import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

from course_utils.course import syllabus
from workshop import WorkshopError

# What decides which wheels fit; start.py compares it with the machine that it runs on.
KIND = {"python": list(sys.version_info[:2]), "platform": sysconfig.get_platform()}


def gather(folder):
    """Collect the wheels of the course, of what it needs, and of pip itself.

    The versions are those of ``requirements/pinned.txt``; PyTorch's is the one installed here, so
    that a build for CPUs stays one.

    Parameters
    ----------
    folder : path-like
        Made anew; gets the wheels, and ``kind.json``, which says for which machines they are.

    Returns
    -------
    list of pathlib.Path
        The wheels.

    Raises
    ------
    WorkshopError
        If this is no checkout, or pip cannot get them; the message ends in what pip said.
    """
    root = syllabus.folder().parent
    pinned = root / "requirements" / "pinned.txt"
    if not pinned.is_file():
        raise WorkshopError(f"{pinned} is missing: build the bundle in a checkout of the course.")
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)  # start.py installs every wheel that lies there
    folder.mkdir(parents=True)
    torch = f"torch=={version('torch')}"
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder),
        "--constraint", str(pinned), f"{root}[notebooks,demo]", torch, "pip",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-3:])
        raise WorkshopError(
            f"pip could not gather the wheels: {said} If {torch} came from an index of its own, "
            "name that in PIP_EXTRA_INDEX_URL."
        )
    (folder / "kind.json").write_text(json.dumps(KIND), encoding="utf-8")
    return sorted(folder.glob("*.whl"))
