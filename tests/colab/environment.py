"""The second environment of the tests: Colab's versions, in ``.venv-colab``.

``python tests/colab/environment.py`` makes it, unless it is there as the requirements want it.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".venv-colab"
PYTHON = PLACE / "bin" / "python"
REQUIREMENTS = ROOT / "requirements" / "colab.txt"


class NoNetworkError(Exception):
    """The packages cannot be downloaded."""


def pip(*arguments):
    """Run the environment's pip; return its exit code and all that it said."""
    done = subprocess.run(
        [PYTHON, "-m", "pip", *map(str, arguments)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    return done.returncode, done.stdout


def freeze():
    """Return what is installed: a set of lines."""
    done = subprocess.run([PYTHON, "-m", "pip", "freeze"], capture_output=True, encoding="utf-8")
    return set(done.stdout.split("\n")) - {""}


def before():
    """Return what was installed before the course came: a set of lines."""
    return set((PLACE / "before.txt").read_text(encoding="utf-8").splitlines())


def build():
    """Make the environment, unless it is there as the requirements want it."""
    wanted = hashlib.sha256(sys.version.encode())
    wanted.update(REQUIREMENTS.read_bytes())
    stamp = PLACE / "stamp"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted.hexdigest():
        return
    venv.create(PLACE, clear=True, with_pip=True)
    code, said = pip("install", "--quiet", "--requirement", REQUIREMENTS)
    if code and "Retrying" in said:
        raise NoNetworkError("no network: Colab's versions cannot be installed")
    if code:
        raise RuntimeError(f"Colab's versions cannot be installed: {said}")
    (PLACE / "before.txt").write_text("\n".join(sorted(freeze())), encoding="utf-8")
    stamp.write_text(wanted.hexdigest(), encoding="utf-8")


if __name__ == "__main__":
    try:
        build()
    except NoNetworkError as error:
        print(f"{error}; their tests will be skipped")
