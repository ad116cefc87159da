"""`make pocket` and the cards name commands that exist, on folders that the catalogue knows."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from course_utils import catalog
from foundry.__main__ import commands, main
from foundry.recognition.leave_one_out import PERSONS

README = Path(__file__).parents[2] / "foundry" / "README.md"


def test_every_command_is_a_module_and_every_asset_is_made():
    made = set()
    for module, *arguments in commands(Path("real"), Path("work"), Path("judge")):
        assert find_spec(module)
        if "--out" in arguments:
            made.add(Path(arguments[arguments.index("--out") + 1]))
    assert made == {catalog.where(entry.name) for entry in catalog.entries()}


def test_a_missing_folder_is_one_clear_sentence(tmp_path, monkeypatch):
    for arguments, words in (
        (["--judge", tmp_path], "--real is missing"),
        (["--real", tmp_path], "--judge is missing"),
        (["--real", tmp_path / "nowhere", "--judge", tmp_path], "nowhere is not a folder"),
        (["--real", tmp_path, "--judge", tmp_path], "has no esc10/"),
    ):
        monkeypatch.setattr("sys.argv", ["foundry", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert words in ended.value.code and len(ended.value.code.splitlines()) == 1


def test_the_commands_of_the_cards_and_of_the_readme_exist():
    folders = [catalog.where(entry.name) for entry in catalog.entries()]
    texts = [path / "README.md" for path in folders] + [README]
    found = set()
    for path in texts:
        found |= set(
            re.findall(r"python -m (foundry[\w.]*)(?: ([a-z]+))?", path.read_text(encoding="utf-8"))
        )
    assert len(found) > 30
    for module, step in found:
        assert find_spec(module), module
        source = Path(find_spec(module).origin).read_text(encoding="utf-8")
        assert not step or f'"{step}"' in source or step in PERSONS, (module, step)
