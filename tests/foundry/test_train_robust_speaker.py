import json
import math
from collections import Counter
from unittest import mock

import datasets
import numpy as np
import pytest
import torch
from transformers import Wav2Vec2BertForXVector

from course_utils import audio
from course_utils.pipelines import SpeakerEmbedder
from course_utils.simulation import conversations
from foundry.speech.feature_cache import FeatureCache
from foundry.voices import train_robust_speaker, train_speaker, voice_scores


@pytest.fixture(autouse=True)
def few_pieces(small_pocket):
    """Background music is drawn from one training clip of each genre."""


@pytest.fixture
def folders(tones, tmp_path):
    """A work folder, a cache with two speakers' tones, and a small model of the first half."""
    out = tmp_path / "model"
    model = train_speaker.new_model(2)
    model.save_pretrained(out)
    train_speaker.extractor().save_pretrained(out)
    (tmp_path / "work").mkdir()
    return tmp_path / "work", tmp_path, out


def test_targets_are_what_the_first_half_says_of_clean_speech(folders):
    work, cache, out = folders
    train_robust_speaker.compute_features(work, cache, out)
    stored, targets = FeatureCache.load(work / "robust.npz"), np.load(work / "targets.npy")
    paces, places = len(train_robust_speaker.SPEEDS), train_robust_speaker.COPIES
    assert len(stored) == 3 * paces * places
    _, ends, labels, _ = stored.batch(range(len(stored)))
    # "high" has the first numbers; "low" said the first two utterances.
    expected = [
        first + pace for first in (paces, paces, 0) for pace in range(paces) for _ in range(places)
    ]
    assert labels[:, 0].tolist() == expected
    assert ends[0] > ends[-1]  # slower, and longer
    assert targets.shape == (2 * paces, 128)
    assert np.linalg.norm(targets, axis=1) == pytest.approx(1, abs=1e-5)
    voice_of = SpeakerEmbedder(out)
    clips = [audio.load(path, 16_000)[0] for path in sorted(cache.glob("speech/train/*.flac"))]
    mean = np.mean([voice_of(clip) for clip in clips], axis=0)
    at_own_pace = paces + train_robust_speaker.SPEEDS.index(1.0)
    assert targets[at_own_pace] @ (mean / np.linalg.norm(mean)) == pytest.approx(1, abs=1e-3)


def test_a_bank_keeps_its_targets_whatever_the_model_has_become(folders):
    work, cache, out = folders
    train_robust_speaker.compute_features(work, cache, out)
    before = (work / "targets.npy").read_bytes()
    train_speaker.new_model(2, seed=1).save_pretrained(out)
    (work / "robust.npz").unlink()
    train_robust_speaker.compute_features(work, cache, out)
    assert (work / "targets.npy").read_bytes() == before


def test_the_loss_of_a_case_worked_out_by_hand():
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    vectors = torch.tensor([[0.6, 0.8]])
    right, other = 30 * (0.6 - 0.2), 30 * 0.8
    expected = (1 - 0.6) + 0.1 * math.log(1 + math.exp(other - right))
    loss = train_robust_speaker.robust_loss(vectors, targets, torch.tensor([0]))
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert train_robust_speaker.robust_loss(targets, targets, torch.tensor([0, 1])) < 1e-6


def test_training_brings_noisy_vectors_to_their_targets(folders):
    work, cache, out = folders
    train_robust_speaker.compute_features(work, cache, out)
    stored = FeatureCache.load(work / "robust.npz")
    targets = torch.from_numpy(np.load(work / "targets.npy"))
    features, labels = train_speaker.crops(stored, torch.Generator().manual_seed(0))

    def nearness(model):
        with torch.no_grad():
            vectors = model.eval()(input_features=features).embeddings
        return torch.nn.functional.cosine_similarity(vectors, targets[labels]).mean().item()

    short = {"steps": 12, "rate": 2e-3, "warmup": 0.1}
    with mock.patch.object(train_robust_speaker, "TRAIN", short):
        model = train_robust_speaker.train(work)
    first = Wav2Vec2BertForXVector.from_pretrained(out)
    assert nearness(model) > nearness(first) + 0.01
    assert torch.equal(model.objective.weight, first.objective.weight)


def test_a_voice_is_heard_in_many_places_at_its_length():
    time = np.arange(16_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 200 * time).astype(np.float32)
    clips = [train_robust_speaker.augment(np.random.default_rng(seed), tone) for seed in range(12)]
    assert all(len(clip) == len(tone) and np.isfinite(clip).all() for clip in clips)
    unchanged = sum(np.array_equal(clip, tone) for clip in clips)
    assert unchanged < 6
    again = train_robust_speaker.augment(np.random.default_rng(3), tone)
    assert np.array_equal(again, clips[3])


def test_it_learns_the_training_voices_with_training_music(
    rendered, training_voices, ami, tmp_path, small_pocket, monkeypatch, run_step, spy
):
    monkeypatch.setattr(train_robust_speaker, "SPEEDS", (0.92, 1.0))
    monkeypatch.setattr(train_robust_speaker, "COPIES", 1)
    monkeypatch.setattr(voice_scores, "CONVERSATIONS", 2)
    monkeypatch.setitem(train_robust_speaker.TRAIN, "steps", 2)
    out, work = tmp_path / "pocket-speaker", tmp_path / "work"
    model = train_speaker.new_model(2)
    model.config.diarization_threshold = 0.3
    model.save_pretrained(out)
    train_speaker.extractor().save_pretrained(out)
    known = {f"first_{name}": 1 for name in ("utterances", "speakers", "steps", "rate")}
    (out / "results.json").write_text(
        json.dumps({"training": known, "before": {}}), encoding="utf-8"
    )
    folders = {"work": work, "cache": rendered, "out": out, "real": ami}
    mixed = spy(conversations, "add_music")
    run_step(train_robust_speaker, "features", **folders)
    beds = {row["audio"]["array"].tobytes() for call in mixed for row in call.given[2]}
    music = datasets.Dataset.from_parquet(str(small_pocket / "genres" / "train.parquet"))
    assert beds == {audio.load(row["audio"], 16_000)[0].tobytes() for row in music}
    names = sorted(training_voices)
    assert len(np.load(work / "targets.npy")) == 2 * len(names)
    cache = FeatureCache.load(work / "robust.npz")
    labels = cache.batch(range(len(cache)))[2][:, 0].tolist()
    assert Counter(names[label // 2] for label in labels) == {
        name: 2 * count for name, count in training_voices.items()
    }

    batches = spy(train_robust_speaker, "robust_loss")
    run_step(train_robust_speaker, "train", **folders)
    assert len(batches) == 2
    assert all(set(batch.given[2].tolist()) <= set(labels) for batch in batches)

    talks = spy(conversations, "simulate")
    run_step(train_robust_speaker, "final", **folders)
    heard = {row["speaker"] for talk in talks for row in talk.given[0]}
    assert heard == {"Alice", "Bob", "Carol", "Dave"} and not heard & set(training_voices)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["robust_speakers"] == 2 * len(names)
