"""Running lessons: fresh kernels, cut off the network, first error reported, copies saved."""

import json
import os

import nbformat
import pytest
from typer.testing import CliRunner

from course_utils.course import cli, notebook_runner, progress, syllabus

FACTS = {
    "title": "Tiny", "task": "t", "minutes": {"pocket": 1, "hub": 1}, "objectives": [],
    "prerequisites": [], "outcome": "o",
}  # fmt: skip
GOOD = """
import os
from course_utils.course import progress
print(os.environ["COURSE_PROFILE"], os.environ.get("HF_HUB_OFFLINE"))
progress.record("t", metric="accuracy", baseline=0.5, finetuned=0.75, lesson="01")
"""


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """Return a function that writes tiny lessons, given the code of their one code cell."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))

    def write(**sources):
        for number, source in sources.items():
            notebook = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_markdown_cell("# x"), nbformat.v4.new_code_cell(source)],
                metadata={"course": FACTS | {"number": number[1:]}},
            )
            nbformat.write(notebook, folder / f"{number[1:]}_tiny.ipynb")
        return syllabus.lessons()

    return write


def test_a_run_keeps_the_scores_and_the_executed_copy(lessons, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    (lesson,) = lessons(n01=GOOD)
    cells = []
    done = notebook_runner.run(lesson, "pocket", tmp_path / "out", on_cell=lambda: cells.append(1))
    assert done.error is None and len(cells) == notebook_runner.code_cells(lesson) == 1
    assert [(s["task"], s["finetuned"]) for s in done.scores] == [("t", 0.75)]
    copy = nbformat.read(tmp_path / "out" / "01_tiny.ipynb", as_version=4)
    assert copy.cells[1].outputs[0].text == "pocket 1\n"
    assert os.environ["HF_HUB_OFFLINE"] == "0" and "COURSE_PROFILE" not in os.environ


def test_an_error_is_one_sentence_and_the_copy_shows_it(lessons, tmp_path):
    (lesson,) = lessons(n01="raise ValueError('the reason\\nmore')")
    done = notebook_runner.run(lesson, "pocket", tmp_path / "out")
    assert done.error == "ValueError: the reason"
    copy = json.loads((tmp_path / "out" / "01_tiny.ipynb").read_text())
    assert copy["cells"][1]["outputs"][0]["output_type"] == "error"


def test_a_kernel_that_dies_is_reported(lessons, tmp_path):
    (lesson,) = lessons(n01="import os; os._exit(3)")
    assert "DeadKernelError" in notebook_runner.run(lesson, "pocket", tmp_path / "out").error


def test_the_command_prints_scores_and_its_exit_code_tells(lessons, tmp_path):
    lessons(n01=GOOD, n02="1/0")
    result = CliRunner().invoke(cli.app, ["run", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "stopped: ZeroDivisionError" in result.output and "0.75" in result.output
    assert "1 of 2 lessons ran" in result.output and result.output.rstrip().endswith(" run 02")
    result = CliRunner().invoke(cli.app, ["run", "1", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0 and "1 of 1 lessons ran" in result.output
    assert len(json.loads(progress.path().read_text())) == 2


MEETING = """
import os, time
from pathlib import Path
from course_utils.course import progress
Path("{me}").touch()
while not Path("{other}").exists():  # which only a lesson that runs beside it can make
    time.sleep(0.1)
progress.record("t", metric="wer", baseline={me}, lesson="0{me}")
print(os.environ["OMP_NUM_THREADS"])
"""


def test_lessons_beside_each_other_share_the_cores_and_keep_their_scores_apart(
    lessons, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    lessons(n01=MEETING.format(me=1, other=2), n02=MEETING.format(me=2, other=1))
    cells, out = [], tmp_path / "out"
    done = list(
        notebook_runner.run_all(
            syllabus.lessons(), "pocket", out, 2, on_cell=lambda: cells.append(1)
        )
    )
    assert [run.error for run in done] == [None, None] and len(cells) == 2
    assert [[s["baseline"] for s in run.scores] for run in done] == [[1.0], [2.0]]
    for number in "12":
        copy = nbformat.read(out / f"0{number}_tiny.ipynb", as_version=4)
        assert copy.cells[1].outputs[0].text == "3\n"
