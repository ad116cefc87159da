import json

import numpy as np
import pytest
import torch

from course_utils import audio
from foundry.recognition import leave_one_out, phone_head
from foundry.speech import speech_features
from foundry.speech.feature_cache import FeatureCache

SECOND = np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000).astype(np.float32)


def test_a_word_is_varied_by_seed_and_stays_a_word():
    lengths, levels = set(), []
    for seed in range(30):
        made = leave_one_out.vary(np.random.default_rng(seed), SECOND)
        assert made.dtype == np.float32 and np.isfinite(made).all()
        assert np.array_equal(made, leave_one_out.vary(np.random.default_rng(seed), SECOND))
        # Slowest: 1 / (0.8 * 0.8) and 0.7 s of silence; fastest: 1 / (1.22 * 1.3), cut by 12 %.
        assert 0.88 / (1.22 * 1.3) - 0.1 < len(made) / 16_000 < 1 / 0.64 + 0.75
        lengths.add(len(made))
        levels.append(20 * np.log10(np.abs(made).max()))
    assert len(lengths) > 20
    assert min(levels) < -25 and max(levels) > -8


def test_the_level_falls_by_up_to_36_decibels_and_nothing_else_changes():
    falls = []
    for seed in range(200):
        made = speech_features.random_gain(np.random.default_rng(seed), SECOND)
        falls.append(20 * np.log10(made[10] / SECOND[10]))
        assert np.allclose(made / made[10], SECOND / SECOND[10], rtol=1e-4, atol=1e-4)
    assert -36 <= min(falls) < -34 and -2 < max(falls) <= 0


@pytest.mark.parametrize("left_out", [None, *leave_one_out.PERSONS])
def test_who_is_left_out_is_not_heard_and_nobody_is_asked_for_phones(
    tmp_path, monkeypatch, left_out
):
    numbers = {"features": 1, "rendered": 2, "jackson": 3, "nicolas": 4, "theo": 5}
    for name, number in numbers.items():
        rows = [(torch.full((4, 2), float(number)), np.full(4, 7), [1])] * 3
        FeatureCache.of(rows).save(tmp_path / f"{name}.npz")
    given = {}
    model = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(model.weight, 1)

    def fit_phone_head(model, caches, path, **rest):
        given.update(caches=caches, path=path)
        torch.nn.init.constant_(model.weight, 2)
        return model

    monkeypatch.setattr(phone_head, "fit_phone_head", fit_phone_head)
    made = leave_one_out.fine_tune(model, tmp_path, left_out, steps=1, rate=1)
    assert made.weight.item() == pytest.approx(1 + leave_one_out.INTERPOLATION_WEIGHT)
    known, words = given["caches"]
    assert set(known.features[:, 0]) == {1}
    heard = set(words.features[:, 0])
    assert heard == {n for name, n in numbers.items() if name not in ("features", left_out)}
    assert (known.phones == -100).all() and (words.phones == -100).all()
    assert str(left_out) in given["path"].name


def test_a_person_is_scored_on_their_own_recordings_only(tmp_path, monkeypatch):
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for name in ("7_theo_0.wav", "0_jackson_12.wav", "1_jackson_1.wav"):
        audio.save(folder / name, SECOND[:4000], 8_000)
    monkeypatch.setattr(leave_one_out, "fine_tune", lambda model, *rest, **stage: model)
    monkeypatch.setattr(
        leave_one_out.recognition_scores,
        "recogniser",
        lambda folder: lambda clips: ["zero"] * len(clips),
    )

    class Trained:
        model = None

    leave_one_out.leave_out(
        lambda work: Trained, lambda model, out: None, tmp_path, tmp_path, "jackson", {}
    )
    scores = json.loads((tmp_path / "jackson.json").read_text(encoding="utf-8"))
    assert scores["utterances"] == 2 and scores["wer"] == 0.5
