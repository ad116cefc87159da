"""The shipped recognisers: their classes, CTC's rule, and three minutes in one call."""

import json
import subprocess
import sys

import jiwer
import numpy as np
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor, pipeline

from course_utils import audio, data, scoring
from course_utils.catalog import POCKET
from course_utils.course.checks.lesson_04 import collapse

RATE = 16_000
RECOGNISERS = ("pocket-ctc", "pocket-whisper")


def test_plain_auto_classes_open_both():
    assert AutoModelForCTC.from_pretrained(POCKET / "pocket-ctc").num_parameters() < 8e6
    model = AutoModelForSpeechSeq2Seq.from_pretrained(POCKET / "pocket-whisper")
    assert model.num_parameters() < 8e6
    for name in RECOGNISERS:
        tokenizer = AutoProcessor.from_pretrained(POCKET / name).tokenizer
        ids = tokenizer("turn it up").input_ids
        assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "turn it up"


@given(st.lists(st.integers(0, 29), max_size=40))
def test_collapsing_by_hand_equals_the_tokenizers(ids):
    tokenizer = AutoProcessor.from_pretrained(POCKET / "pocket-ctc").tokenizer
    left = collapse(ids, tokenizer.pad_token_id)
    spelled = "".join(tokenizer.convert_ids_to_tokens(left)).replace("|", " ")
    assert spelled.split() == tokenizer.decode(ids).split()


LONG = """
import json, resource, sys
import numpy as np
import pytest
from transformers import pipeline
from course_utils import audio, data
from course_utils.formats import subtitles
from course_utils.catalog import POCKET

def peak():
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

rows = data.load("speech", split="test")
rows = rows.filter(lambda domain: domain != "banking", input_columns="domain")
clips = [audio.load(row["audio"], 16_000)[0] for row in rows]
pause = np.zeros(8_000, np.float32)
once = np.concatenate([part for clip in clips for part in (clip, pause)])
minute, three = once[: 60 * 16_000], once[: 180 * 16_000]
whole = np.cumsum([len(clip) + len(pause) for clip in clips]) <= len(three)
recognise = pipeline("automatic-speech-recognition", model=str(POCKET / "pocket-ctc"), device="cpu")
options = {"chunk_length_s": 10, "stride_length_s": 2, "return_timestamps": "word"}
recognise({"array": minute, "sampling_rate": 16_000}, **options)
before = peak()
answer = recognise({"array": three, "sampling_rate": 16_000}, **options)
subtitles.save(sys.argv[1], answer["chunks"])
print(json.dumps({
    "seconds": len(three) / 16_000, "more": peak() - before, "text": answer["text"],
    "said": " ".join(text for text, inside in zip(rows["text"], whole) if inside),
}))
"""


@pytest.mark.long
def test_three_minutes_in_chunks_with_bounded_memory_and_valid_subtitles(tmp_path):
    pytest.importorskip("resource", reason="only Unix tells the peak of memory")
    done = subprocess.run(
        [sys.executable, "-c", LONG, tmp_path / "long.srt"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seconds"] == 180
    assert found["more"] < 45  # MiB beyond a minute's: 0.4 a second; the samples are 0.06
    lines = pysubs2.load(tmp_path / "long.srt")
    assert lines[-1].end <= 180_100  # ms
    assert " ".join(line.text for line in lines).split() == found["text"].split()
    # What is cut into chunks is spelled about as well as clip by clip. (Not so its words: between
    # two sentences the model sometimes writes no space.)
    sides = {"predictions": [found["text"]], "references": [found["said"]]}
    score = scoring.load("cer").compute(**sides)["cer"]
    by_clip = json.loads((POCKET / "pocket-ctc" / "results.json").read_text(encoding="utf-8"))[
        "test"
    ]["known"]
    assert score <= by_clip["cer"] + 0.08


def test_whisper_transcribes_a_longer_recording_window_by_window():
    recognise = pipeline(
        "automatic-speech-recognition", model=str(POCKET / "pocket-whisper"), device="cpu"
    )
    window = recognise.feature_extractor.n_samples
    rows = data.load("speech", split="test").select(range(24, 29))
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    separate = [recognise({"array": clip, "sampling_rate": RATE})["text"].strip() for clip in clips]
    # A window holds one sentence: which of two sentences the model writes can change with little.
    samples = np.concatenate([np.pad(clip, (0, window - len(clip))) for clip in clips])
    for options in ({}, {"return_timestamps": True}):
        whole = recognise({"array": samples, "sampling_rate": RATE}, **options)["text"]
        assert jiwer.wer(" ".join(separate), whole.strip()) < 0.1


def test_the_test_split_is_no_training_data():
    splits = data.load("speech")
    texts = {split: set(rows["text"]) for split, rows in splits.items()}
    voices = {
        split: {part.split(":")[0] for who in rows["speaker"] for part in who.split("+")}
        for split, rows in splits.items()
    }
    for sets in (texts, voices):
        assert not sets["test"] & (sets["train"] | sets["validation"])
        assert not sets["validation"] & sets["train"]
