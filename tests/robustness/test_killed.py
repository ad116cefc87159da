"""Killed in the middle of a write: what a later run finds is whole, the old or the new."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoModelForAudioClassification

from course_utils import data
from course_utils.course.fake_hub import StandIn
from course_utils.finetuning import training

sys.path.insert(0, str(Path(__file__).parent))

import saving
from saving import SAVERS, save_audio


def started(*arguments):
    return subprocess.Popen(
        [sys.executable, saving.__file__, *map(str, arguments)], stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


@pytest.mark.parametrize("name", SAVERS)
def test_a_save_that_is_killed_leaves_the_old_file_or_the_new(name, tmp_path):
    wholes, save = set(), SAVERS[name]
    for number in (1, 2):
        (tmp_path / "whole").mkdir(exist_ok=True)
        save(tmp_path / "whole", number)
        wholes.add(next((tmp_path / "whole").glob("[!.]*[!k]")).read_bytes())
    folder = tmp_path / "killed"
    folder.mkdir()
    save(folder, 1)
    (file,) = [path for path in folder.iterdir() if path.suffix != ".lock"]
    rng = np.random.default_rng(0)
    for _ in range(8):
        with started(name, folder) as child:
            assert child.stdout.readline().strip() == b"saved"
            time.sleep(rng.uniform(0.005, 0.06))
            child.kill()
        if name == "record_score":
            assert json.loads(file.read_text(encoding="utf-8"))[0]["baseline"] == 1.0
        else:
            assert file.read_bytes() in wholes
    # What was left behind is hidden and has a suffix that nothing here opens.
    assert all(path.name.startswith(".") for path in folder.iterdir() if path.suffix == ".new")
    save(folder, 2)


@pytest.mark.parametrize("name", SAVERS)
def test_a_save_that_is_killed_before_the_last_step_changed_nothing(name, tmp_path):
    SAVERS[name](tmp_path, 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with started(name, tmp_path, 2) as child:
        assert child.wait() == 9
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name: after[name] for name in before} == before
    (beside,) = after.keys() - before.keys()
    assert beside.startswith(".") and beside.endswith(".new")


def test_a_folder_of_recordings_does_not_take_what_a_kill_left(tmp_path):
    (tmp_path / "dog").mkdir()
    save_audio(tmp_path / "dog", 1)
    shutil.copy(tmp_path / "dog" / "a.wav", tmp_path / "dog" / ".a.wav.0123.new")
    assert data.load_folder(tmp_path)["file_name"][:] == ["dog/a.wav"]


# ------------------------------------------------------------------------------------- training

RUN = {"steps": 4, "batch_size": 4, "save_steps": 2, "deterministic": True}
KILLED_IN = """
    import os, sys
    import torch
    from transformers import modeling_utils
    from course_utils.finetuning import training

    place, count = sys.argv[1], int(sys.argv[2])
    folder, sounds, out = sys.argv[3:]
    calls = 0

    def dying(write):
        def half(what, file, *rest, **options):
            global calls
            calls += 1
            write(what, file, *rest, **options)
            if calls == count:
                size = os.path.getsize(file)
                os.truncate(file, size // 2)
                os._exit(9)  # as if killed: nothing is tidied up
        return half

    if place == "weights":
        modeling_utils.safe_save_file = dying(modeling_utils.safe_save_file)
    else:
        torch.save = dying(torch.save)
    training.finetune("classification", out, model=folder, data=sounds, steps=4, batch_size=4,
                      save_steps=2, deterministic=True)
"""


@pytest.fixture(scope="module")
def expected(small, sounds, tmp_path_factory):
    """The weights of a run that nothing stopped."""
    out = tmp_path_factory.mktemp("expected") / "m"
    training.finetune("classification", out, model=str(small), data=str(sounds), **RUN)
    return load_file(out / "model.safetensors")


# Weights are saved at steps 2 and 4 and at the end; torch.save writes optimizer, schedule and
# random numbers of each checkpoint, and the arguments.
@pytest.mark.parametrize(
    ("place", "count", "resumed_at"),
    [("weights", 2, 2), ("weights", 3, 4), ("state", 1, 0)],
)
def test_training_killed_in_a_save_goes_on_from_what_is_whole(
    place, count, resumed_at, small, sounds, expected, tmp_path
):
    out = tmp_path / "m"
    command = [sys.executable, "-c", textwrap.dedent(KILLED_IN), place, str(count)]
    done = subprocess.run(
        [*command, str(small), str(sounds), str(out)], capture_output=True, encoding="utf-8",
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 9, done.stderr[-2000:]
    with pytest.raises((ValueError, OSError)):  # no half model that opens
        AutoModelForAudioClassification.from_pretrained(out)
    run = {"model": str(small), "data": str(sounds), **RUN}
    resumed = training.finetune("classification", out, resume=True, **run)
    assert resumed["resumed_at"] == resumed_at and resumed["steps"] == 4
    weights = load_file(out / "model.safetensors")
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(weights[name], value, atol=1e-5)
    assert AutoModelForAudioClassification.from_pretrained(out).num_parameters() > 1_000
    assert not (out / "saving").exists()


# ------------------------------------------------------------------------------------- download

DOWNLOAD = """
    import sys
    from huggingface_hub import hf_hub_download
    print(hf_hub_download(sys.argv[1], "model.safetensors", local_files_only=len(sys.argv) > 2))
"""


class Slow:
    """Sends what it is given in pieces, with pauses, and remembers that it began."""

    def __init__(self, file, begun, pause):
        self._file, self._begun, self._pause = file, begun, pause

    def write(self, content):
        for start in range(0, len(content), 2**20):
            self._file.write(content[start : start + 2**20])
            if start > 24 * 2**20:  # the client writes 10 MB at a time
                self._begun.set()
            time.sleep(self._pause[0])

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_a_download_that_is_killed_is_not_taken_for_whole(tmp_path, monkeypatch):
    from course_utils.course import fake_hub

    server, begun, pause = StandIn(), threading.Event(), [0.05]
    setup = fake_hub._Handler.setup

    def slowly(self):
        setup(self)
        self.wfile = Slow(self.wfile, begun, pause)

    monkeypatch.setattr(fake_hub._Handler, "setup", slowly)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    content = np.random.default_rng(0).bytes(48 * 2**20)
    server.create("models/you/large")
    server.commit("models/you/large", {"model.safetensors": server.keep(content)}, [])
    environment = os.environ | {
        "HF_ENDPOINT": server.address, "HF_TOKEN": server.token, "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", textwrap.dedent(DOWNLOAD), "you/large"]
    run = {"env": environment, "capture_output": True, "encoding": "utf-8"}
    try:
        child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while not begun.wait(1):
            assert child.poll() is None
        child.kill()
        assert child.wait() != 0
        partly = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert any(path.stat().st_size > 2**22 for path in partly)  # it had come some way
        offline = subprocess.run([*command, "offline"], check=False, **run)
        assert offline.returncode != 0 and "LocalEntryNotFoundError" in offline.stderr
        pause[0] = 0
        again = subprocess.run(command, check=False, **run)
        assert again.returncode == 0, again.stderr
        assert Path(again.stdout.strip()).read_bytes() == content
    finally:
        server.shutdown()
        server.server_close()
