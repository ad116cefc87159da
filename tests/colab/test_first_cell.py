"""The first cell on Colab: it adds the course and what is missing, and touches nothing else."""

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kernels import said

ROOT = Path(__file__).parents[2]
SECRET = "hf_" + "c0L4" * 8


def names(lines):
    return {canonicalize_name(re.split("==| @ ", line)[0]) for line in lines}


def test_the_environment_is_what_the_list_says(arrival):
    lines = (ROOT / "requirements" / "colab.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    assert {"ipython==7.34.0", "ipywidgets==7.7.1", "transformers==5.15.0"} <= wanted
    have = {canonicalize_name(n): v for n, v in (line.split("==") for line in arrival.before)}
    for line in wanted:
        name, version = line.split("==")
        assert have.pop(canonicalize_name(name)).split("+")[0] == version, line
    assert have == {}


def test_it_only_adds(arrival):
    assert arrival.before < arrival.after
    added = names(arrival.after - arrival.before)
    assert not added & names(arrival.before)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = names(Requirement(line).name for line in project["dependencies"])
    assert needed <= names(arrival.after) and "course-utils" in added


def test_no_restart_is_needed(arrival):
    modules, changed, _ = json.loads(said(arrival.cells[3]))
    assert modules > 1000 and changed == []
    assert "restart" not in said(arrival.cells[1]).lower()


def test_it_takes_the_token_from_the_secrets_and_never_shows_it(arrival):
    _, _, token = json.loads(said(arrival.cells[3]))
    assert token == hashlib.sha256(SECRET.encode()).hexdigest()
    assert SECRET not in json.dumps(arrival.cells)
    for path in arrival.folder.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path


def test_it_mounts_nothing_and_leaves_one_list(arrival):
    assert {path.name for path in arrival.folder.iterdir()} == {arrival.wheel.name, "installed.txt"}


def test_with_nothing_to_install_from_it_says_so_in_one_sentence(arrival):
    assert arrival.refusal.startswith("ModuleNotFoundError: Upload course_utils-")
    assert arrival.refusal.count(". ") == 0 and "\n" not in arrival.refusal


def test_it_installs_from_the_repository_where_no_wheel_lies(arrival):
    assert arrival.repository.endswith("from a repository\n")


def test_the_wheel_brings_the_models_and_data_and_little_else(arrival):
    pocket = ROOT / "course_utils" / "pocket"
    wanted = {
        f"course_utils/pocket/{path.relative_to(pocket).as_posix()}": path.stat().st_size
        for path in pocket.rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(arrival.wheel) as wheel:
        found = {entry.filename: entry.file_size for entry in wheel.infolist()}
    assert wanted.items() <= found.items()
    assert sum(found.values()) - sum(wanted.values()) < 2_000_000
    assert all(name.startswith("course_utils") for name in found)
    assert arrival.wheel.stat().st_size < 70_000_000
