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


def test_each_person_is_scored_alone(tmp_path):
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for clip in ("7_theo_0.wav", "0_jackson_12.wav", "0_jackson_13.wav"):
        audio.save(folder / clip, np.zeros(800, np.float32), 8_000)
    rows = recognition_scores.digit_rows(tmp_path)
    people = recognition_scores.score_people(lambda clips: ["zero"] * len(clips), rows)
    assert {who: (row["wer"], row["utterances"]) for who, row in people.items()} == {
        "jackson": (0, 2),
        "theo": (1, 1),
    }
