import json
from collections import Counter

import numpy as np
import torch
from transformers import Wav2Vec2BertForXVector

from foundry.speech.feature_cache import FeatureCache
from foundry.voices import train_speaker


def test_a_bank_holds_every_utterance_at_every_pace_as_another_speaker(tones, tmp_path):
    train_speaker.compute_features(tmp_path, tmp_path)
    cache = FeatureCache.load(tmp_path / "features.npz")
    assert len(cache) == 9
    assert json.loads((tmp_path / "speakers.json").read_text(encoding="utf-8")) == ["high", "low"]
    _, ends, labels, _ = cache.batch(range(9))
    assert labels[:, 0].tolist() == [3, 4, 5, 3, 4, 5, 0, 1, 2]
    # Played at 0.9 of the pace, a clip has more frames.
    assert ends[0] > ends[1] > ends[2]
    assert abs(max(ends) / min(ends) - 1.1 / 0.9) < 0.05


def test_shipped_utterances_are_used_as_well_once(tones, tmp_path, monkeypatch):
    row = {"audio": {"bytes": b"", "path": "0.ogg"}, "speaker": "other"}
    monkeypatch.setattr(train_speaker.recognition_scores, "shipped", lambda *names: [row])
    rows = train_speaker.utterances_of(tmp_path)
    assert [row["speaker"] for row in rows] == ["low", "low", "high", "other"]
    assert rows[-1] == row


def test_crops_have_one_length_and_their_speakers_and_short_ones_go_round():
    lengths = [40, 100, 300]
    cache = FeatureCache.of(
        (torch.arange(n)[:, None] + 500.0 * row, np.zeros(n), [row])
        for row, n in enumerate(lengths)
    )
    seen = set()
    for seed in range(6):
        features, labels = train_speaker.crops(cache, torch.Generator().manual_seed(seed))
        assert features.shape[0] == train_speaker.BATCH
        assert train_speaker.MIN_CROP <= features.shape[1] <= train_speaker.MAX_CROP
        seen.add(features.shape[1])
        for crop, label in zip(features[..., 0], labels.tolist(), strict=True):
            place = crop - 500 * label
            assert (place >= 0).all() and (place < lengths[label]).all()
            assert ((place.diff() - 1) % lengths[label] == 0).all()
    assert len(seen) > 3


def test_the_network_learns_to_tell_two_speakers_apart():
    model = train_speaker.new_model(2)
    assert model.num_parameters() < 2.1e6
    features = torch.randn(16, 60, 320, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(16) % 2
    features[labels == 1, :, :20] += 2
    optimizers = train_speaker.muon(model, 4e-3)
    losses = []
    for _ in range(12):
        loss = model(input_features=features, labels=labels).loss
        model.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    with torch.no_grad():
        vectors = torch.nn.functional.normalize(model(input_features=features).embeddings)
    same = labels[:, None] == labels
    alike = vectors @ vectors.T
    assert alike[same].min() > alike[~same].max()


def test_it_learns_the_training_voices_and_no_others(
    rendered, training_voices, ami, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setitem(train_speaker.TRAIN, "steps", 2)
    folders = {"work": tmp_path / "work", "cache": rendered, "real": ami}
    run_step(train_speaker, "features", **folders)
    names = json.loads((tmp_path / "work" / "speakers.json").read_text(encoding="utf-8"))
    assert names == sorted(training_voices)
    cache = FeatureCache.load(tmp_path / "work" / "features.npz")
    labels = cache.batch(range(len(cache)))[2][:, 0].tolist()
    paces = len(train_speaker.SPEEDS)
    assert Counter(names[label // paces] for label in labels) == {
        name: paces * count for name, count in training_voices.items()
    }

    steps = spy(Wav2Vec2BertForXVector, "forward")
    run_step(train_speaker, "train", **folders)
    assert len(steps) == 2
    seen = Counter(row for step in steps for row in step.named["labels"].tolist())
    assert {names[label // paces] for label in seen} <= set(training_voices)
    assert seen.total() == 2 * train_speaker.BATCH and len(seen) > 3

    out = tmp_path / "pocket-speaker"
    run_step(train_speaker, "export", out=out, **folders)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["first_utterances"] == training_voices.total()
    assert {"test, as rendered", "people, one digit", "meetings (AMI)"} < set(results["before"])
    assert Wav2Vec2BertForXVector.from_pretrained(out).config.num_labels == 2
