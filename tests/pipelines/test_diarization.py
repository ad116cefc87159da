"""The registered pipeline on the shipped models: any input, any length, clear refusals."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.catalog import POCKET
from course_utils.simulation import conversations

pipelines.register()


MODELS = {
    "clustering": {"model": str(POCKET / "pocket-speaker")},
    "segmentation": {"model": str(POCKET / "pocket-diarizer")},
    "segment_and_embed": {
        "model": str(POCKET / "pocket-diarizer"),
        "speaker_model": str(POCKET / "pocket-speaker"),
    },
}
"""The ways to diarize, by name: what `pipeline` is called with."""


@pytest.fixture(scope="module")
def rows():
    return data.load("speech", split="test")


@pytest.fixture(scope="module", params=MODELS)
def diarize(request):
    return pipeline("speaker-diarization", **MODELS[request.param], device="cpu")


@pytest.fixture(scope="module")
def talk(rows):
    return conversations.simulate(rows, 3, speakers=(2, 2), seconds=25, overlap=(0.05, 0.15))


def der(talk, found):
    sides = {"references": [talk["turns"]], "predictions": [found]}
    return scoring.load("der").compute(**sides, collar=0.25)["der"]


def test_a_conversation_becomes_turns(diarize, talk):
    found = diarize(talk["audio"])
    assert isinstance(diarize, pipelines.SpeakerDiarizationPipeline)
    assert [turn["start"] for turn in found] == sorted(turn["start"] for turn in found)
    assert found[0]["speaker"] == "speaker_1"
    length = len(talk["audio"]) / 16_000
    for turn in found:
        assert set(turn) == {"speaker", "start", "end"}
        assert type(turn["start"]) is float and 0 <= turn["start"] < turn["end"] <= length + 0.05
    assert der(talk, found) < 0.35


def test_file_array_tensor_and_another_rate_give_the_same(diarize, talk, tmp_path):
    wanted = diarize(talk["audio"])
    audio.save(tmp_path / "talk.flac", talk["audio"], 16_000)
    for given in (
        torch.from_numpy(talk["audio"]),
        {"array": talk["audio"], "sampling_rate": 16_000},
    ):
        assert diarize(given) == wanted
    for given in (tmp_path / "talk.flac", str(tmp_path / "talk.flac")):
        assert der({"turns": wanted}, diarize(given)) < 0.05
    stereo = np.stack([audio.resample(talk["audio"], 16_000, 44_100)] * 2)
    again = diarize({"array": stereo, "sampling_rate": 44_100})
    assert der({"turns": wanted}, again) < 0.1


def test_batches_and_lists_give_the_same(diarize, talk):
    short = talk["audio"][:40_000]
    one = [diarize(talk["audio"]), diarize(short)]
    many = diarize([talk["audio"], short], batch_size=4)
    clips = (clip for clip in (talk["audio"], short))
    assert list(diarize(clips, batch_size=4)) == many
    for wanted, found in zip(one, many, strict=True):
        assert der({"turns": wanted}, found) < 0.02


def test_the_number_of_speakers_can_be_given(diarize, talk):
    assert len({t["speaker"] for t in diarize(talk["audio"], num_speakers=1)}) == 1
    assert len({t["speaker"] for t in diarize(talk["audio"], num_speakers=2)}) == 2


def test_silence_noise_and_nothing(diarize):
    assert diarize(np.zeros(40_000, np.float32)) == []
    noise = 0.01 * np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    assert sum(t["end"] - t["start"] for t in diarize(noise)) < 1.5
    with pytest.raises(ValueError, match="no samples"):
        diarize(np.zeros(0, np.float32))


def test_a_second_of_one_speaker(diarize, rows):
    clip = audio.trim_silence(audio.load(rows[0]["audio"], 16_000)[0], 16_000)[:16_000]
    found = diarize(clip)
    assert {turn["speaker"] for turn in found} == {"speaker_1"}
    assert 0.5 < sum(turn["end"] - turn["start"] for turn in found) <= 1.05


def test_a_monologue_and_eight_speakers_are_told_apart(diarize):
    splits = data.load("speech")
    rows = [row for split in ("validation", "test") for row in splits[split]]
    alone = conversations.simulate(rows, 5, speakers=(1, 1), seconds=25, overlap=(0, 0))
    many = conversations.simulate(rows, 5, speakers=(8, 8), seconds=60, overlap=(0, 0.2))
    counts = [len({t["speaker"] for t in diarize(made["audio"])}) for made in (alone, many)]
    assert counts[0] <= 2 and 4 <= counts[1] <= 14
    assert der(many, diarize(many["audio"])) < 0.7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_speakers": 0}, "num_speakers is 0: give a whole number from 1 on"),
        ({"num_speakers": 2.5}, "num_speakers is 2.5"),
        ({"num_speakers": True}, "num_speakers is True"),
        ({"threshold": 3}, "threshold is 3: a cosine"),
        ({"batch_size": 0}, "batch_size is 0: give a whole number from 1 on"),
    ],
)
def test_impossible_options_are_named(diarize, options, message):
    with pytest.raises(ValueError, match=message):
        diarize(np.zeros(16_000, np.float32), **options)


def test_a_file_that_is_none_and_a_model_of_another_kind_are_named(diarize, tmp_path):
    (tmp_path / "notes.wav").write_text("not a sound", encoding="utf-8")
    with pytest.raises(audio.AudioError, match=r"notes\.wav"):
        diarize(tmp_path / "notes.wav")
    with pytest.raises(ValueError, match="Wav2Vec2BertForCTC cannot diarize"):
        pipeline("speaker-diarization", model=str(POCKET / "pocket-ctc"), device="cpu")
    with pytest.raises(ValueError, match="is a speaker model: leave speaker_model out"):
        pipeline(
            "speaker-diarization",
            model=str(POCKET / "pocket-speaker"),
            speaker_model=str(POCKET / "pocket-speaker"),
            device="cpu",
        )


LONG = """
import json, resource, sys
import numpy as np
from transformers import pipeline
from course_utils.simulation import conversations
from course_utils import data, pipelines

def peak():
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

pipelines.register()
rows = data.load("speech", split="test")
talk = conversations.simulate(rows, 1, speakers=(3, 3), seconds=80)
minute = talk["audio"][: 60 * 16_000]
half_hour = np.tile(minute, 30)
diarize = pipeline("speaker-diarization", **json.loads(sys.argv[1]), device="cpu")
short = diarize(minute, batch_size=8)
before = peak()
long = diarize(half_hour, batch_size=8)
print(json.dumps({"more": peak() - before, "short": short, "long": long}))
"""


@pytest.mark.parametrize("model", MODELS)
def test_half_an_hour_in_bounded_memory(model):
    pytest.importorskip("resource", reason="only Unix tells the peak of memory")
    command = [sys.executable, "-c", LONG, json.dumps(MODELS[model])]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["more"] < 500  # MiB beyond a minute's; the samples alone are 115 a copy
    ends = [turn["end"] for turn in found["long"]]
    assert 1_750 < max(ends) <= 1_800.1
    # The same minute thirty times over: as much speech, by about as many speakers.
    counts = [len({t["speaker"] for t in found[key]}) for key in ("short", "long")]
    assert counts[1] <= counts[0] + 6
    speech = [sum(t["end"] - t["start"] for t in found[key]) for key in ("short", "long")]
    assert speech[1] == pytest.approx(30 * speech[0], rel=0.15)
