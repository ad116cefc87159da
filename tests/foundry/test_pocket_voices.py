"""The shipped models that know voices: their classes, and clustering by the speaker encoder."""

import pytest
import torch
from transformers import AutoModelForAudioFrameClassification, AutoModelForAudioXVector, pipeline

from course_utils import pipelines
from course_utils.catalog import POCKET
from foundry.voices import voice_scores

MODELS = {
    "pocket-speaker": AutoModelForAudioXVector,
    "pocket-diarizer": AutoModelForAudioFrameClassification,
}
HIGHEST_DER = 0.30


@pytest.mark.parametrize("name", MODELS)
def test_it_opens_with_its_auto_class_and_computes_in_single_precision(name):
    assert MODELS[name].from_pretrained(POCKET / name).dtype == torch.float32


def test_the_clustering_baseline_keeps_to_its_bar():
    pipelines.register()
    diarize = pipeline(pipelines.TASK, model=str(POCKET / "pocket-speaker"), device="cpu")
    talks = voice_scores.held_out("test", "room", count=4)
    measured = voice_scores.score(diarize, [(talk["audio"], talk["turns"]) for talk in talks])
    assert measured["recordings"] == 4 and measured["der"] <= HIGHEST_DER
    assert measured["der"] == pytest.approx(
        sum(measured[part] for part in ("miss", "false_alarm", "confusion"))
    )
