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

import io
import subprocess
import wave

import hypothesis
import numpy as np
import pytest

# The same cases in every run, so that a red run is a change's fault; HYPOTHESIS_PROFILE=search
# looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


SERIAL = ("tests/colab/", "tests/hub/")
"""Folders whose tests share what only one process at a time may have, or is slow to make."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out tests one at a time, but those of a folder of `SERIAL` to one process."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return next((folder for folder in SERIAL if nodeid.startswith(folder)), nodeid)

    return ByFolder(config, log)


@pytest.fixture(autouse=True)
def course_home(tmp_path_factory, monkeypatch):
    """Give each test its own COURSE_HOME, so that none touches the user's ledger."""
    home = tmp_path_factory.mktemp("course_home")
    monkeypatch.setenv("COURSE_HOME", str(home))
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    for name in ("COURSE_MAX_STEPS", "COURSE_POCKET"):
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
