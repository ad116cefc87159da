"""An environment with Colab's versions, into which a lesson's first cell has put the course."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_utils.course import syllabus

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".venv-colab"
PYTHON = PLACE / "bin" / "python"
REQUIREMENTS = ROOT / "requirements" / "colab.txt"
SECRET = "hf_" + "c0L4" * 8  # has the form of a real token

# What a running notebook has imported of the course's needs before it meets the course: all of it.
ARRIVE = """
import hashlib, json, sys
from pathlib import Path
import accelerate, anywidget, datasets, gradio, ipywidgets, librosa, matplotlib.pyplot, pandas
import rich, sklearn.metrics, scipy.signal, soundfile, soxr, torch, torchcodec, transformers, typer

def on_disk():
    files = {str(getattr(module, "__file__", None)) for module in sys.modules.values()}
    return {
        file: hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for file in files if Path(file).is_file()
    }

imported = on_disk()
"""
LEAVE = """
import os
now = on_disk()
changed = [file for file, content in imported.items() if now.get(file) != content]
token = os.environ.get("HF_TOKEN", "")
print(json.dumps([len(imported), changed, hashlib.sha256(token.encode()).hexdigest()]))
"""

# As much of Colab's own package as the course may touch; mounting a drive leaves a trace.
FAKE = {
    "__init__.py": "",
    "output.py": (
        "enabled = False\n"
        "def enable_custom_widget_manager():\n    global enabled\n    enabled = True\n"
    ),
    "drive.py": "def mount(*_, **__):\n    open('mounted', 'w').close()\n",
    "errors.py": "class Error(Exception): ...\n",
    "userdata.py": f"""
from google.colab import errors
class SecretNotFoundError(errors.Error): ...
class NotebookAccessError(Exception): ...
def get(key):
    if key != "HF_TOKEN":
        raise SecretNotFoundError(key)
    return "{SECRET}"
""",
}
# The smallest repository from which pip installs something by the course's name.
REPOSITORY = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"
[project]
name = "course_utils"
version = "0.0.1"
""",
    "course_utils/__init__.py": "",
    "course_utils/lesson.py": "print('from a repository')\n",
}


def write(folder, files):
    """Write texts into a folder, each under its path."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


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


def setup_cell():
    """Return the source of the cell with which every lesson starts."""
    first = syllabus.folder() / syllabus.lessons()[0].file
    return nbformat.read(first, as_version=4).cells[1].source


@dataclass
class Colab:
    """How to start kernels of the environment: `environment` belongs into ``os.environ``."""

    environment: dict

    def run(self, folder, *sources):
        """Run cells in a fresh kernel; return each cell's outputs as text, up to an error.

        Raises
        ------
        nbclient.exceptions.CellExecutionError
            Where a cell fails; the outputs so far are its ``cells``.
        """
        folder.mkdir(exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
        client = NotebookClient(
            notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.delenv("HF_TOKEN", raising=False)
            client.execute()
        return notebook.cells


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """Return a :class:`Colab` whose environment is as Colab's is at first: without the course."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("Colab has ffmpeg, here is none: install it")
    _build()
    added = {line.split("==")[0].split(" @ ")[0] for line in freeze() - _before()}
    if added:
        code, said = pip("uninstall", "--yes", *added)
        assert code == 0 and freeze() == _before(), said
    home = tmp_path_factory.mktemp("colab")
    write(home / "packages" / "google" / "colab", FAKE)
    spec = {
        "argv": [str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    write(home / "kernels" / "python3", {"kernel.json": json.dumps(spec)})
    return Colab(
        {
            "JUPYTER_PATH": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": str(home / "packages"),
            "PATH": os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]]),
            "COLAB_RELEASE_TAG": "release-colab",
        }
    )


@dataclass
class Arrival:
    """What the first cells did, with nothing to install from, a repository, and the wheel."""

    wheel: Path
    folder: Path
    refusal: str
    repository: str
    cells: list
    before: set
    after: set


@pytest.fixture(scope="session")
def arrival(colab, tmp_path_factory):
    """Run the first cell in all ways, last with the wheel, which stays for the lessons."""
    home = tmp_path_factory.mktemp("arrival")
    try:
        colab.run(home / "nothing", setup_cell())
    except CellExecutionError as error:
        refusal = f"{error.ename}: {error.evalue}"
    else:
        refusal = ""

    git = ["git", "-C", str(write(home / "git", REPOSITORY)), "-c", "user.name=n"]
    for command in (["init", "-q"], ["add", "."], ["-c", "user.email=e", "commit", "-qm", "c"]):
        subprocess.run([*git, *command], check=True)
    stamped = setup_cell().replace('REPOSITORY = ""', f'REPOSITORY = "git+file://{home / "git"}"')
    (cell,) = colab.run(home / "stamped", stamped)
    repository = "".join(output.get("text", "") for output in cell.outputs)
    pip("uninstall", "--yes", "course_utils")

    folder = home / "content"
    folder.mkdir()
    # The command of `make wheel`.
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    subprocess.run([sys.executable, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    before = freeze()
    cells = colab.run(folder, ARRIVE, setup_cell(), 'lesson.start("00")', LEAVE)
    return Arrival(wheel, folder, refusal, repository, cells, before, freeze())


def _before():
    return set((PLACE / "before.txt").read_text(encoding="utf-8").splitlines())


def _build():
    """Make the environment, unless it is there as the requirements want it; skip it offline."""
    wanted = hashlib.sha256(sys.version.encode())
    for path in (REQUIREMENTS, ROOT / "pyproject.toml"):
        wanted.update(path.read_bytes())
    stamp = PLACE / "stamp"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted.hexdigest():
        return
    venv.create(PLACE, clear=True, with_pip=True)
    code, said = pip("install", "--quiet", "--requirement", REQUIREMENTS)
    if code and "Retrying" in said:
        pytest.skip("no network: Colab's versions cannot be installed")
    assert code == 0, said
    (PLACE / "before.txt").write_text("\n".join(sorted(freeze())), encoding="utf-8")
    stamp.write_text(wanted.hexdigest(), encoding="utf-8")
