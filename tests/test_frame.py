"""The frame holds together: one list of requirements, documented commands, house rules."""

import ast
import re
import shutil
import subprocess
import sysconfig
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = ("notebooks", "demo", "workshop", "dev")
CONDA_NAMES = {"torch": "pytorch", "soxr": "soxr-python"}


def test_environment_yml_lists_what_pyproject_requires():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))[
        "dependencies"
    ]
    (pip,) = [line["pip"] for line in environment if isinstance(line, dict)]
    given = {line for line in [*environment, *pip] if isinstance(line, str)}
    wanted = {"python" + PROJECT["requires-python"]}
    extras = PROJECT["optional-dependencies"]
    for line in PROJECT["dependencies"] + extras["notebooks"] + extras["demo"]:
        requirement = Requirement(line)
        wanted.add(f"{CONDA_NAMES.get(requirement.name, requirement.name)}{requirement.specifier}")
    assert given - wanted == {"pip", "ffmpeg", "-e .[notebooks,demo,workshop,dev]"}
    assert wanted - given == set()


def pins(name):
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_the_pinned_set_satisfies_pyproject():
    pinned = pins("pinned.txt")
    extras = PROJECT["optional-dependencies"]
    for line in PROJECT["dependencies"] + [line for name in PINNED for line in extras[name]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), line


def test_what_colab_has_satisfies_pyproject():
    colab, extras = pins("colab.txt"), PROJECT["optional-dependencies"]
    for line in PROJECT["dependencies"] + extras["demo"]:
        requirement = Requirement(line)
        version = colab.get(canonicalize_name(requirement.name))
        assert version is None or requirement.specifier.contains(version), line
    assert colab["torch"] == pins("pinned.txt")["torch"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_explains_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, encoding="utf-8"
    ).stdout
    assert set(re.findall(r"^  make (\S+)\s+\S", helped, re.M)) == set(phony.split())


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}


def steps():
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            yield from job.get("steps", [])


def test_ci_checks_the_oldest_and_the_newest_python_on_three_systems_in_the_steps_of_make():
    matrix = WORKFLOWS["test"]["jobs"]["check"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    supported = [line.split(" :: ")[-1] for line in PROJECT["classifiers"]]
    assert matrix["python"] == [supported[0], supported[-1]]
    assert PROJECT["requires-python"] == f">={supported[0]}"
    said = "\n".join(step.get("run", "") for step in WORKFLOWS["check"]["jobs"]["check"]["steps"])
    recipe = re.search(
        r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M
    )[1]
    for line in recipe.replace("$(BIN)/", "").splitlines():
        assert line.strip() in said.splitlines()
    assert "\npython -m pytest " in said


def test_ci_has_few_rights_and_runs_actions_of_which_the_commit_is_known():
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, name
    actions = [step["uses"] for step in steps() if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", use) for use in actions)


def test_installed_version_is_the_declared_one():
    import course_utils

    assert version("course_utils") == course_utils.__version__ == PROJECT["version"]


def test_nothing_opens_a_pickle_or_trusts_remote_code(tracked):
    banned = re.compile(r"\bimport pickle|pickle\.load|torch\.load\(|trust_remote_code=True|joblib")
    for path in tracked("course_utils/*.py", "foundry/*.py", "workshop/*.py", "notebooks/*.ipynb"):
        assert not banned.search(path.read_text(encoding="utf-8")), path


def test_pocket_stays_in_its_budget():
    files = [p for p in (ROOT / "course_utils" / "pocket").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) <= 76e6
    assert all(p.stat().st_size <= 20e6 for p in files)


def test_no_shipped_configuration_names_a_place_on_the_machine_that_made_it():
    configurations = sorted((ROOT / "course_utils" / "pocket").rglob("*config.json"))
    assert configurations
    for path in configurations:
        assert not re.search(r'"_name_or_path": "[^"]', path.read_text(encoding="utf-8")), path


def without_encoding(tree):
    """Yield the lines on which a text file, or the text of a process, is left to the system."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {option.arg: getattr(option.value, "value", None) for option in call.keywords}
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        values = {part.value for part in call.args if isinstance(part, ast.Constant)}
        left = {
            "read_text": not call.args,
            "write_text": len(call.args) == 1,
            "open": {"r", "w", "a", "x"} & values
            or (isinstance(call.func, ast.Name) and len(call.args) == 1),
        }.get(name, True in (given.get("text"), given.get("universal_newlines")))
        if left and "encoding" not in given:
            yield call.lineno


def test_texts_are_utf8_on_every_system(tracked):
    rooms = ("course_utils/*.py", "foundry/*.py", "workshop/*.py", "tests/*.py")
    for path in tracked(*rooms):
        lines = list(without_encoding(ast.parse(path.read_text(encoding="utf-8"))))
        assert lines == [], path


def test_imports_run_one_way_and_never_in_a_circle():
    command = [shutil.which("lint-imports", path=sysconfig.get_path("scripts")), "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert linted.returncode == 0, linted.stdout


def test_the_package_has_at_most_14_rooms(tracked):
    rooms = {path.relative_to(ROOT / "course_utils").parts[0] for path in tracked("course_utils")}
    assert len(rooms) <= 14, sorted(rooms)
