"""The zip: what lies where, and an installer that says why it does not install."""

import json
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

import workshop
from course_utils.course import syllabus
from workshop import WorkshopError, bundle, wheels
from workshop import __main__ as command


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    done = CliRunner().invoke(command.app, ["bundle", "--no-wheels", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    (packed,) = folder.glob("*.zip")
    assert done.stdout.startswith(f"{packed} (") and done.stdout.endswith(" MB)\n")
    return packed


def test_the_zip_holds_a_lesson_in_every_edition(made):
    with zipfile.ZipFile(made) as packed:
        names = set(packed.namelist())
    for lesson in syllabus.lessons():
        stem = lesson.file.removesuffix(".ipynb")
        for directory in ("lessons", "recall", "instructor/lessons"):
            assert f"audio-course/{directory}/{stem}.ipynb" in names
        for directory in ("slides", "instructor/slides"):
            assert f"audio-course/{directory}/{stem}.html" in names
    for name in (
        "start.py", "README.md", "LICENSE", "exercises.html", "instructor/guide.html",
        "instructor/guide.md", "slides/reveal/reveal.js", "slides/reveal/LICENSE",
    ):  # fmt: skip
        assert f"audio-course/{name}" in names


def test_learners_slides_have_no_notes_and_instructors_have(made):
    folder = made.parent / bundle.FOLDER
    for path in (folder / "slides").glob("*.html"):
        assert '<aside class="notes">' not in path.read_text(encoding="utf-8")
        with_notes = (folder / "instructor" / "slides" / path.name).read_text(encoding="utf-8")
        assert '<aside class="notes">' in with_notes


def test_wheels_are_not_compressed_again(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "x.whl").write_bytes(b"0" * 5000)
    (folder / "x.txt").write_bytes(b"0" * 5000)
    with zipfile.ZipFile(bundle.pack(folder, tmp_path / "a.zip")) as packed:
        sizes = {info.filename: info.compress_size for info in packed.infolist()}
    assert sizes["a/x.whl"] == 5000 and sizes["a/x.txt"] < 500


@pytest.mark.parametrize(
    "kind",
    [{"python": [2, 0], "platform": wheels.KIND["platform"]},
     {"python": wheels.KIND["python"], "platform": "plan9-mips"}],
)  # fmt: skip
def test_start_says_for_which_machine_the_bundle_is(made, tmp_path, kind):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "kind.json").write_text(json.dumps(kind), encoding="utf-8")
    start = tmp_path / "start.py"
    start.write_bytes((made.parent / bundle.FOLDER / "start.py").read_bytes())
    done = subprocess.run(
        [sys.executable, start, "--no-browser"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"This bundle is for Python {kind['python'][0]}.")
    assert kind["platform"] in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "ask for one with wheels"),
        (["--instructor"], "this copy of the bundle is for learners"),
    ],
)
def test_start_names_what_was_not_unpacked(made, tmp_path, arguments, message):
    start = tmp_path / "start.py"
    start.write_bytes((made.parent / bundle.FOLDER / "start.py").read_bytes())
    if arguments:
        (tmp_path / "wheels").mkdir()
        (tmp_path / "wheels" / "kind.json").write_text(json.dumps(wheels.KIND), encoding="utf-8")
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv" / "ready").touch()
    done = subprocess.run(
        [sys.executable, start, *arguments], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1


def test_gathering_fails_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels, "version", lambda name: "0.0.0+nowhere")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(WorkshopError, match=r"PIP_EXTRA_INDEX_URL") as failed:
        wheels.gather(tmp_path / "wheels")
    assert "\n" not in str(failed.value)


def test_gathering_needs_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels.syllabus, "folder", lambda: tmp_path / "notebooks")
    with pytest.raises(WorkshopError, match="in a checkout of the course"):
        wheels.gather(tmp_path / "wheels")


def test_a_missing_package_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    for name in ("pages", "site"):
        monkeypatch.delitem(sys.modules, f"workshop.{name}", raising=False)
        monkeypatch.delattr(workshop, name, raising=False)
    monkeypatch.delitem(sys.modules, "latex2mathml.converter", raising=False)
    monkeypatch.setattr(sys, "argv", ["workshop", "site"])
    with pytest.raises(SystemExit, match=r'latex2mathml.* pip install "course_utils\[workshop\]"'):
        command.main()


def test_the_command_ends_a_mistake_in_one_sentence(monkeypatch):
    def app():
        raise WorkshopError("no reveal")

    monkeypatch.setattr(command, "app", app)
    with pytest.raises(SystemExit, match="workshop: no reveal"):
        command.main()
