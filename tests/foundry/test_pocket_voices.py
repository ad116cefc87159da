"""The shipped models that know voices pass their bars, and their cards say what was measured."""

import json

import pytest
import torch
from transformers import AutoModelForAudioFrameClassification, AutoModelForAudioXVector

from course_utils import catalog, pipelines
from course_utils.catalog import POCKET
from foundry.voices import voice_scores

MODELS = {
    "pocket-speaker": AutoModelForAudioXVector,
    "pocket-diarizer": AutoModelForAudioFrameClassification,
}
ROLES = {"pocket-speaker": "speaker-encoder", "pocket-diarizer": "diarizer"}
HIGHEST_EER = 0.05
HIGHEST_DER = 0.30


def results_of(name):
    return json.loads((POCKET / name / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MODELS)
def test_it_opens_with_its_auto_class_and_computes_in_single_precision(name):
    model = MODELS[name].from_pretrained(POCKET / name)
    assert model.dtype == torch.float32
    assert model.config.diarization_threshold == pytest.approx(
        json.loads((POCKET / name / "config.json").read_text(encoding="utf-8"))[
            "diarization_threshold"
        ]
    )


@pytest.mark.parametrize("name", MODELS)
def test_the_card_says_what_was_measured(name):
    results, card = results_of(name), catalog.card(ROLES[name])
    for row in voice_scores.diarization_rows(results["diarization"]).splitlines():
        assert row in card
    for row in voice_scores.verification_rows(results.get("verification", {})).splitlines():
        assert row in card
    assert "meetings (AMI)" in results["diarization"]


def test_unseen_voices_are_told_apart():
    table = results_of("pocket-speaker")["verification"]
    assert table["test, as rendered"]["eer"] <= HIGHEST_EER
    assert {"people, one digit", "people, five digits", "meetings (AMI)"} <= set(table)
    rows = voice_scores.recognition_scores.shipped("test", voice_scores.PACKED)[::2]
    clips = [voice_scores.audio.load(row["audio"], voice_scores.RATE)[0] for row in rows]
    embed = voice_scores.embedder(POCKET / "pocket-speaker")
    measured = voice_scores.verification(embed, clips, [row["speaker"] for row in rows])
    assert measured["eer"] <= HIGHEST_EER
    assert measured["eer"] == pytest.approx(table["test, as rendered"]["eer"], abs=0.02)


def test_the_clustering_baseline_keeps_to_its_bar():
    table = results_of("pocket-speaker")["diarization"]
    assert table["conversations, room"]["der"] <= HIGHEST_DER
    pipelines.register()
    diarize = voice_scores.pipeline(
        "speaker-diarization", model=str(POCKET / "pocket-speaker"), device="cpu"
    )
    talks = voice_scores.held_out("test", "room", count=15)
    measured = voice_scores.score(diarize, [(talk["audio"], talk["turns"]) for talk in talks])
    assert measured["recordings"] == 15 and measured["der"] <= HIGHEST_DER
    assert measured["der"] == pytest.approx(
        sum(measured[part] for part in ("miss", "false_alarm", "confusion"))
    )
