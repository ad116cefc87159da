import json
import shutil

import numpy as np
import pytest

from course_utils import audio
from course_utils.catalog import POCKET
from foundry.music import genre_data
from foundry.recognition import no_speech, train_whisper
from foundry.sounds import sound_data
from foundry.speech import feature_cache

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


@pytest.mark.long
def test_it_learns_clips_without_speech_and_none_of_the_score(
    esc10, fsdd, shipped_speech, tmp_path, monkeypatch, run_step, spy
):
    folds = {"other": [], "score": []}
    for path in sorted(esc10.glob("*/*.ogg")):
        held_out = int(path.name[0]) == no_speech.HELD_OUT_FOLD
        folds["score" if held_out else "other"].append(audio.load(path, RATE)[0])
    shutil.copytree(esc10, fsdd / "esc10")
    for name in ("SOUNDS_PER_CLASS", "MUSIC_PER_GENRE", "RECORDED_COPIES", "SPEECH_COPIES"):
        monkeypatch.setattr(no_speech, name, 1)
    for name in ("NOISE_CLIPS", "NOISE_TEST_CLIPS"):
        monkeypatch.setattr(no_speech, name, 3)
    monkeypatch.setitem(sound_data.SPLITS, "test", 1)
    monkeypatch.setitem(genre_data.CLIPS, "test", 1)
    monkeypatch.setitem(train_whisper.NO_SPEECH, "steps", 1)
    monkeypatch.setattr(train_whisper.WhisperWithPhoneHead, "max_vectors", 100_000)
    # In this process, so that the calls are seen.
    monkeypatch.setattr(feature_cache, "run_jobs", lambda function, jobs: list(map(function, jobs)))
    out = tmp_path / "model"
    shutil.copytree(POCKET / "pocket-whisper", out)
    recorded, made = spy(no_speech, "recorded"), spy(sound_data, "render")
    played, scored = spy(genre_data, "example"), spy(no_speech, "held_out")
    batches = spy(train_whisper.WhisperWithPhoneHead, "loss")
    folders = {"work": tmp_path / "work", "real": fsdd, "out": out}
    run_step(train_whisper, "silence", **folders)

    heard = [call.given[1] for call in recorded]
    assert all(any(np.array_equal(clip, part) for part in heard) for clip in folds["other"])
    assert not any(np.array_equal(clip, part) for clip in folds["score"] for part in heard)
    kinds = len(sound_data.LABELS), len(genre_data.GENRES)
    for calls, count in zip((made, played), kinds, strict=True):
        assert [call.given[1] for call in calls] == ["train"] * count + ["test"] * count
    spoken, silent, digits = batches
    assert (spoken.given[3] >= 0).any(1).all() and (digits.given[3] >= 0).any(1).all()
    assert silent.given[3].numel() == 0  # no text at all
    assert len(silent.given[1]) == 3 + sum(kinds) + len(folds["other"])

    results, before = (
        json.loads((folder / "results.json").read_text(encoding="utf-8"))
        for folder in (out, POCKET / "pocket-whisper")
    )
    (call,) = scored
    sizes = {kind: len(clips) for kind, clips in call.result.items()}
    assert {kind: of for kind, (_, of) in results["empty"].items()} == sizes
    assert sizes["ESC-10"] == len(folds["score"])
    assert results["people"] == before["people"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"ESC-10 {results['empty']['ESC-10'][0]} of {sizes['ESC-10']}." in card
    assert "hallucinates" not in card
    with pytest.raises(SystemExit, match="has been through this stage"):
        run_step(train_whisper, "silence", **folders)
