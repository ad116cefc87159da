"""The training of pocket-sounds: what each model of the cross-validation learns from."""

import json

import numpy as np
import pytest
import torch
from transformers import ASTFeatureExtractor, AutoModelForAudioClassification

from course_utils import audio
from course_utils.catalog import POCKET
from foundry.sounds import sound_data, train_sounds
from foundry.sounds.sound_features import FRAMES, MELS, SpectrogramCache


def start_of(spectrogram):
    """Return the first second of a spectrogram in half precision, which names a clip."""
    return np.asarray(spectrogram[:90]).astype(np.float16).tobytes()


def test_no_model_is_scored_on_a_fold_that_it_has_learned(
    esc10, small_pocket, tmp_path, monkeypatch, run_step, spy
):
    extractor = ASTFeatureExtractor(num_mel_bins=64, max_length=496, mean=0.0, std=0.5)
    folds = {}
    for path in esc10.glob("*/*.ogg"):
        mel = extractor(audio.load(path, 16_000)[0], sampling_rate=16_000)["input_values"][0]
        folds[start_of(mel)] = path.name[0]
    monkeypatch.setattr(train_sounds, "POCKET", small_pocket)
    monkeypatch.setattr(train_sounds, "HARD_PER_CLASS", 2)
    monkeypatch.setattr(train_sounds, "CLOSE_PER_CLASS", 1)
    for stage in (train_sounds.PRETRAIN, train_sounds.FINETUNE, train_sounds.BASELINE):
        monkeypatch.setitem(stage, "steps", 1)
    folders = {"work": tmp_path / "work", "real": esc10, "out": tmp_path / "pocket-sounds"}
    run_step(train_sounds, "features", **folders)
    shipped = sound_data.SPLITS  # whose clips are rendered as close recordings, too
    rain = sound_data.LABELS.index("rain")
    close = {
        split: start_of(extractor(sound_data.render("rain", split, 0, close=True)[0],
                                  sampling_rate=16_000)["input_values"][0])
        for split in shipped
    }  # fmt: skip
    stored = np.load(folders["work"] / "close.npz")
    made = {start_of(clip) for clip in stored["features"][stored["labels"] == rain]}
    assert made == {close["train"]} and len(set(close.values())) == 3
    batches = spy(train_sounds, "augment")
    run_step(train_sounds, "pretrain", **folders)
    run_step(train_sounds, "validate", **folders)
    run_step(train_sounds, "final", **folders)
    learned = [[folds.get(start_of(clip)) for clip in batch.given[0]] for batch in batches]
    pretrained, *of_folds, final = learned
    assert set(pretrained) == {None}  # synthetic clips
    parts = train_sounds.FINETUNE_PARTS
    for number, fold in enumerate("123"):
        baseline, finetuned = of_folds[2 * number : 2 * number + 2]
        assert set(baseline) == set("123") - {fold}
        assert set(finetuned[: parts[0]]) == set("123") - {fold}
        assert set(finetuned[parts[0] :]) == {None}
    assert set(final[: parts[0]]) == set("123") and len(learned) == 8

    validation = json.loads((tmp_path / "work" / "validation.json").read_text(encoding="utf-8"))
    for scores in validation["accuracy"].values():
        assert list(scores) == ["1", "2", "3"]
    counted = sum(sum(row.values()) for row in validation["confusion"].values())
    assert counted == len(folds)  # each recording is named once, by the model without its fold
    results = json.loads((folders["out"] / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["recordings"] == len(folds)
    scores, count = results["synthetic test"], len(sound_data.LABELS)
    assert scores["clips"] == count and scores["wrong"]  # after a single step
    assert scores["accuracy"] == pytest.approx((count - len(scores["wrong"])) / count)


def test_accuracy_is_the_share_of_equal_entries():
    assert train_sounds.accuracy(np.array([1, 2, 3]), np.array([1, 0, 3])) == pytest.approx(2 / 3)


def test_a_network_that_keeps_all_patches_answers_as_the_model_does(monkeypatch):
    monkeypatch.setattr(train_sounds, "KEPT_PATCHES", 1.0)
    model = AutoModelForAudioClassification.from_pretrained(POCKET / "pocket-sounds").eval()
    inputs = torch.randn(2, FRAMES, MELS, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = train_sounds._logits(model, inputs, torch.Generator().manual_seed(0))
        torch.testing.assert_close(made, model(inputs).logits, rtol=1e-3, atol=1e-3)


def test_the_share_of_augmented_clips_rises_to_its_limit(monkeypatch):
    shares = []
    silence = np.zeros((4, FRAMES, MELS), np.float16)
    cache = SpectrogramCache(silence, np.full(4, FRAMES), np.arange(4))

    def augment(features, ends, labels, classes, generator, strength):
        shares.append(strength)
        return features, torch.nn.functional.one_hot(labels, classes).float()

    def fit(model, loss_of, steps, rate, seed, path):
        for step in range(steps):
            loss_of(step, torch.Generator().manual_seed(step))

    monkeypatch.setattr(train_sounds, "augment", augment)
    monkeypatch.setattr(train_sounds, "fit", fit)
    model = AutoModelForAudioClassification.from_pretrained(POCKET / "pocket-sounds")
    options = {"steps": 5, "rate": 0.0, "ramp": 0.6, "strength": 0.9, "seed": 0, "path": None}
    train_sounds.train(model, [cache], [2], statistics=(0.0, 0.5), **options)
    assert shares == pytest.approx([0.3, 0.6, 0.9, 0.9, 0.9])
