"""`course-utils answer`: one line for a recording, in formats that other programs read."""

import json
from io import StringIO

import jiwer
import numpy as np
import pysubs2
import pytest
import soundfile
from pyannote.database.util import load_rttm
from transformers import pipeline
from typer.testing import CliRunner

from course_utils import audio, catalog, data
from course_utils.course import cli
from course_utils.finetuning import answering, inference
from course_utils.finetuning.recipes import RecipeError
from course_utils.simulation import conversations

RATE = 16_000


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """Six sentences of one voice with pauses of 0.8 s: the file, the texts and their starts."""
    rows = data.load("speech", "test")
    path, parts, starts = tmp_path_factory.mktemp("talk") / "my talk.wav", [], []
    chosen = [n for n, text in enumerate(rows["text"]) if 4 <= len(text.split()) <= 7][:6]
    for row in rows.select(chosen):
        samples = audio.trim_silence(audio.load(row["audio"], RATE)[0], RATE)
        starts.append(sum(map(len, parts)) / RATE)
        parts += [samples, np.zeros(int(0.8 * RATE), np.float32)]
    soundfile.write(path, np.concatenate(parts), RATE)
    return path, [rows["text"][n] for n in chosen], starts


@pytest.fixture(scope="module")
def meeting(tmp_path_factory):
    """Twenty seconds between two voices: the file and the turns."""
    mixed = conversations.simulate(data.load("speech", "test"), 3, seconds=20.0)
    path = tmp_path_factory.mktemp("meeting") / "the meeting.flac"
    soundfile.write(path, mixed["audio"], RATE)
    return path, mixed["turns"]


def answer(*arguments):
    done = CliRunner().invoke(cli.app, ["answer", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_talk_becomes_subtitles_that_pysubs2_reads(talk, tmp_path):
    path, texts, starts = talk
    assert answer("asr", path, "--out", tmp_path / "talk.srt").exit_code == 0
    cues = pysubs2.load(tmp_path / "talk.srt")
    assert len(cues) == len(texts)
    for cue, start in zip(cues, starts, strict=True):
        assert cue.start / 1000 == pytest.approx(start, abs=0.2)
        assert 0.5 < cue.duration / 1000 < 6
    said = answer("asr", path, "--format", "vtt").stdout
    again = pysubs2.SSAFile.from_string(said, format_="vtt")
    assert [(c.start, c.end, c.text) for c in again] == [(c.start, c.end, c.text) for c in cues]
    plain = answer("asr", path).stdout
    assert plain.split() == " ".join(cue.text for cue in cues).split()
    wanted = " ".join(texts).lower().replace(".", "").replace("?", "").replace(",", "")
    assert jiwer.wer(wanted, plain.strip()) < 0.35


def test_a_meeting_becomes_rttm_that_pyannote_reads(meeting, tmp_path):
    path, turns = meeting
    assert answer("diarization", path, "--out", tmp_path / "m.rttm").exit_code == 0
    found = load_rttm(tmp_path / "m.rttm")["the_meeting"]
    assert answer("diarization", path).stdout.count("\n") == len(found)
    speech = sum(turn["end"] - turn["start"] for turn in turns)
    assert found.get_timeline().duration() == pytest.approx(speech, rel=0.35)
    (row,) = [json.loads(answer("diarization", path, "--format", "json").stdout)]
    assert len(row["turns"]) == len(found) and row["file"] == str(path)


def test_several_files_of_which_one_is_damaged(talk, tmp_path):
    rows = data.load("sounds", "test")
    classify = pipeline("audio-classification", model=catalog.model("sound-classifier"))
    for n in range(3):
        (tmp_path / f"{n}.ogg").write_bytes(rows[n]["audio"]["bytes"])
    files = [tmp_path / f"{n}.ogg" for n in range(3)]
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    done = answer("classification", *files, tmp_path / "broken.wav", "--format", "json")
    found = json.loads(done.stdout)
    for n, row in enumerate(found):
        samples, rate = audio.load(rows[n]["audio"], RATE)
        best = classify({"array": samples, "sampling_rate": rate}, top_k=1)[0]
        assert row["label"] == best["label"]
        assert row["score"] == pytest.approx(best["score"], abs=1e-4)
    assert done.exit_code == 1 and "broken.wav" in done.stderr and done.stderr.count("\n") == 1
    done = answer("classification", *files, "--out", tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "0.txt",
        "1.txt",
        "2.txt",
    ]
    label, score = (tmp_path / "made" / "0.txt").read_text(encoding="utf-8").rsplit(maxsplit=1)
    assert label == found[0]["label"] and float(score) == pytest.approx(found[0]["score"], abs=0.01)


@pytest.mark.parametrize(
    ("task", "files", "options", "words"),
    [
        (
            "asr",
            ["a.wav"],
            {"format": "rttm"},
            "rttm does not go with asr: choose one of text, srt",
        ),
        ("diarization", ["a.wav"], {"format": "srt"}, "choose one of text, rttm, json"),
        ("classification", ["a.wav"], {"out": "x.vtt"}, "vtt does not go with classification"),
        ("asr", ["a.wav", "b.wav"], {"format": "srt"}, "give --out, a folder"),
        ("asr", ["x/a.wav", "y/a.mp3"], {"format": "text"}, "two files are called a"),
        ("tts", ["a.wav"], {}, "answer is for asr, diarization, classification"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_sentence(task, files, options, words):
    with pytest.raises(RecipeError, match=words) as caught:
        answering.format_of(task, files, **options)
    assert "\n" not in str(caught.value)


def test_silence_has_no_pieces_and_noise_is_one():
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    assert answering.pieces(np.zeros(RATE, np.float32), RATE) == []
    assert answering.pieces(noise, RATE) == [(0.0, 3.0)]
    silence = {"file": "s.wav", "text": "", "chunks": []}
    assert answering.written(silence, "srt") == "" and answering.written(silence, "text") == "\n"
    assert len(pysubs2.SSAFile.from_string(answering.written(silence, "vtt"), format_="vtt")) == 0
    quiet = {"file": "two words.wav", "turns": []}
    assert answering.written(quiet, "rttm") == "" and StringIO(answering.written(quiet, "json"))


def test_recordings_without_turns_are_answered_by_evaluate_too(tmp_path):
    folder = tmp_path / "phone"
    folder.mkdir()
    for number in range(2):
        soundfile.write(folder / f"{number}.wav", np.zeros(16_000), 16_000)
    found = inference.evaluate("diarization", "diarizer", tmp_path / "r.jsonl", data=str(folder))
    assert (found["answered"], found["errors"]) == (2, 0)
