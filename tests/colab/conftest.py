"""An environment with Colab's versions, into which a lesson's first cell has put the course."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from pyarrow import parquet

from course_utils.course import syllabus
from tests.colab.environment import PLACE, PYTHON, ROOT, NoNetworkError, before, build, freeze, pip
from tests.kernels import kernel, said

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


def setup_cell():
    """Return the source of the cell with which every lesson starts."""
    first = syllabus.folder() / syllabus.lessons()[0].file
    return nbformat.read(first, as_version=4).cells[1].source


@dataclass
class Colab:
    """How to start kernels of the environment: `environment` belongs into ``os.environ``."""

    environment: dict

    @contextmanager
    def kernel(self, folder, **variables):
        """Yield a running :class:`tests.kernels.Kernel` in `folder`, with variables besides."""
        folder.mkdir(exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with kernel(folder, HF_TOKEN=None, **variables) as running:
                yield running

    def run(self, folder, *sources):
        """Run cells in a fresh kernel and return them; one that fails raises nbclient's error."""
        with self.kernel(folder) as running:
            return running.cells(*sources)

    def thin(self):
        """Keep a half of the installed speech and a third of the calls, to score fewer clips."""
        (pocket,) = PLACE.glob("lib/python*/site-packages/course_utils/pocket")
        for name, every in {"speech": 2, "calls": 3}.items():
            for path in (pocket / name).glob("*.parquet"):
                table = parquet.read_table(path)
                parquet.write_table(table.take(list(range(0, len(table), every))), path)


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """Return a :class:`Colab` whose environment is as Colab's is at first: without the course."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("Colab has ffmpeg, here is none: install it")
    try:
        build()
    except NoNetworkError as error:
        pytest.skip(str(error))
    added = {line.split("==")[0].split(" @ ")[0] for line in freeze() - before()}
    if added:
        code, said = pip("uninstall", "--yes", *added)
        assert code == 0 and freeze() == before(), said
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
    repository = said(cell)
    pip("uninstall", "--yes", "course_utils")

    folder = home / "content"
    folder.mkdir()
    # The command of `make wheel`.
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    subprocess.run([sys.executable, *command], check=True)
    (wheel,) = folder.glob("*.whl")
    arrived = freeze()
    cells = colab.run(folder, ARRIVE, setup_cell(), 'lesson.start("00")', LEAVE)
    return Arrival(wheel, folder, refusal, repository, cells, arrived, freeze())
