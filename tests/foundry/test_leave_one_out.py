import json
from collections import Counter

import numpy as np
import pytest
from safetensors.torch import load_file

from foundry.recognition import leave_one_out, train_whisper
from foundry.recognition.leave_one_out import PERSONS
from foundry.speech import speech_features
from foundry.speech.feature_cache import COPIES
from foundry.speech.sentences import DIGITS

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


def texts_of(call):
    """Return the texts of a batch that the loss was computed of."""
    rows = call.given[3].tolist()
    decode = train_whisper.tokenizer().decode
    return Counter(decode([token for token in row if token >= 0]).strip() for row in rows)


def times(counts, number):
    return Counter({key: number * count for key, count in counts.items()})


@pytest.mark.long
def test_a_person_is_scored_by_a_model_that_never_heard_them(
    rendered, recogniser_texts, fsdd, tmp_path, monkeypatch, run_step, spy
):
    for stage in (train_whisper.STUDIO, train_whisper.TRAIN, train_whisper.PEOPLE):
        monkeypatch.setitem(stage, "steps", 1)
    # The batches are so large that an epoch is one step.
    monkeypatch.setattr(train_whisper.WhisperWithPhoneHead, "max_vectors", 100_000)
    folders = {"work": tmp_path / "work", "cache": rendered, "real": fsdd}
    run_step(train_whisper, "features", **folders)
    batches = spy(train_whisper.WhisperWithPhoneHead, "loss")
    run_step(train_whisper, "train", **folders)
    studio, everything = batches
    assert texts_of(studio) == recogniser_texts
    assert texts_of(everything) == times(recogniser_texts, 1 + COPIES)
    assert (everything.given[4] >= 0).any()  # phones are known in rendered speech

    run_step(train_whisper, "digits", **folders)
    rendered_digits = Counter({t: n for t, n in recogniser_texts.items() if t in DIGITS})
    said = {person: DIGITS[2 * n : 2 * n + 2] for n, person in enumerate(PERSONS)}
    for left_out in (*PERSONS, None):
        batches.clear()
        if left_out:
            run_step(train_whisper, left_out, **folders)
        else:
            run_step(train_whisper, "export", **folders)
        known, digits = batches
        assert texts_of(known) == times(recogniser_texts, 1 + COPIES)
        heard = times(rendered_digits, 1 + leave_one_out.RENDERED_COPIES)
        for person in PERSONS:
            if person != left_out:
                heard += times(Counter(said[person]), 1 + leave_one_out.RECORDED_COPIES)
        assert texts_of(digits) == heard
        assert (known.given[4] == -100).all() and (digits.given[4] == -100).all()
    scores = [
        json.loads((tmp_path / "work" / f"{name}.json").read_text(encoding="utf-8"))
        for name in PERSONS
    ]
    assert [score["utterances"] for score in scores] == [2, 2, 2]
    results = json.loads(
        (tmp_path / "work" / "trained" / "results.json").read_text(encoding="utf-8")
    )
    assert results["people"] == dict(zip(PERSONS, scores, strict=True))
    # The shipped weights are 0.6 of the way from those before to those after fine-tuning.
    name = "model.decoder.layers.0.fc1.weight"
    before, after = (
        load_file(tmp_path / "work" / f"{stage}.safetensors")[f"average.model.{name}"]
        for stage in ("everything", "people-without-None")
    )
    way = after - before
    gone = load_file(tmp_path / "work" / "trained" / "model.safetensors")[name].float() - before
    assert ((gone * way).sum() / (way * way).sum()).item() == pytest.approx(0.6, abs=0.02)
