"""A new voice for the Hub's synthesiser, from the command line."""

import json
import os
import subprocess
import sys

import pytest
from safetensors.numpy import load_file

from course_utils import data


@pytest.fixture
def voice(tmp_path):
    """Return a folder with four clips of one speaker and their texts."""
    folder, lines = tmp_path / "voice", ["file_name,text"]
    folder.mkdir()
    for place, row in enumerate(data.load("new-voice", "test").select(range(4))):
        (folder / f"{place}.ogg").write_bytes(row["audio"]["bytes"])
        lines.append(f'{place}.ogg,"{row["text"]}"')
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def ran(*arguments, home):
    environment = os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "course_utils.course.cli", *map(str, arguments)],
        env=environment, capture_output=True, encoding="utf-8",
    )  # fmt: skip


def test_speecht5_is_fine_tuned_and_heard(hub_home, voice, tmp_path):
    out, options = tmp_path / "m", ("--profile", "hub", "--data", voice)
    short = ("--steps", 2, "--batch-size", 2)
    done = ran("finetune", "tts", "--out", out, *short, *options, home=hub_home)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["model_type"] == "speecht5"
    vectors = load_file(out / "voice.safetensors")
    assert {name: vector.shape for name, vector in vectors.items()} == {"speaker_embedding": (16,)}
    results = tmp_path / "r.jsonl"
    done = ran("evaluate", "tts", "--model", out, "--out", results, *options, home=hub_home)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 4 and all(-1 <= answer["similarity"] <= 1 for answer in answers)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("synthesiser", "facebook/mms-tts-eng is a vits, and only FastSpeech2Conformer and Speech"),
        ("pocket", "has 16 numbers, and the synthesiser takes 128"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(model, said, hub_home, voice, tmp_path):
    from course_utils import catalog

    model = catalog.where("synthesiser") if model == "pocket" else model
    options = ("--profile", "hub", "--data", voice, "--model", model, "--steps", 1)
    done = ran("finetune", "tts", "--out", tmp_path / "m", *options, home=hub_home)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert said in done.stderr
