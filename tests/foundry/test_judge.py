"""The shipped speech, transcribed by a recogniser that had no part in it."""

import pytest
from transformers import pipeline

from course_utils import audio, scoring
from foundry.recognition import recognition_scores


@pytest.mark.shared
@pytest.mark.parametrize("domain", ["home", "everyday"])  # the judge writes numbers as digits
def test_an_independent_recogniser_understands_the_clips(shared_real, domain):
    folder = shared_real.parent / "judge" / "moonshine-tiny-en"
    if not folder.is_dir():
        pytest.skip(f"no recogniser at {folder}; set COURSE_SHARED to the folder that holds judge/")
    judge = pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    rows = recognition_scores.shipped("test", [domain])[:12]
    clips = (
        {"array": audio.load(row["audio"], 16_000)[0], "sampling_rate": 16_000} for row in rows
    )
    heard = [scoring.normalise_text(judge(clip)["text"]) for clip in clips]
    said = [row["text"] for row in rows]
    assert scoring.load("wer").compute(references=said, predictions=heard)["wer"] < 0.15
