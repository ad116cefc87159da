"""The command line as a user meets it: in a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from course_utils.course import cli, doctor, progress


def course_utils(*arguments):
    command = [sys.executable, "-m", "course_utils.course.cli", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, course_utils; course_utils.audio, course_utils.catalog; "
        "print([m for m in ('torch', 'transformers', 'datasets', 'matplotlib', 'librosa') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_front_page_names_exist_and_others_do_not():
    import course_utils as package

    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert getattr(package, name).__doc__
    with pytest.raises(AttributeError, match="foundry is now a folder beside course_utils"):
        _ = package.foundry
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_lessons_as_json_joins_facts_and_catalogue():
    rows = json.loads(course_utils("lessons", "--json").stdout)
    by_number = {row["number"]: row for row in rows}
    assert [row["number"] for row in rows] == sorted(by_number)
    assert "sound-classifier" in by_number["02"]["entries"]
    assert by_number["03"]["minutes"]["pocket"] > 0
    assert "03" in course_utils("lessons").stdout


def test_progress_as_json_has_exactly_the_documented_keys():
    progress.record(
        "genres", metric="macro_f1", baseline=0.2, finetuned=0.9, seconds=1, lesson="03"
    )
    (row,) = json.loads(course_utils("progress", "--json").stdout)
    assert row == {
        "lesson": "03", "task": "genres", "metric": "macro_f1", "baseline": 0.2, "finetuned": 0.9,
        "seconds": 1.0, "profile": "pocket", "higher_is_better": True,
    }  # fmt: skip
    assert "genres" in course_utils("progress").stdout


def test_letters_that_the_output_cannot_show_are_written_as_escapes(monkeypatch):
    progress.record("Gebäude \N{SNOWMAN}", metric="wer", baseline=0.2, lesson="04")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    monkeypatch.setenv("PYTHONUTF8", "0")
    command = [sys.executable, "-m", "course_utils.course.cli", "progress"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and b"Geb\xe4ude \\u2603" in done.stdout


def test_where_prints_a_folder_that_transformers_opens():
    done = course_utils("where", "sound-classifier")
    assert (Path(done.stdout.strip()) / "config.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["where"], "new-voice"),
        (["where", "sound-classifie"], "sound-classifier"),
        (["run", "77"], "No lesson 77"),
    ],
)
def test_a_mistake_ends_in_one_sentence(arguments, said):
    done = course_utils(*arguments)
    assert done.returncode != 0 and said in done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_the_help_shows_brackets_as_they_are():
    assert "begins with [fix]" in course_utils("--help").stdout


@pytest.mark.long
def test_doctor_finds_this_machine_well():
    done = course_utils("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[fix]" not in done.stdout
    for piece in ("decoded", "drew", "hears a bark", "the whole course takes about "):
        assert piece in done.stdout


def test_doctor_names_the_command_that_fixes(monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda name: ["nosuch-thing>=2", "numpy>=99", "rich"])
    missing, old, good = doctor.packages()
    assert str(missing).startswith("[fix] nosuch-thing>=2 is missing")
    assert 'pip install "nosuch-thing>=2"' in str(missing)
    assert "is too old" in old.text and "--upgrade" in old.fix
    assert good.ok and "rich" in good.text
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert doctor.ffmpeg().ok and "M4A" in doctor.ffmpeg().text
    monkeypatch.setattr(doctor, "NEEDED_DISK", 10**18)
    assert not doctor.disk().ok


def test_doctor_asks_colab_for_no_jupyterlab(monkeypatch):
    wanted = ['nosuch-lab>=4; extra == "notebooks"', 'nosuch-demo>=6; extra == "demo"']
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert [finding.ok for finding in doctor.packages()] == [False, False, True]
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    demo, _ = doctor.packages()
    assert "nosuch-demo" in demo.text


def test_doctor_reports_what_breaks_instead_of_breaking():
    def decode():
        raise OSError("no codec")

    finding = doctor._tried(decode)
    assert not finding.ok and finding.text == "decode: OSError: no codec"


def test_every_command_and_option_is_explained_in_a_sentence():
    for name, command in typer.main.get_command(cli.app).commands.items():
        assert command.help.split("\n")[0].endswith("."), name
        for parameter in command.params:
            assert parameter.name == "help" or parameter.help.endswith("."), (name, parameter.name)


@pytest.mark.parametrize("option", ["--epochs", "--learning-rate", "--steps", "--batch-size"])
def test_a_training_without_learning_is_refused(option, tmp_path):
    done = CliRunner().invoke(
        cli.app, ["finetune", "classification", "--out", str(tmp_path / "m"), option, "0"]
    )
    assert done.exit_code == 2 and option in done.output
    assert not (tmp_path / "m").exists()


def test_the_help_states_the_defaults_of_the_recipes():
    from course_utils.finetuning import recipes

    command = typer.main.get_command(cli.app).commands["finetune"]
    texts = {parameter.name: parameter.help for parameter in command.params}
    for task in recipes.TASKS:
        settings = recipes.find(task).pocket
        assert f"{task} {settings['num_train_epochs']}" in texts["epochs"]
        size = settings["per_device_train_batch_size"]
        assert size == (8 if task in ("diarization", "tts") else 16)
        stated = re.search(rf"\b{task} (\de-\d)", texts["learning_rate"])
        assert settings["learning_rate"] == float(stated[1])
        assert settings["gradient_accumulation_steps"] == 1
    assert "lesson's, 16; diarization, tts 8)" in texts["batch_size"]
    assert "lesson's, 1)" in texts["accumulation"]
