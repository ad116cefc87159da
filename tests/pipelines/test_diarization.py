"""The registered pipeline, shipped and scripted models: any input, any length, clear refusals."""

import tracemalloc
from math import ceil

import numpy as np
import pytest
import torch
from transformers import pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.catalog import POCKET
from course_utils.simulation import conversations
from tests.pipelines import scripted
from tests.pipelines.scripted import local_speaker, voice

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


A, B = voice(0), voice(90)
MINUTE = [(A, 1.0, 14.0), (B, 14.5, 28.0), (A, 28.5, 41.0), (B, 42.0, 59.0)]
"""A minute of two people, as (voice, start, end)."""


def minutes_of_speech(way, minutes, folder):
    """Return a pipeline with scripted models, and a recording of that many minutes for it."""
    turns = [(v, 60 * n + s, 60 * n + e) for n in range(ceil(minutes)) for v, s, e in MINUTE]
    turns = [turn for turn in turns if turn[2] <= 60 * minutes]
    recording = scripted.spoken(60 * minutes, turns)

    def says(start):
        here = [turn for turn in turns if turn[1] < start + 15 and turn[2] > start]
        return [local_speaker(one, *(span for v, *span in here if v is one)) for one in (A, B)]

    if way == "clustering":
        return scripted.by_clustering(), recording
    speakers = scripted.voices_folder(folder) if way == "segment_and_embed" else None
    return scripted.by_segmentation(recording, says, speakers), recording


@pytest.mark.parametrize("way", MODELS)
def test_batches_and_lists_give_the_same(way, tmp_path):
    diarize, recording = minutes_of_speech(way, 1, tmp_path)
    short = recording[: 20 * scripted.RATE]
    one = [diarize(recording), diarize(short)]
    assert [turn["speaker"] for turn in one[0]] == ["speaker_1", "speaker_2"] * 2
    assert diarize([recording, short], batch_size=4) == one
    assert list(diarize((clip for clip in (recording, short)), batch_size=100)) == one


def test_a_batch_holds_windows_of_one_recording(tmp_path):
    diarize, recording = minutes_of_speech("segmentation", 1, tmp_path)
    diarize(recording)
    assert len(diarize.model.heard) == len(diarize.model.alive) == 19  # calls of the model
    diarize(recording, batch_size=8)
    assert len(diarize.model.heard) == 2 * 19 and len(diarize.model.alive) == 19 + 3


@pytest.mark.parametrize("way", MODELS)
def test_memory_grows_with_the_samples_only(way, tmp_path):
    peaks = []
    for halves in (5, 10):
        diarize, recording = minutes_of_speech(way, halves / 2, tmp_path)
        tracemalloc.start()
        found = diarize(recording, batch_size=8)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        # The same minute again and again: the same two people.
        assert [turn["speaker"] for turn in found] == ["speaker_1", "speaker_2"] * halves
        _, start, end = scripted.listed(found)[-1]
        assert (start, end) == pytest.approx({5: (134.5, 148), 10: (282, 299)}[halves], abs=0.1)
        if way != "clustering":  # a window's hidden states are gone when the next is heard
            assert max(diarize.model.alive) == 1
    # Half an hour at 16 kHz is 115 MB a copy.
    assert peaks[1] - peaks[0] < 9 * recording.nbytes / 2


def test_file_array_tensor_and_another_rate_give_the_same(tmp_path):
    diarize, recording = minutes_of_speech("clustering", 0.5, tmp_path)
    wanted = diarize(recording)
    audio.save(tmp_path / "talk.flac", recording, scripted.RATE)
    for given in (
        torch.from_numpy(recording),
        {"array": recording, "sampling_rate": scripted.RATE},
        tmp_path / "talk.flac",
        str(tmp_path / "talk.flac"),
    ):
        assert diarize(given) == wanted
    stereo = np.stack([audio.resample(recording, scripted.RATE, 44_100)] * 2)
    again = diarize({"array": stereo, "sampling_rate": 44_100})
    assert [turn["speaker"] for turn in again] == [turn["speaker"] for turn in wanted]
    for time in ("start", "end"):
        assert [turn[time] for turn in again] == pytest.approx(
            [turn[time] for turn in wanted], abs=0.011
        )


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


def test_a_model_whose_hidden_states_have_another_rate_is_refused(monkeypatch):
    recording = scripted.lively(3)
    diarizer = scripted.by_segmentation(recording, lambda start: [])
    answer = type(diarizer.model).forward

    def coarse(self, *arguments, **options):
        outputs = answer(self, *arguments, **options)
        outputs.hidden_states = tuple(layer[:, ::8] for layer in outputs.hidden_states)
        return outputs

    monkeypatch.setattr(type(diarizer.model), "forward", coarse)
    with pytest.raises(ValueError, match=r"frames of hidden states for \d+ of logits"):
        diarizer(recording)


def test_a_file_that_is_none_and_a_model_of_another_kind_are_named(tmp_path):
    (tmp_path / "notes.wav").write_text("not a sound", encoding="utf-8")
    with pytest.raises(audio.AudioError, match=r"notes\.wav"):
        scripted.by_clustering()(tmp_path / "notes.wav")
    with pytest.raises(ValueError, match="Wav2Vec2BertForCTC cannot diarize"):
        pipeline("speaker-diarization", model=str(POCKET / "pocket-ctc"), device="cpu")
    with pytest.raises(ValueError, match="is a speaker model: leave speaker_model out"):
        pipeline(
            "speaker-diarization",
            model=str(POCKET / "pocket-speaker"),
            speaker_model=str(POCKET / "pocket-speaker"),
            device="cpu",
        )
