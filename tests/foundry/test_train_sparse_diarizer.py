import json
import shutil

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2BertForAudioFrameClassification

from course_utils import data
from course_utils.catalog import POCKET
from course_utils.simulation import conversations
from foundry.sounds import sound_data
from foundry.speech.conformer import config_of, init_xavier
from foundry.voices import train_diarizer, train_sparse_diarizer, voice_scores

RATE = 16_000


@pytest.fixture
def windows(sine):
    """Sixty windows of three voices, which are tones, over noise and another tone."""
    voices = {"a": [sine(440, 2.0)], "b": [sine(880, 5.0)], "c": [sine(1760, 1.0)]}
    return [
        train_sparse_diarizer.sparse_window(np.random.default_rng(seed), voices, [sine(3000, 3.0)])
        for seed in range(60)
    ]


def test_the_turns_of_a_window_say_where_its_voices_are(windows):
    silent, nearer = 0, []
    for samples, turns in windows:
        assert samples.shape == (15 * RATE,) and samples.dtype == np.float32
        assert 0 < np.abs(samples).max() <= 1
        silent += not turns
        for pitch, name in ((440, "a"), (880, "b"), (1760, "c")):
            own = [turn for turn in turns if turn["speaker"] == name]
            assert all(0 <= turn["start"] < turn["end"] <= 15 for turn in own)
            time = np.arange(len(samples)) / RATE
            tone = samples * np.exp(-2j * np.pi * pitch * time)
            power = np.abs(tone.reshape(-1, 800).sum(1)) ** 2  # of 50 ms
            middles = (np.arange(len(power)) + 0.5) / 20
            inside = np.any([(t["start"] < middles) & (middles < t["end"]) for t in own], 0)
            if np.any(inside):
                nearer.append(np.median(power[inside]) > 3 * np.median(power[~inside]))
    assert 15 < silent < 40  # 3 of 7
    assert len(nearer) > 20 and np.mean(nearer) > 0.9


@pytest.fixture
def diarizer():
    torch.manual_seed(0)
    config = config_of(32, 4, 2, train_diarizer.STRIDE, num_labels=train_diarizer.LOCAL_SPEAKERS)
    model = init_xavier(Wav2Vec2BertForAudioFrameClassification(config))
    return train_sparse_diarizer.SparseDiarizer(model.eval())


def parts_of(diarizer, features):
    outputs = diarizer.model(features, output_hidden_states=True)
    return outputs.logits, outputs.hidden_states[2]


def test_conversations_cost_least_while_the_answers_stay_the_same(diarizer):
    features, labels, talks = (
        torch.randn(1, 40, 320),
        torch.zeros(1, 40, 3),
        torch.randn(2, 40, 320),
    )
    wanted = diarizer.model(talks).logits.sigmoid()
    entropy = torch.nn.functional.binary_cross_entropy(wanted, wanted)
    activity = diarizer.model(features).logits.sigmoid()
    silence = torch.nn.functional.binary_cross_entropy(activity, labels)
    loss = diarizer.loss(features, labels, talks)
    assert loss.item() == pytest.approx((entropy + silence).item(), abs=1e-5)
    with torch.no_grad():
        diarizer.model.classifier.weight.mul_(2)
    activity = diarizer.model(features).logits.sigmoid()
    silence = torch.nn.functional.binary_cross_entropy(activity, labels)
    assert diarizer.loss(features, labels, talks) > entropy + silence + 1e-3


def test_silence_is_learned_and_the_voices_stay(diarizer):
    features, talks = torch.randn(2, 40, 320), 3 + torch.randn(2, 40, 320)
    labels = torch.zeros(2, 40, 3)
    (_, voices), (known, _) = parts_of(diarizer, features), parts_of(diarizer, talks)
    optimizer = torch.optim.Adam(diarizer.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        diarizer.loss(features, labels, talks).backward()
        optimizer.step()
    with torch.no_grad():
        assert parts_of(diarizer, features)[0].sigmoid().mean() < 0.1
        assert parts_of(diarizer, features)[1].equal(voices)
        assert (parts_of(diarizer, talks)[0].sigmoid() - known.sigmoid()).abs().mean() < 0.1


@pytest.mark.long
def test_it_learns_training_voices_and_nothing_of_the_score(
    learned_and_held_out, ami, shipped_speech, tmp_path, monkeypatch, run_step, spy
):
    learned, held_out = learned_and_held_out
    for name, value in {"SPARSE": 8, "CONVERSATIONS": 2, "TEST_WINDOWS": 12}.items():
        monkeypatch.setattr(train_sparse_diarizer, name, value)
    monkeypatch.setattr(train_sparse_diarizer, "SOUNDS_PER_CLASS", {"train": 1, "test": 1})
    monkeypatch.setattr(voice_scores, "CONVERSATIONS", 1)
    monkeypatch.setitem(train_sparse_diarizer.TRAIN, "steps", 2)
    for cached in (train_sparse_diarizer.material, train_sparse_diarizer._cast):
        cached.cache_clear()
    out, work = tmp_path / "pocket-diarizer", tmp_path / "work"
    shutil.copytree(POCKET / "pocket-diarizer", out)
    first = (out / "model.safetensors").read_bytes()
    folders = {"work": work, "out": out, "real": ami}
    mixed, talks = spy(train_sparse_diarizer, "sparse_window"), spy(conversations, "simulate")
    sounds = spy(sound_data, "render")
    run_step(train_sparse_diarizer, "features", **folders)
    voices = {split: set(data.load("speech", split)["speaker"]) for split in ("train", "test")}
    assert len(mixed) == 8 and len(talks) == 2
    for call in mixed:
        assert set(call.given[1]) <= voices["train"]
        assert {clip.tobytes() for clip in learned} < {c.tobytes() for c in call.given[2]}
    assert {call.given[1] for call in sounds} == {"train"}
    assert {row["speaker"].split("@")[0] for t in talks for row in t.given[0]} <= voices["train"]
    with np.load(work / "sparse.npz") as parts:
        for call, labels in zip(mixed, parts["labels"], strict=True):
            assert labels.any() == bool(call.result[1])

    run_step(train_sparse_diarizer, "train", **folders)
    assert (out / "model.safetensors").read_bytes() == first
    for calls in (mixed, talks, sounds):
        calls.clear()
    run_step(train_sparse_diarizer, "final", **folders)
    assert (out / "model.safetensors").read_bytes() != first
    for call in mixed:
        assert set(call.given[1]) <= voices["test"]
        assert {clip.tobytes() for clip in held_out} < {c.tobytes() for c in call.given[2]}
    assert {call.given[1] for call in sounds} == {"test"}
    heard = {row["speaker"] for talk in talks for row in talk.given[0]}
    assert heard == {"Alice", "Bob", "Carol", "Dave"} and not heard & voices["train"]
    assert min(talk.given[1] for talk in talks) >= train_diarizer.CONVERSATIONS
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    silent = sum(not call.result[1] for call in mixed)
    assert results["silent"][1] == results["silent_before"][1] == silent
    known = json.loads((POCKET / "pocket-diarizer" / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["speakers"] == known["training"]["speakers"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "{} of {}".format(*results["silent"]) in card
