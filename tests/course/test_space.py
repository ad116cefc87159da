"""The Space that lesson 12 pushes: app.py runs without the course's package, and answers."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course_utils import audio, catalog, data
from course_utils.course import syllabus

SHADOW = "raise ModuleNotFoundError('course_utils is not installed on a Space')\n"


@pytest.fixture(scope="module")
def cells():
    (lesson,) = syllabus.select(["12"])
    return nbformat.read(syllabus.folder() / lesson.file, as_version=4).cells


@pytest.fixture
def page(cells, tmp_path):
    """Start app.py in a folder of its own, and return its address."""
    (source,) = (cell.source for cell in cells if cell.source.startswith("app = "))
    names = {"repo_id": str(Path(catalog.where("sound-classifier")).as_posix())}
    exec(source, names)
    (tmp_path / "app.py").write_text(names["app"], encoding="utf-8")
    (tmp_path / "course_utils.py").write_text(SHADOW, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    settings = {"GRADIO_SERVER_PORT": port, "GRADIO_ANALYTICS_ENABLED": "False"}
    with (tmp_path / "said").open("w", encoding="utf-8") as said:
        app = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=tmp_path, env=os.environ | settings, stdout=said, stderr=said,
        )  # fmt: skip
        while "Running on" not in (text := (tmp_path / "said").read_text("utf-8")):
            assert app.poll() is None, text
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        app.kill()
        app.wait()


def test_the_app_answers_a_sound_and_refuses_what_is_none(page, tmp_path):
    client = pytest.importorskip("gradio_client")
    row = data.load("sounds", "test")[0]
    audio.save(tmp_path / "clip.wav", *audio.load(row["audio"]))
    (tmp_path / "notes.wav").write_bytes(b"these are not samples")
    visitor = client.Client(page, verbose=False)
    names = data.load("sounds", "test").features["label"]
    answer = visitor.predict(client.handle_file(tmp_path / "clip.wav"), api_name="/answer")
    assert answer["label"] == names.int2str(row["label"])
    for sent, said in ((None, "Record a sound"), ("notes.wav", "no sound that can be read")):
        sent = sent and client.handle_file(tmp_path / sent)
        with pytest.raises(Exception, match=said):
            visitor.predict(sent, api_name="/answer")


def test_the_stored_card_names_its_sources_and_says_what_its_score_is_worth(cells):
    (said,) = (
        output.text
        for cell in cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and "## Licence and sources" in output.text
    )
    for part in (
        "clips are synthetic",
        "not for decisions",
        "Apache-2.0",
        "CC BY 4.0",
        "CC BY 3.0",
    ):
        assert part in said, part
    assert "this project" not in said and "Classes with" not in said
    headings = re.findall("^## (.*)", said, re.MULTILINE)
    assert headings == [
        "Intended use and limits", "Score", "Training data and procedure", "Licence and sources",
    ]  # fmt: skip
