import json
import shutil

import numpy as np
import pytest
import torch

from course_utils.catalog import POCKET
from foundry.music import genre_data
from foundry.recognition import no_speech, train_whisper
from foundry.sounds import sound_data
from foundry.speech import sentences

RATE = 16_000


def test_steady_clips_are_silent_or_noise_within_full_scale():
    peaks = []
    for seed in range(60):
        made = no_speech.steady(np.random.default_rng(seed))
        assert made.dtype == np.float32 and np.isfinite(made).all()
        assert 0.49 < len(made) / RATE <= no_speech.MAX_SECONDS
        assert np.array_equal(made, no_speech.steady(np.random.default_rng(seed)))
        peaks.append(np.abs(made).max())
    assert 0 < np.mean(np.array(peaks) == 0) < 0.25
    assert min(peak for peak in peaks if peak) < 1e-3 and 0.5 < max(peaks) <= 0.9


def test_an_utterance_is_whole_within_longer_noise(sine):
    said = sine(440, 2.0)
    longer = 0
    for seed in range(30):
        made = no_speech.within_noise(np.random.default_rng(seed), said)
        assert len(made) / RATE <= no_speech.MAX_SECONDS + 1e-3
        if len(made) > 1.16 * len(said):  # speed perturbation reaches 1 / 0.88
            longer += 1
            assert np.isfinite(made).all() and made.any()
    assert 8 < longer < 22


def test_a_missing_model_before_the_stage_names_the_step_that_writes_it(tmp_path):
    with pytest.raises(SystemExit, match="trained; run the step export first"):
        no_speech.trained_results(tmp_path)


@pytest.fixture
def silent_whisper():
    torch.manual_seed(0)
    return train_whisper.SilentWhisper(train_whisper.new_model())


def test_the_end_of_a_text_follows_its_last_token(silent_whisper):
    inputs, targets = silent_whisper.tokens(torch.tensor([[7, 0, 8], [9, -100, -100]]))
    start, plain, end = silent_whisper.start, silent_whisper.plain, silent_whisper.end
    assert inputs.tolist() == [[start, plain, 7, 0, 8], [start, plain, 9, end, end]]
    assert targets.tolist() == [[plain, 7, 0, 8, end], [plain, 9, end, -100, -100]]


def test_speech_costs_nothing_until_the_decoder_changes(silent_whisper):
    features, lengths = torch.randn(2, 60, train_whisper.MELS), torch.tensor([60, 40])
    labels, phones = torch.tensor([[3, 4, 5], [6, 7, -100]]), torch.full((2, 60), -100)
    before = silent_whisper.loss(features, lengths, labels, phones)
    assert before.item() == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        silent_whisper.model.model.decoder.layers[0].fc2.weight.mul_(2)
    assert silent_whisper.loss(features, lengths, labels, phones) > 1e-3


def test_silence_trains_the_layers_of_the_decoder_to_end_the_text(silent_whisper):
    features, lengths = torch.randn(4, 60, train_whisper.MELS), torch.full((4,), 60)
    given = features, lengths, torch.zeros(4, 0, dtype=torch.long), torch.full((4, 60), -100)
    before = {name: value.clone() for name, value in silent_whisper.state_dict().items()}
    optimizer = torch.optim.Adam(silent_whisper.parameters(), 1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        silent_whisper.loss(*given).backward()
        optimizer.step()
    changed = {
        name for name, value in silent_whisper.state_dict().items() if not value.equal(before[name])
    }
    assert changed and all("decoder.layer" in name for name in changed)
    with torch.no_grad():
        states = train_whisper.encode_short(silent_whisper.model, features)
        inputs, _ = silent_whisper.tokens(given[2])
        logits = silent_whisper.logits(silent_whisper.model.model.decoder, inputs, states)
    assert logits.argmax(-1)[:, 1].tolist() == [silent_whisper.end] * 4


@pytest.mark.long
def test_it_learns_clips_without_speech_and_none_of_the_score(
    learned_and_held_out, fsdd, small_no_speech, tmp_path, monkeypatch, run_step, spy
):
    learned, held_out = learned_and_held_out
    monkeypatch.setattr(train_whisper, "NEW_SENTENCES", 2)
    monkeypatch.setitem(train_whisper.NO_SPEECH, "steps", 1)
    monkeypatch.setattr(train_whisper.WhisperWithPhoneHead, "max_vectors", 100_000)
    out, trained = tmp_path / "model", tmp_path / "work" / no_speech.TRAINED
    shutil.copytree(POCKET / "pocket-whisper", trained)
    before = json.loads((trained / "results.json").read_text(encoding="utf-8"))
    del before["training"]["nospeech"], before["empty"], before["digits"]
    (trained / "results.json").write_text(json.dumps(before), encoding="utf-8")
    recorded, made = spy(no_speech, "recorded"), spy(sound_data, "render")
    played, scored = spy(genre_data, "example"), spy(no_speech, "held_out")
    batches = spy(train_whisper.SilentWhisper, "loss")
    drawn = spy(sentences, "draw")
    folders = {"work": tmp_path / "work", "real": fsdd, "out": out}
    run_step(train_whisper, "final", **folders)

    heard = [call.given[1] for call in recorded]
    assert all(any(np.array_equal(clip, part) for part in heard) for clip in learned)
    assert not any(np.array_equal(clip, part) for clip in held_out for part in heard)
    kinds = len(sound_data.LABELS), len(genre_data.GENRES)
    for calls, count in zip((made, played), kinds, strict=True):
        assert [call.given[1] for call in calls] == ["train"] * count + ["test"] * count
    spoken, synthesised, silent, digits = batches
    for batch in (spoken, synthesised, digits):
        assert (batch.given[3] >= 0).any(1).all()
    assert {call.given[1] for call in drawn} == {"train"}
    assert len(synthesised.given[1]) == 4  # each sentence as it is, and augmented
    assert silent.given[3].numel() == 0  # no text at all
    assert len(silent.given[1]) == 3 + sum(kinds) + len(learned)

    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    (call,) = scored
    sizes = {kind: len(clips) for kind, clips in call.result.items()}
    assert {kind: of for kind, (_, of) in results["empty"].items()} == sizes
    assert sizes["ESC-10"] == len(held_out)
    assert results["people"] == before["people"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"ESC-10 {results['empty']['ESC-10'][0]} of {sizes['ESC-10']} (fold 3)." in card
