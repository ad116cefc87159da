import json

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2BertForAudioFrameClassification

from course_utils import audio
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import noise
from foundry.speech.conformer import config_of, init_xavier
from foundry.voices import train_diarizer, train_speaker, voice_scores


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with three speakers of a few noises each; no shipped speech."""
    folder = tmp_path / "speech" / "train"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(12):
        path = folder / f"{number}.flac"
        audio.save(path, 0.1 * noise(rng, 24_000, number % 3 * -3).astype(np.float32), 16_000)
        row = {"split": "train", "speaker": f"s{number % 4}", "shipped": False, "text": ""}
        path.with_suffix(".json").write_text(json.dumps(row), encoding="utf-8")
    monkeypatch.setattr(train_speaker.recognition_scores, "shipped", lambda *names: [])
    train_diarizer._speakers.cache_clear()
    return tmp_path


def test_people_have_enough_to_say_and_each_pace_is_somebody_else(cache):
    people = train_diarizer._speakers(cache)
    assert {row["speaker"] for row in people} == {
        f"s{n}@{pace}" for n in range(4) for pace in train_diarizer.SPEEDS
    }
    slow = next(row for row in people if row["speaker"].endswith("@0.85"))
    assert len(audio.load(slow["audio"], 16_000)[0]) == pytest.approx(24_000 / 0.85, abs=2)


def test_windows_hold_features_and_who_is_active_in_them(cache):
    talk = conversations.simulate(
        train_diarizer._speakers(cache), 0, speakers=(2, 2), seconds=25, overlap=(0, 0.4)
    )
    windows = list(train_diarizer.windows_of(talk))
    assert len(windows) == 2
    for first, (features, labels, speakers) in zip(
        (0, len(talk["audio"]) / 16_000 - 15), windows, strict=True
    ):
        assert features.shape == (train_diarizer.VECTORS, 80 * train_diarizer.STRIDE)
        assert labels.shape == (train_diarizer.VECTORS, train_diarizer.LOCAL_SPEAKERS)
        assert len(set(speakers)) == 3 and speakers[2] == "" and not labels[:, 2].any()
        for track, name in enumerate(speakers[:2]):
            turns = [turn for turn in talk["turns"] if turn["speaker"] == name]
            assert (
                labels[:, track]
                == train_diarizer.frame_labels(
                    turns, train_diarizer.VECTORS, train_diarizer.FRAME, 1, start=first
                )[:, 0]
            ).all()
        speech = sum(
            max(min(t["end"], first + 15) - max(t["start"], first), 0) for t in talk["turns"]
        )
        assert labels.sum() * train_diarizer.FRAME == pytest.approx(speech, abs=0.3)


def test_vectors_that_gather_by_speaker_cost_nothing():
    labels = torch.tensor([[[1, 0], [1, 0], [0, 1], [0, 0], [1, 1]]]).float()
    right = torch.tensor([[[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5**0.5, 0.5**0.5, 0]]])
    assert train_diarizer.clustering_loss(right, labels).item() == pytest.approx(0, abs=1e-6)
    wrong = right[:, [2, 0, 1, 3, 4]]
    assert train_diarizer.clustering_loss(wrong, labels) > 0.1


def test_it_begins_with_the_encoder_of_the_speaker_model(tmp_path):
    speaker = train_speaker.new_model(6)
    speaker.save_pretrained(tmp_path)
    model = train_diarizer.new_model(tmp_path)
    for ours, theirs in zip(
        model.wav2vec2_bert.parameters(), speaker.wav2vec2_bert.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    assert model.config.num_labels == train_diarizer.LOCAL_SPEAKERS


def test_the_guided_diarizer_learns_a_batch_by_heart():
    torch.manual_seed(0)
    config = config_of(32, 2, 2, train_diarizer.STRIDE, num_labels=train_diarizer.LOCAL_SPEAKERS)
    small = init_xavier(Wav2Vec2BertForAudioFrameClassification(config))
    guided = train_diarizer.DiarizerWithHeads(small, 2)
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros(2, 60, 3)
    labels[0, :30, 0] = labels[0, 25:50, 1] = labels[1, 10:40, 0] = 1
    features = torch.randn(2, 60, 320, generator=generator)
    features[..., :100] += 3 * labels[..., :1]
    features[..., 100:200] += 3 * labels[..., 1:2]
    speakers = torch.tensor([[0, 1, -1], [0, -1, -1]])
    optimizers = train_diarizer.muon(guided, 3e-3)
    losses = []
    for _ in range(25):
        loss = guided.loss(features, labels, speakers)
        guided.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_it_learns_conversations_of_training_voices_and_no_seed_of_a_score(
    rendered, training_voices, tmp_path, monkeypatch, run_step, spy
):
    last = train_diarizer.CONVERSATIONS
    assert last <= min(voice_scores.FIRST_SEED.values())
    monkeypatch.setattr(train_diarizer, "CONVERSATIONS", 3)
    monkeypatch.setitem(train_diarizer.TRAIN, "steps", 2)
    out, work = tmp_path / "pocket-diarizer", tmp_path / "work"
    train_speaker.new_model(6).save_pretrained(tmp_path / "pocket-speaker")
    folders = {"work": work, "cache": rendered, "out": out}
    talks = spy(conversations, "simulate")
    run_step(train_diarizer, "features", **folders)
    often = {name for name, count in training_voices.items() if count >= 3}
    for talk in talks:
        assert {row["speaker"].split("@")[0] for row in talk.given[0]} == often
    assert [talk.given[1] for talk in talks] == [0, 1, 2]
    names = json.loads((work / "speakers.json").read_text(encoding="utf-8"))
    said = {turn["speaker"] for talk in talks for turn in talk.result["turns"]}
    assert set(names) <= said

    batches = spy(train_diarizer.DiarizerWithHeads, "loss")
    run_step(train_diarizer, "train", **folders)
    assert len(batches) == 2
    numbers = {n for batch in batches for n in batch.given[3].ravel().tolist()} - {-1}
    assert numbers and {names[n] for n in numbers} <= said

    run_step(train_diarizer, "export", **folders)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["conversations"] == 3
    model = Wav2Vec2BertForAudioFrameClassification.from_pretrained(out)
    assert model.config.id2label == {0: "speaker_1", 1: "speaker_2", 2: "speaker_3"}
