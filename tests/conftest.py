"""Shared by every test: no network, no screen, no trace in the user's home, and a few sounds."""

import os
from pathlib import Path

# Before any import that reads them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["PYTHONUTF8"] = "1"  # for the processes that tests start, on Windows
# Two processes that fill numba's cache (librosa's) at once leave one that crashes both.
os.environ["NUMBA_CACHE_DIR"] = str(
    Path(__file__).parents[1] / ".pytest_cache/numba" / os.environ.get("PYTEST_XDIST_WORKER", "")
)

import functools
import io
import shutil
import subprocess
import wave
from collections import namedtuple

import hypothesis
import numpy as np
import pytest

# The same cases in every run, so that a red run is a change's fault; HYPOTHESIS_PROFILE=search
# looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


SERIAL = ("tests/colab/", "tests/hub/test_hub_lessons.py")
"""Tests of one process each: they share a kernel, and what only one process at a time may have."""

LESSONS = "tests/notebooks/test_lessons.py"
WHOLE = (
    *SERIAL,
    LESSONS,
    "tests/workshop/test_offline.py",
    "tests/finetuning/test_finetune_cli.py",
    "tests/browser/",
    "tests/hub/",
    "tests/robustness/",
    "tests/workshop/",
    "tests/course/test_running.py",
    "tests/course/test_space.py",
    "tests/foundry/test_judge.py",
)
"""Whole lessons, browsers, environments and commands, the slowest first: the marker `whole`."""

LONGEST = ("[15]", "[07]", "[05]", "[14]", "[03]", "[09]")
"""The lessons that train longest."""


def pytest_collection_modifyitems(items):
    """Mark the tests of `WHOLE`; put the slowest first, so that no process is alone at the end."""

    def rank(item):
        place = [item.nodeid.startswith(part) for part in (*WHOLE, "")].index(True)
        lessons = LONGEST if item.nodeid.startswith(LESSONS) else ()
        return place, [item.nodeid.endswith(name) for name in (*lessons, "")].index(True)

    for item in items:
        if item.nodeid.startswith(WHOLE):
            item.add_marker("whole")
    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out files, in the order above; the tests of `SERIAL` together; lessons one by one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            together = next((part for part in SERIAL if nodeid.startswith(part)), None)
            alone = nodeid if nodeid.startswith(LESSONS) else nodeid.split("::")[0]
            return together or alone

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(autouse=True)
def course_home(tmp_path_factory, monkeypatch):
    """Give each test its own COURSE_HOME, so that none touches the user's ledger."""
    home = tmp_path_factory.mktemp("course_home")
    monkeypatch.setenv("COURSE_HOME", str(home))
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    for name in ("COURSE_MAX_STEPS", "COURSE_MAX_CLIPS", "COURSE_POCKET"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def tracked():
    """Return a function that lists the files Git knows, of some patterns."""
    root = Path(__file__).resolve().parents[1]

    def listed(*patterns):
        listing = subprocess.run(
            ["git", "ls-files", "--", *patterns], cwd=root, capture_output=True, encoding="utf-8"
        ).stdout.splitlines()
        if not listing:
            pytest.skip("not a git checkout")
        return [root / name for name in listing if (root / name).is_file()]

    return listed


@pytest.fixture(scope="session")
def shared_real():
    """Return the folder of third-party recordings kept outside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "real"
    folder = Path(os.environ.get("COURSE_SHARED", default.parent)) / "real"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}; set COURSE_SHARED to the folder that holds real/")
    return folder


Call = namedtuple("Call", "given named result")


@pytest.fixture
def spy(monkeypatch):
    """Return a function that records each call of a function, which still does its work.

    ``spy(owner, name)`` returns a list, to which every later call of ``owner.name`` adds its
    positional arguments, its named arguments and its result.
    """

    def record(owner, name):
        calls, function = [], getattr(owner, name)

        @functools.wraps(function)
        def recorded(*given, **named):
            result = function(*given, **named)
            calls.append(Call(given, named, result))
            return result

        monkeypatch.setattr(owner, name, recorded)
        return calls

    return record


@pytest.fixture(scope="session")
def thinned(tmp_path_factory):
    """Return a copy of the folder pocket/ with a few rows of each split.

    ``speech`` has the shortest clips of two speakers (train) or four, one each of ``banking``; the
    other data sets have one clip of each label.
    """
    from datasets import Dataset

    from course_utils.catalog import POCKET

    folder = tmp_path_factory.mktemp("data") / "pocket"
    shutil.copytree(POCKET, folder, ignore=shutil.ignore_patterns("*.parquet"))
    for path in POCKET.glob("*/*.parquet"):
        table = Dataset.from_parquet(str(path))
        shape = (1, 5) if path.stem == "train" else (2, 2)
        short = path.parent.name == "speech"
        rows = _short_clips(table, *shape) if short else _first_clips(table)
        table.select(rows).to_parquet(folder / path.parent.name / path.name)
    return folder


def _short_clips(table, speakers, each):
    """Return the numbers of the shortest utterances of some speakers of either sex."""
    columns = table.select_columns(["speaker", "sex", "domain", "seconds"])[:]
    order = np.argsort(columns["seconds"], kind="stable").tolist()
    rows = []
    pairs = set(zip(columns["sex"], columns["speaker"], strict=True))
    for sex in ("female", "male"):
        names = sorted(name for s, name in pairs if s == sex and ":" not in name)
        for who in names[:speakers]:
            own = [n for n in order if columns["speaker"][n] == who]
            banking = [n for n in own if columns["domain"][n] == "banking"]
            rows += [n for n in own if n not in banking][: each - 1] + banking[:1]
    return rows


def _first_clips(table):
    """Return the number of the first clip of each label, or of each domain of unlabelled data."""
    labels = table["label" if "label" in table.column_names else "domain"][:]
    return sorted(map(labels.index, set(labels)))


@pytest.fixture
def small_pocket(thinned, monkeypatch):
    """Let the catalogue and the foundry read the data sets of `thinned`; return its folder."""
    from course_utils import catalog

    monkeypatch.setattr(catalog, "POCKET", thinned)
    return thinned


@pytest.fixture(scope="session")
def sine():
    """Return a function that makes a sine: sine(frequency, seconds, sampling_rate, amplitude)."""

    def make(frequency=440.0, seconds=0.5, sampling_rate=16_000, amplitude=0.5):
        time = np.arange(round(seconds * sampling_rate)) / sampling_rate
        return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def wav_bytes():
    """Return a function that writes float samples (n,) or (channels, n) as 16-bit WAV bytes.

    It uses the standard library, not the module under test.
    """

    def make(samples, sampling_rate=16_000):
        frames = np.atleast_2d(samples).T
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(frames.shape[1])
            file.setsampwidth(2)
            file.setframerate(sampling_rate)
            file.writeframes(np.round(frames * 32767).astype("<i2").tobytes())
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def write_wav(wav_bytes):
    """Return a function like `wav_bytes` that writes into a file and returns its path."""

    def make(path, samples, sampling_rate=16_000):
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_bytes(samples, sampling_rate))
        return path

    return make


@pytest.fixture
def link():
    """Return a function that makes a symbolic link: link(place, target)."""

    def make(place, target):
        try:
            Path(place).symlink_to(target, target_is_directory=Path(target).is_dir())
        except OSError as error:  # Windows wants a right for it
            pytest.skip(f"no symbolic links here: {error}")

    return make


@pytest.fixture
def clip(sine, write_wav, tmp_path):
    """Return a stereo file at 44.1 kHz: 440 Hz on the left, 1000 Hz on the right."""
    stereo = np.stack([sine(440, 1, 44_100), sine(1000, 1, 44_100, 0.25)])
    return write_wav(tmp_path / "clip.wav", stereo, 44_100)
