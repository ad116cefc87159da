import json

import jiwer
import numpy as np
import pytest

from course_utils import audio
from foundry.recognition import recognition_scores
from foundry.speech.sentences import DIGITS

ROWS = [
    {"text": "one two", "domain": "digits"},
    {"text": "turn it off", "domain": "home"},
    {"text": "pay the bill", "domain": "banking"},
]
HEARD = ["one two", "turn off", "may the pill"]


def test_scores_equal_jiwers_domain_by_domain():
    table = recognition_scores.score_by_domain(ROWS, HEARD, {"both": ("digits", "home")})
    said = [row["text"] for row in ROWS]
    assert list(table) == ["both", "banking", "digits", "home"]
    assert table["both"]["wer"] == pytest.approx(jiwer.wer(said[:2], HEARD[:2]))
    assert table["banking"]["cer"] == pytest.approx(jiwer.cer(said[2:], HEARD[2:]))
    assert table["both"]["utterances"] == 2


def test_digits_are_named_by_their_file_names(tmp_path):
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for name in ("7_theo_0.wav", "0_jackson_12.wav"):
        (folder / name).touch()
    words = [row[1:] for row in recognition_scores.digit_rows(tmp_path)]
    assert words == [(DIGITS[0], "jackson"), (DIGITS[7], "theo")]
    with pytest.raises(SystemExit, match="--real"):
        recognition_scores.digit_rows(tmp_path / "fsdd")


def test_nothing_rendered_is_said(tmp_path):
    with pytest.raises(SystemExit, match="No rendered speech"):
        recognition_scores.training_rows(tmp_path, ["home"])


@pytest.mark.parametrize("last_stage", ["long", "last"])  # of the CTC model, of Whisper
def test_results_and_card_say_the_same(tmp_path, monkeypatch, last_stage):
    real, out = tmp_path / "real", tmp_path / "out"
    (real / "fsdd" / "recordings").mkdir(parents=True)
    out.mkdir()
    (out / "model.safetensors").write_bytes(bytes(1_240_000))
    for clip in ("7_theo_0.wav", "0_jackson_12.wav"):
        audio.save(real / "fsdd" / "recordings" / clip, np.zeros(800, np.float32), 8_000)
    monkeypatch.setattr(
        recognition_scores, "recogniser", lambda folder: lambda clips: HEARD[: len(clips)]
    )
    monkeypatch.setattr(
        recognition_scores,
        "score_test",
        lambda transcribe: recognition_scores.score_by_domain(
            ROWS, transcribe(ROWS), {"known": ("digits", "home")}
        ),
    )
    stage = {"steps": 10, "rate": 0.003}
    training = {"hours": 1.5, "studio": 20, "first": stage, "train": stage}
    training[last_stage] = {**stage, "count": 7}
    recognition_scores.score_recogniser(2_345_678, training, real, out)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["test"]["known"]["wer"] == pytest.approx(
        jiwer.wer(["one two", "turn it off"], HEARD[:2])
    )
    assert set(results["people"]) == {"theo", "jackson"}
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "2.35 M parameters, 1.2 MB" in card and "$" not in card
    for scores in (results["test"]["known"], results["people"]["theo"]):
        assert recognition_scores.percent(scores) in card
