import json

import jiwer
import pytest

from course_utils.foundry import speech_scores
from course_utils.foundry.sentences import DIGITS

ROWS = [
    {"text": "one two", "domain": "digits"},
    {"text": "turn it off", "domain": "home"},
    {"text": "pay the bill", "domain": "banking"},
]
HEARD = ["one two", "turn off", "may the pill"]


def test_scores_equal_jiwers_domain_by_domain():
    table = speech_scores.score_by_domain(ROWS, HEARD, ("digits", "home"))
    said = [row["text"] for row in ROWS]
    assert list(table) == ["known", "banking", "digits", "home"]
    assert table["known"]["wer"] == pytest.approx(jiwer.wer(said[:2], HEARD[:2]))
    assert table["banking"]["cer"] == pytest.approx(jiwer.cer(said[2:], HEARD[2:]))
    assert table["known"]["utterances"] == 2


def test_digits_are_named_by_their_file_names(tmp_path):
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for name in ("7_theo_0.wav", "0_jackson_12.wav"):
        (folder / name).touch()
    words = [row[1:] for row in speech_scores.digit_rows(tmp_path)]
    assert words == [(DIGITS[0], "jackson"), (DIGITS[7], "theo")]
    with pytest.raises(SystemExit, match="--real"):
        speech_scores.digit_rows(tmp_path / "fsdd")


def test_nothing_rendered_is_said(tmp_path):
    with pytest.raises(SystemExit, match="No rendered speech"):
        speech_scores.training_rows(tmp_path, ["home"])


def test_results_and_card_say_the_same(tmp_path):
    test = speech_scores.score_by_domain(ROWS, HEARD, ("digits", "home"))
    (tmp_path / "model.safetensors").write_bytes(bytes(1_240_000))
    results = {"parameters": 2_345_678, "test": test}
    fields = dict.fromkeys(
        ["hours", "studio", "firststeps", "steps", "rate", "people"], "as measured"
    )
    speech_scores.write_results(results, tmp_path, "whisper_card.md", **fields)
    assert json.loads((tmp_path / "results.json").read_text())["test"]["known"] == {
        **test["known"],
        "interval": list(test["known"]["interval"]),
    }
    card = (tmp_path / "README.md").read_text()
    assert "2.35 M parameters, 1.2 MB" in card and "$" not in card
    assert f"| known | {speech_scores.percent(test['known'])} |" in card
