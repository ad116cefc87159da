"""course_utils.course.sharing: the real Hub, or a stand-in that huggingface_hub takes for it."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread

import pytest

from course_utils.course.fake_hub import StandIn

TOKEN = "hf_" + "a1B2" * 8  # has the form of a real one


@pytest.fixture
def hub(monkeypatch):
    """Return huggingface_hub's client, talking to a stand-in."""
    from huggingface_hub import HfApi, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    server = StandIn()
    Thread(target=server.serve_forever, daemon=True).start()
    yield HfApi(endpoint=server.address, token=server.token)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_what_is_pushed_comes_back_and_every_commit_stays(hub, kind, tmp_path):
    folder, large = tmp_path / "folder", os.urandom(300_000)
    (folder / "data").mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "data" / "rows ü.parquet").write_bytes(large)
    (folder / "empty.safetensors").write_bytes(b"")
    repo = {"repo_id": f"{hub.whoami()['name']}/mine", "repo_type": kind}
    sdk = {"space_sdk": "gradio"} if kind == "space" else {}
    assert hub.create_repo(**repo, **sdk, private=True).repo_id == "you/mine"
    first = hub.upload_folder(**repo, folder_path=folder).oid
    files = {"config.json", "data/rows ü.parquet", "empty.safetensors"}
    assert set(hub.list_repo_files(**repo)) == files
    second = hub.delete_folder(path_in_repo="data", **repo).oid
    assert set(hub.list_repo_files(**repo)) == files - {"data/rows ü.parquet"}
    assert hub.repo_info(**repo).sha == second != first

    def fetch(name, **options):
        return hub.hf_hub_download(**repo, filename=name, cache_dir=tmp_path / "cache", **options)

    assert Path(fetch("data/rows ü.parquet", revision=first)).read_bytes() == large
    tree = hub.list_repo_tree(**repo, revision=first)
    assert {item.path for item in tree} == {"config.json", "data", "empty.safetensors"}
    inside = hub.list_repo_tree(**repo, revision=first, path_in_repo="data")
    assert [(item.path, item.size) for item in inside] == [("data/rows ü.parquet", 300_000)]


def test_it_refuses_as_the_hub_does(hub, tmp_path):
    from huggingface_hub import HfApi, errors

    hub.create_repo("you/mine")
    hub.create_repo("you/mine", exist_ok=True)
    with pytest.raises(errors.HfHubHTTPError, match="409"):
        hub.create_repo("you/mine")
    with pytest.raises(errors.RepositoryNotFoundError):
        hub.model_info("you/other")
    with pytest.raises(errors.RepositoryNotFoundError):
        hub.dataset_info("you/mine")
    with pytest.raises(errors.RevisionNotFoundError):
        hub.model_info("you/mine", revision="0" * 40)
    with pytest.raises(errors.EntryNotFoundError):
        hub.hf_hub_download("you/mine", "no.json", cache_dir=tmp_path)
    with pytest.raises(ValueError, match="Invalid metadata"):
        hub.upload_file(
            path_or_fileobj=b"---\nlicense: [mit\n---\n",
            path_in_repo="README.md",
            repo_id="you/mine",
        )
    for kind in ("model", "dataset"):
        with pytest.raises(errors.HfHubHTTPError, match=r'(?s)403 Forbidden.*under "them", only'):
            hub.create_repo("them/mine", repo_type=kind, exist_ok=True)
    with pytest.raises(errors.RepositoryNotFoundError):
        hub.upload_file(path_or_fileobj=b"{}", path_in_repo="a.json", repo_id="them/mine")
    stranger = HfApi(endpoint=hub.endpoint, token="wrong")
    with pytest.raises(errors.HfHubHTTPError, match="401"):
        stranger.create_repo("you/theirs")
    with pytest.raises(errors.HfHubHTTPError, match="Invalid user token"):
        stranger.whoami()


def test_a_large_file_is_kept_only_under_its_own_name(hub):
    """The one address that takes content without a token."""
    put = urllib.request.Request(f"{hub.endpoint}/large/{'0' * 64}", data=b"x", method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(put)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{hub.endpoint}/large/{'0' * 64}")


def run(code, **environment):
    """Run code in a fresh process, where no Hugging Face library is imported yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    start = "import os, sys\nfrom course_utils import sharing\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code],
        env=kept | environment, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert TOKEN not in done.stdout + done.stderr
    return done


PUSH = """
sharing.connect()
sharing.connect()
from datasets import Dataset, load_dataset
from huggingface_hub import HfApi, constants, get_token
rows = Dataset.from_dict({"audio": [{"bytes": b"RIFF", "path": "a.wav"}], "label": [1]})
rows.push_to_hub("you/clips", private=True, split="test")
back = load_dataset("you/clips", split="test")
print(back[0], constants.HF_HUB_CACHE.startswith(constants.HF_HOME))
print(get_token().startswith("stand-in-"), os.environ["HF_HOME"] != os.environ["HOME_BEFORE"])
print(constants.ENDPOINT)
"""


def test_the_pocket_profile_pushes_to_the_stand_in_even_offline_and_with_a_token(tmp_path):
    done = run(
        PUSH, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
        HF_HOME=str(tmp_path), HOME_BEFORE=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second, row, *facts = done.stdout.splitlines()
    assert first == second and "Nothing is uploaded" in first
    assert row == "{'audio': {'bytes': b'RIFF', 'path': 'a.wav'}, 'label': 1} True"
    assert facts[0] == "True True"
    assert facts[1].startswith("http://127.0.0.1:") and facts[1] in first
    assert list(tmp_path.iterdir()) == []


def test_connect_too_late_says_to_restart():
    done = run("import huggingface_hub\nsharing.connect()")
    assert done.returncode == 1
    assert "SharingError" in done.stderr and "restart the kernel" in done.stderr


def test_the_hub_profile_takes_the_real_hub_and_needs_a_token(tmp_path):
    hub = {"COURSE_PROFILE": "hub", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = run("sharing.connect()\nprint('HF_ENDPOINT' in os.environ)", HF_TOKEN=TOKEN, **hub)
    assert done.stdout.splitlines() == [
        "Pushes go to https://huggingface.co, into your account.",
        "False",
    ]
    done = run("sharing.connect()", **hub)
    assert done.returncode == 1 and done.stdout == ""
    assert "hf auth login" in done.stderr and "pocket profile" in done.stderr


def test_importing_it_imports_no_hugging_face_library():
    done = run("print(sorted({'huggingface_hub', 'datasets', 'torch'} & set(sys.modules)))")
    assert json.loads(done.stdout) == []
