import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from course_utils.catalog import POCKET
from foundry.music import genre_data
from foundry.recognition import (
    last_stage,
    new_speech,
    no_speech,
    recognition_scores,
    train_ctc,
    train_whisper,
)
from foundry.sounds import sound_data
from foundry.speech import kokoro, sentences
from foundry.speech.feature_cache import FeatureCache

SCRIPTS = {
    "pocket-ctc": (train_ctc, train_ctc.CtcWithPhoneHead),
    "pocket-whisper": (train_whisper, train_whisper.WhisperWithPhoneHead),
}


def test_missing_steps_are_named(tmp_path):
    stage = train_ctc.last_stage(tmp_path)
    with pytest.raises(SystemExit, match="trained; run the step export first"):
        stage.results()
    (tmp_path / last_stage.TRAINED).mkdir()
    (tmp_path / last_stage.TRAINED / "results.json").write_text(
        '{"parameters": 3}', encoding="utf-8"
    )
    with pytest.raises(SystemExit, match="run the step curve first"):
        stage.results()
    (tmp_path / "curve.json").write_text("[5]", encoding="utf-8")
    assert stage.results() == {"parameters": 3, "curve": [5]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_missing_step_is_named_before_anything_is_computed(name, tmp_path):
    script, _ = SCRIPTS[name]
    with pytest.raises(SystemExit, match="run the step export first"):
        script.final(tmp_path, tmp_path / "real", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_hours_count_what_was_heard_once_and_without_augmented_copies():
    lengths = [180_000, 180_000, 90_000, 90_001]  # vectors of 20 ms; each second one is a copy
    parts = (torch.zeros(n, 1) for n in lengths)
    cache = FeatureCache.of((part, np.full(len(part), -100), [1]) for part in parts)

    def hours(caches, steps):
        return last_stage.hours_heard(train_ctc.CtcWithPhoneHead, caches, 5, steps)

    assert hours([cache, cache], 9) == 3  # an utterance is a batch
    heard = [hours([cache], steps) for steps in range(5)]
    assert heard[0] == 0 and heard[1] in (0.5, 1) and heard[4] == 1.5
    assert heard == sorted(heard)


def test_hours_count_the_part_of_a_batch_that_new_sentences_have(monkeypatch):
    head = train_ctc.CtcWithPhoneHead
    monkeypatch.setattr(head, "vector_seconds", 3.6)
    monkeypatch.setattr(head, "max_vectors", 8000)
    parts = [torch.zeros(1000, 1)] * 8  # four utterances of an hour, each with its copy
    cache = FeatureCache.of((part, np.full(len(part), -100), [1]) for part in parts)
    assert last_stage.hours_heard(head, [cache], 1, 1) == 4  # all in one step
    assert last_stage.hours_heard(head, [cache], 8, 1) == 1  # one row


@pytest.fixture(params=SCRIPTS)
def small_stage(request, small_no_speech, fsdd, tmp_path, monkeypatch, spy):
    """Return a script, the batches of its training and its folders, with few data and steps."""
    script, head = SCRIPTS[request.param]
    monkeypatch.setattr(script, "NEW_SENTENCES", 4)
    monkeypatch.setattr(new_speech, "PART", 3)
    monkeypatch.setattr(last_stage, "CURVE_SHARES", (0, 0.5, 1))
    for stage in (script.BROAD, last_stage.CURVE):
        monkeypatch.setitem(stage, "steps", 1)
    monkeypatch.setattr(head, "max_vectors", 100_000)  # an epoch is a step
    if script is train_ctc:
        for name in ("NEW_SEQUENCES", "TEST_SEQUENCES"):
            monkeypatch.setattr(train_ctc, name, 2)
        monkeypatch.setattr(train_ctc, "LONG_COUNT", 3)
    else:
        monkeypatch.setattr(train_whisper, "BOOK_PHRASES", 6)
        monkeypatch.setattr(kokoro, "phonemize", lambda text, accent: "hˈI.")
    work = tmp_path / "work"
    shutil.copytree(POCKET / request.param, work / last_stage.TRAINED)
    path = work / last_stage.TRAINED / "results.json"
    shipped = json.loads(path.read_text(encoding="utf-8"))
    known = ["parameters", "training"] + (["people"] if script is train_whisper else [])
    before = {name: shipped[name] for name in known}
    del before["training"]["broad"]
    path.write_text(json.dumps(before), encoding="utf-8")
    return script, spy(head, "loss"), {"work": work, "real": fsdd, "out": tmp_path / "model"}


@pytest.mark.long
def test_the_last_stage_learns_new_sentences_and_clips_without_speech(
    learned_and_held_out, small_stage, monkeypatch, run_step, spy
):
    script, batches, folders = small_stage
    learned, held_out = learned_and_held_out
    work, out = folders["work"], folders["out"]
    path = work / last_stage.TRAINED / "results.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    recorded, made = spy(no_speech, "recorded"), spy(sound_data, "render")
    played, drawn = spy(genre_data, "example"), spy(sentences, "draw")
    run_step(script, "synthesise", **folders)
    heard = [call.given[1] for call in recorded]
    assert all(any(np.array_equal(clip, part) for part in heard) for clip in learned)
    assert not any(np.array_equal(clip, part) for clip in held_out for part in heard)
    assert {call.given[1] for call in [*made, *played, *drawn]} == {"train"}

    scored = []

    def validation(transcribe, split):
        scored.append(split)
        row = {"wer": len(scored) / 10, "interval": [0, len(scored) / 5]}
        return {name: row for name in last_stage.CURVE_DOMAINS}

    with monkeypatch.context() as patch:
        patch.setattr(recognition_scores, "score_split", validation)
        run_step(script, "curve", **folders)
    assert scored == ["validation"] * 4
    sizes = [[len(call.given[3]) for call in batches[n : n + 5]] for n in (0, 5, 10)]
    all_new, others = sizes[2][:2], sizes[2][2:]
    assert sizes == [others[:2] + others, [n // 2 for n in all_new] + others, all_new + others]
    assert all_new == ([8, 4] if script is train_ctc else [4, 4])
    *spoken, silent = batches[10:15]
    assert all((call.given[3] >= 0).any(1).all() for call in spoken)
    assert silent.given[3].numel() == 0  # no text at all
    if script is train_ctc:
        letters = [(call.given[3] >= 0).sum(1).float().mean() for call in spoken[:2]]
        assert letters[1] > 1.5 * letters[0]  # sequences
    kinds = len(sound_data.LABELS), len(genre_data.GENRES)
    assert len(silent.given[1]) == 3 + sum(kinds) + len(learned)
    curve = json.loads((work / "curve.json").read_text(encoding="utf-8"))
    assert [point["known"]["wer"] for point in curve] == [0.1, 0.2, 0.3, 0.4]
    assert [point["steps"] for point in curve] == [0, 1, 1, 1]

    del batches[:], made[:], played[:]
    scores, counted = spy(no_speech, "held_out"), spy(last_stage, "hours_heard")
    with monkeypatch.context() as patch:  # the thinned validation split has no everyday sentence
        patch.setattr(
            last_stage,
            "_point",
            lambda transcribe, hours, steps: curve[-1] | {"hours": hours, "steps": steps},
        )
        run_step(script, "final", **folders)
    books = [] if script is train_ctc else [6, 6]
    assert [len(call.given[3]) for call in batches] == all_new + books + others
    assert [len(call.given[1]) for call in counted] == [len(all_new + books)]
    assert {call.given[1] for call in [*made, *played]} == {"test"}
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["curve"][:-1] == curve and results["curve"][-1]["steps"] == 1
    assert {"jackson", "nicolas", "theo"} == set(results["people"])
    if script is train_whisper:  # their scores are from the stage before
        assert results["people"] == before["people"]
    compared = results["sequences" if script is train_ctc else "digits"]
    assert set(compared) == {"before", "after"}
    (call,) = scores
    counts = {kind: len(clips) for kind, clips in call.result.items()}
    assert {kind: of for kind, (_, of) in results["empty"].items()} == counts
    assert counts["ESC-10"] == len(held_out)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"ESC-10 {results['empty']['ESC-10'][0]} of {counts['ESC-10']}" in card
    assert "4 sentences drawn anew" in card and "$" not in card
    assert script is train_ctc or "and 6 phrases" in " ".join(card.split())
    size = "2.92 M parameters, 5.9 MB" if script is train_ctc else "2.61 M parameters, 5.2 MB"
    assert size in " ".join(card.split())
    assert "| 1 | 40.0% (0.0% to 80.0%) |" in card
    for row in (results["test"]["known"], results["people"]["theo"]):
        assert recognition_scores.percent(row) in card


def moved(name, work, out):
    """Return the share of the way from the weights before to those after that the export went."""
    before = load_file(work / last_stage.TRAINED / "model.safetensors")[name].float()
    after = load_file(work / "name.safetensors")[f"average.model.{name}"]
    gone = load_file(out / "model.safetensors")[name].float() - before
    return ((gone * (after - before)).sum() / (after - before).square().sum()).item()


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_export_has_a_mean_of_the_weights_before_and_after(name, tmp_path, monkeypatch):
    script, head = SCRIPTS[name]
    shutil.copytree(POCKET / name, tmp_path / last_stage.TRAINED)
    monkeypatch.setattr(
        recognition_scores,
        "score_split",
        lambda transcribe, split: dict.fromkeys(last_stage.CURVE_DOMAINS),
    )
    rng = np.random.default_rng(0)
    width = {train_ctc: 160, train_whisper: train_whisper.MELS}[script]
    cache = FeatureCache.of(
        (torch.from_numpy(rng.standard_normal((60, width))).float(), np.zeros(60), [5, 6])
        for _ in range(4)
    )
    monkeypatch.setattr(head, "vector_seconds", 60)
    stage = script.last_stage(tmp_path)
    _, point = stage.fine_tune([cache], [cache], "name", tmp_path / "out", steps=20, rate=0.03)
    assert point["hours"] == 2 and point["steps"] == 20  # two utterances of 60 vectors of 60 s
    names = {
        "pocket-ctc": ["wav2vec2_bert.encoder.layers.0.ffn1.intermediate_dense.weight"],
        # The second one is also the output layer.
        "pocket-whisper": [
            "model.encoder.layers.0.fc1.weight",
            "model.decoder.embed_tokens.weight",
        ],
    }[name]
    for one in names:
        assert moved(one, tmp_path, tmp_path / "out") == pytest.approx(
            script.INTERPOLATION_WEIGHT, abs=0.02
        )
