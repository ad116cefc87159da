"""The catalogue's originals in miniature: built once, kept as the libraries' cache."""

import sys
from pathlib import Path
from threading import Thread

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the builders beside this file

import stored


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    """Return a folder with the files of every original."""
    return stored.build(tmp_path_factory.mktemp("originals"))


@pytest.fixture(scope="session")
def hub_home(originals, tmp_path_factory):
    """Return a folder for HF_HOME whose cache holds every original."""
    return stored.as_cache(originals, tmp_path_factory.mktemp("hub_home"))


@pytest.fixture(scope="module")
def hub(originals):
    """Return a Hub on 127.0.0.1 that serves every original."""
    server = stored.Hub(originals)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
