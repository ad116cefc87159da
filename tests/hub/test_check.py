"""`course-utils catalog --check`, against a Hub on 127.0.0.1 that gets each fact wrong in turn."""

import json
import os
import subprocess
import sys

import pytest

# The catalogue with the sizes of the stand-in's small files, then each change of it in turn.
SCRIPT = """
import dataclasses, json, sys
from course_utils import catalog
from course_utils.catalog import check, downloads
catalog.use_profile("hub")
found = {}
for name, changes in json.loads(sys.stdin.read()):
    entry = catalog.find(name)
    if entry.kind == "model" or entry.files:
        size = sum(f.file_size for f in downloads.plan(entry)) / 1e6
        entry = dataclasses.replace(entry, size_mb=size)
    for change in changes:
        changed = dataclasses.replace(entry, **change)
        lines = [str(finding) for finding in check.examine(changed)]
        found[f"{name} {json.dumps(change)}"] = lines
print(json.dumps(found))
"""
FAULTS = [
    ("sounds", {"hub": "ashraq/esc51"}, "hub: ashraq/esc51: "),
    ("calls", {"revision": "ab" * 20}, "hub: PolyAI/minds14: "),
    ("speech", {"gated": True}, "gated: no"),
    ("calls", {"hub_licence": "MIT"}, "hub_licence: cc-by-4.0, the catalogue says MIT"),
    ("sounds", {"files": "parquet/*.parquet"}, "hub: ashraq/esc50: "),
    ("sounds", {"size_mb": 774}, "size_mb: "),
    ("speech", {"columns": {"text": "transcript"}}, "columns: clean/validation/0000.parquet has"),
    (
        "calls",
        {"columns": {"label": "intent_class"}, "labels": {"balance": "b", "loan": "l"}},
        "labels: not on the Hub: loan",
    ),
    ("ctc-recogniser", {"pickled": True}, "pickled: model.safetensors"),
    ("speaker-encoder", {"pickled": False}, "pickled: pytorch_model.bin"),
    ("diarizer", {"task": "text-to-audio"}, "task: wavlm for text-to-audio"),
    ("recogniser", {"task": "text-to-audio"}, "task: whisper for text-to-audio"),
    (
        "speaker-encoder",
        {"hub": "openai/whisper-tiny", "pickled": False},
        "task: whisper for audio-xvector",
    ),
]
SOUND = ["sounds", "music", "genres", "speech", "calls", "sound-classifier", "classifier-base"]
SOUND += ["ctc-recogniser", "recogniser", "speaker-encoder", "diarizer", "music-generator"]


@pytest.fixture(scope="module")
def environment(hub, tmp_path_factory):
    """Return the environment of a user of that Hub."""
    hub.cards["PolyAI/minds14"] = {"cardData": {"license": "cc-by-4.0"}}
    hub.cards["ashraq/esc50"] = {"cardData": {"license": "cc-by-nc-3.0"}}
    home = tmp_path_factory.mktemp("home")
    settings = {"HF_ENDPOINT": hub.address, "HF_TOKEN": hub.token, "HF_HUB_DISABLE_XET": "1"}
    return os.environ | settings | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}


@pytest.fixture(scope="module")
def checked(environment):
    """Return the lines about each entry as it is, and with each fault."""
    asked = [(name, [{}, *(c for n, c, _ in FAULTS if n == name)]) for name in SOUND]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(asked), env=environment,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SOUND)
def test_what_agrees_is_all_ok(checked, name):
    lines = checked[f"{name} {{}}"]
    assert len(lines) >= 3 and all(line.startswith(f"[ok] {name}: ") for line in lines), lines


@pytest.mark.parametrize(("name", "change", "said"), FAULTS)
def test_each_fault_is_found_and_named(checked, name, change, said):
    lines = checked[f"{name} {json.dumps(change)}"]
    (wrong,) = [line for line in lines if line.startswith("[fix]")]
    assert wrong.startswith(f"[fix] {name}: {said}")


def test_the_command_ends_with_the_number_of_facts_to_fix(environment):
    command = [sys.executable, "-m", "course_utils.course.cli", "catalog", "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    wrong = [line for line in done.stdout.splitlines() if line.startswith("[fix]")]
    assert done.returncode == 1 and done.stdout.endswith(f"\n{len(wrong)} to fix\n")
    assert any("size_mb" in line for line in wrong)  # the stand-in's files are small
    assert "Traceback" not in done.stderr and environment["HF_TOKEN"] not in done.stdout


def test_the_date_of_a_check_is_written_once(tmp_path, monkeypatch):
    import tomllib
    from datetime import date

    from course_utils.catalog import check

    original = check.resources.files("course_utils.catalog").joinpath("catalog.toml")
    (tmp_path / "catalog.toml").write_bytes(original.read_bytes())
    monkeypatch.setattr(check.resources, "files", lambda _: tmp_path)
    for _ in range(2):
        check.write(["sounds", "speech", "new-style"])
    before = tomllib.loads(original.read_text(encoding="utf-8"))
    after = tomllib.loads((tmp_path / "catalog.toml").read_text(encoding="utf-8"))
    for name, entry in after.items():
        day = entry.pop("checked", None)
        assert day == (str(date.today()) if name in ("sounds", "speech", "new-style") else None)
    assert after == before
