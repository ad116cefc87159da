"""Running lessons: fresh kernels, cut off the network, first error reported, copies saved."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from typer.testing import CliRunner

from course_utils.course import cli, notebook_runner, progress, syllabus

POSIX = pytest.mark.skipif(
    os.name != "posix", reason="on Windows a test cannot send Ctrl-C to one process of a console"
)
FACTS = {
    "title": "Tiny", "task": "t", "minutes": {"pocket": 1, "hub": 1}, "gpu": False,
    "objectives": [],
    "prerequisites": [], "outcome": "o",
}  # fmt: skip
GOOD = """
import os
from course_utils.course import progress
print(os.environ["COURSE_PROFILE"], os.environ.get("HF_HUB_OFFLINE"))
progress.record(
    "t", metric="accuracy", baseline=0.5, finetuned=0.75, lesson="01", higher_is_better=True
)
"""


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """Return a function that writes tiny lessons, given the code of one code cell or of several."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))

    def write(**sources):
        for number, source in sources.items():
            code = [source] if isinstance(source, str) else source
            notebook = nbformat.v4.new_notebook(
                cells=[
                    nbformat.v4.new_markdown_cell("# x"),
                    *map(nbformat.v4.new_code_cell, code),
                ],
                metadata={"course": FACTS | {"number": number[1:]}},
            )
            nbformat.write(notebook, folder / f"{number[1:]}_tiny.ipynb")
        return syllabus.lessons()

    return write


def test_a_run_keeps_the_scores_and_the_executed_copy(lessons, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    (lesson,) = lessons(n01=GOOD)
    watch = notebook_runner.Watch()
    done = notebook_runner.run(lesson, "pocket", tmp_path / "out", watch)
    assert done.error is None and done.cell is None and watch.running == {}
    assert len(watch.done) == notebook_runner.code_cells(lesson) == 1
    assert [(s["task"], s["finetuned"]) for s in done.scores] == [("t", 0.75)]
    copy = nbformat.read(tmp_path / "out" / "01_tiny.ipynb", as_version=4)
    assert copy.cells[1].outputs[0].text == "pocket 1\n"
    assert os.environ["HF_HUB_OFFLINE"] == "0" and "COURSE_PROFILE" not in os.environ


def test_an_error_is_one_sentence_and_the_copy_shows_it(lessons, tmp_path):
    (lesson,) = lessons(n01="raise ValueError('the reason\\nmore')")
    done = notebook_runner.run(lesson, "pocket", tmp_path / "out")
    assert done.error == "ValueError: the reason"
    copy = json.loads((tmp_path / "out" / "01_tiny.ipynb").read_text(encoding="utf-8"))
    assert copy["cells"][1]["outputs"][0]["output_type"] == "error"


def test_a_kernel_that_dies_is_reported(lessons, tmp_path):
    (lesson,) = lessons(n01="import os; os._exit(3)")
    assert "DeadKernelError" in notebook_runner.run(lesson, "pocket", tmp_path / "out").error


def test_the_command_prints_scores_and_its_exit_code_tells(lessons, tmp_path):
    lessons(n01=GOOD, n02="1/0")
    result = CliRunner().invoke(cli.app, ["run", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    starts = [line[:2] for line in result.output.splitlines() if line.endswith("  Tiny begins")]
    assert starts == ["01", "02"]
    assert "stopped: ZeroDivisionError" in result.output and "0.75" in result.output
    assert "1 of 2 lessons ran" in result.output
    again = f" run 02 --out {tmp_path / 'out'}"
    assert "To repeat what stopped: " in result.output and result.output.rstrip().endswith(again)
    result = CliRunner().invoke(cli.app, ["run", "1", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0 and "1 of 1 lessons ran" in result.output
    assert len(json.loads(progress.path().read_text(encoding="utf-8"))) == 2


MEETING = """
import os, time
from pathlib import Path
from course_utils.course import progress
Path("{me}").touch()
while not Path("{other}").exists():  # which only a lesson that runs beside it can make
    time.sleep(0.1)
progress.record("t", metric="wer", baseline={me}, lesson="0{me}", higher_is_better=False)
print(os.environ["OMP_NUM_THREADS"])
"""


def test_lessons_beside_each_other_share_the_cores_and_keep_their_scores_apart(
    lessons, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    lessons(n01=MEETING.format(me=1, other=2), n02=MEETING.format(me=2, other=1))
    watch, out = notebook_runner.Watch(), tmp_path / "out"
    done = list(notebook_runner.run_all(syllabus.lessons(), "pocket", out, 2, watch))
    assert [run.error for run in done] == [None, None] and len(watch.done) == 2
    found = {run.lesson.number: [s["baseline"] for s in run.scores] for run in done}
    assert found == {"01": [1.0], "02": [2.0]}
    for number in "12":
        copy = nbformat.read(out / f"0{number}_tiny.ipynb", as_version=4)
        assert copy.cells[1].outputs[0].text == "3\n"


@pytest.mark.parametrize(("jobs", "first"), [(1, {"01", "02"}), (2, {"01", "03"})])
def test_several_jobs_begin_with_the_longest_lessons(jobs, first, lessons, tmp_path, monkeypatch):
    found = [
        dataclasses.replace(lesson, minutes={"pocket": minutes})
        for lesson, minutes in zip(lessons(n01="", n02="", n03=""), (2, 1, 5), strict=True)
    ]
    begun = []

    def run(lesson, profile, out, *rest):
        begun.append(lesson.number)
        return notebook_runner.Run(lesson)

    monkeypatch.setattr(notebook_runner, "run", run)
    done = list(notebook_runner.run_all(found, "pocket", tmp_path, jobs))
    assert set(begun[:2]) == first and len(done) == 3


def test_the_running_cell_is_told_by_its_place_its_seconds_and_its_first_line(lessons, tmp_path):
    (lesson,) = lessons(n01=["a = 1", " ", "\n# " + "x" * 50 + "\nb", "raise ValueError('no')"])
    seen = []

    class Recorder(notebook_runner.Watch):
        def begin(self, cell):
            super().begin(cell)
            seen.append(str(self.running["01"]))

    watch = Recorder()
    done = notebook_runner.run(lesson, "pocket", tmp_path / "out", watch)
    # An empty cell does not run; the name of the third is not defined.
    assert seen == ["cell 1 of 3, 0 s: a = 1", f"cell 2 of 3, 0 s: # {'x' * 37}…"]
    assert done.error.startswith("NameError") and done.cell.place == 2 and watch.running == {}
    times = [(cell.started, cell.ended) for cell in watch.done]
    assert times == sorted(times) and all(start < end for start, end in times)
    cells = [
        notebook_runner.Cell(lesson, place, 3, "x", started=0, ended=seconds)
        for place, seconds in enumerate((5, 65.4, 7), start=1)
    ]
    for cell in cells:
        watch.done.append(cell)
    assert watch.longest(lesson) is cells[1] and str(cells[1]) == "cell 2 of 3, 65 s: x"


ENDLESS = """
import subprocess, sys
from pathlib import Path
import os
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path("numbers.new").write_text(f"{os.getpid()} {child.pid}")
Path("numbers.new").rename("numbers")
while True:
    try:
        child.wait()
    except KeyboardInterrupt:  # as a library may do
        print("not now")
"""


def alive(number):
    """Tell whether a process runs; one that ended may be kept until somebody asks for its code."""
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def started(lessons, tmp_path):
    """Return a function that starts the command on three lessons; the second one does not end."""
    second = ["print('before')", GOOD.replace('"01"', '"02"'), ENDLESS, "print('after')"]
    lessons(n01=GOOD, n02=second, n03="1")
    command = [sys.executable, "-m", "course_utils.course.cli", "run", "--out", tmp_path / "out"]
    processes = []

    def start(output):
        environment = os.environ | {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
        processes.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
        return processes[0]

    yield start
    for process in processes:
        process.kill()


def check_what_is_left(said, out):
    """Check the messages and the files of a run that was interrupted in the endless cell."""
    kernel, child = map(int, (out / "numbers").read_text(encoding="utf-8").split())
    assert not alive(kernel) and not alive(child)
    assert "Traceback" not in said
    done = r"^01  Tiny .* s  done, longest: cell 1 of 1, \d+ s: import os$"
    assert re.search(done, said, re.M)
    stopped = r"^02  Tiny .* s  stopped: interrupted \(cell 3 of 4, \d+ s: import subprocess, sys\)"
    assert re.search(stopped, said, re.M)
    assert "03  Tiny" not in said and "1 of 3 lessons ran" in said
    assert re.findall(r"^(0\d) .* 0\.75 ", said, re.M) == ["01", "02"]  # the table of scores
    *_, last = said.split("\n")[:-1]
    assert last.startswith("To go on: ") and last.rstrip().endswith(f" run 02 03 --out {out}")
    assert not (out / "03_tiny.ipynb").exists()
    _, before, good, endless, after = nbformat.read(out / "02_tiny.ipynb", as_version=4).cells
    assert before.outputs[0].text == "before\n" and good.outputs[0].text == "pocket 1\n"
    assert endless.source == ENDLESS and after.outputs == [] and after.execution_count is None


@POSIX
def test_ctrl_c_on_a_terminal_where_the_running_cell_was_shown(started, tmp_path):
    reader, writer = os.openpty()
    process, said, seconds = started(writer), "", set()
    os.close(writer)
    while True:
        try:
            said += os.read(reader, 2**16).decode(errors="replace")
        except OSError:  # how Linux tells that no writer of a terminal is left
            break
        found = re.findall(r"02  cell 3 of 4, (\d+) s: import subprocess, sys", said)
        assert len(found) < 1_000, said[-500:]  # pictures, ten a second, in which no clock runs
        if len(seconds) < 2 <= len(seconds := set(found)):
            process.send_signal(signal.SIGINT)
    os.close(reader)
    assert process.wait() == 130, said
    plain = re.sub(r"\r+\n?", "\n", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said))
    check_what_is_left(plain, tmp_path / "out")


@POSIX
def test_ctrl_c_where_the_output_goes_to_a_file(started, tmp_path):
    out, log = tmp_path / "out", tmp_path / "log.txt"
    with log.open("wb") as output:
        process = started(output)
        while not (out / "numbers").exists():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    said = log.read_text(encoding="utf-8")
    assert "\x1b" not in said and "\r" not in said
    check_what_is_left(said, out)
