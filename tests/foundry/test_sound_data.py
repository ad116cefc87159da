"""The data set `sounds`, the features it is learned from, and the model `pocket-sounds`."""

import json
import sys

import datasets
import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import ASTFeatureExtractor, pipeline

from course_utils import audio
from course_utils.catalog import POCKET
from course_utils.simulation import augmentation
from foundry.common import sound_synthesis
from foundry.sounds import animals_and_people as voices
from foundry.sounds import sound_data, things, train_sounds

MODEL = POCKET / "pocket-sounds"
MAIN_RANGES = {
    "dog": ("pitch", 170, 1000),
    "cat": ("pitch", 420, 1150),
    "rooster": ("pitch", 480, 1250),
    "baby_cry": ("pitch", 290, 620),
    "sneeze": ("burst", 0.16, 0.5),
    "bird": ("pitch", 2200, 5600),
    "rain": ("density", 40, 2500),
    "sea_waves": ("period", 1.6, 5.5),
    "fire": ("rate", 8, 110),
    "clock_tick": ("period", 0.17, 1.1),
    "chainsaw": ("revolutions", 75, 230),
    "helicopter": ("blades", 9, 28),
    "engine": ("firing", 24, 62),
    "siren": ("pitch", 420, 1100),
    "bell": ("pitch", 250, 1700),
    "phone": ("pitch", 650, 2000),
}


# Building blocks


@given(
    st.sampled_from(["train", "validation", "test"]),
    st.integers(0, 2**31),
    st.floats(1, 100),
    st.floats(1.1, 50),
    st.booleans(),
)
@settings(max_examples=60)
def test_a_drawn_value_belongs_to_its_split(split, seed, low, factor, log):
    value = sound_synthesis.split_uniform(
        np.random.default_rng(seed), split, low, low * factor, log
    )
    assert low <= value <= low * factor
    assert sound_synthesis.split_of(value, low, low * factor, log) == split


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="'dev'; it must be one of train, validation, test"):
        sound_synthesis.split_uniform(np.random.default_rng(0), "dev", 0, 1)


def test_adsr_reaches_its_corners_and_shrinks_to_fit():
    envelope = sound_synthesis.adsr(16000, 0.1, 0.2, 0.5, 0.3)
    assert envelope[1600] == pytest.approx(1, abs=1e-3)
    assert envelope[[4800, 8000, 11200]] == pytest.approx(0.5, abs=1e-3)
    assert envelope[0] == 0 and envelope[-1] < 0.001
    assert sound_synthesis.adsr(160, 1, 1, 0.5, 1).max() <= 1


def test_wander_is_smooth_and_as_deep_as_asked():
    slow = sound_synthesis.wander(np.random.default_rng(0), 16000 * 60, 5, 2.0)
    assert np.abs(np.diff(slow)).max() < 0.02
    assert 1.2 < slow.std() < 2.2


def test_modes_ring_at_their_frequency_and_never_alias():
    ring = sound_synthesis.modes(16000, [440.0, 9000.0], [0.5, 0.5], [1.0, 1.0])
    assert np.argmax(np.abs(np.fft.rfft(ring))) == pytest.approx(440, abs=1)
    assert np.allclose(ring, sound_synthesis.modes(16000, [440.0], [0.5], [1.0]))


def test_normalise_leaves_silence_alone():
    assert not sound_synthesis.normalise(np.zeros(4)).any()
    assert np.abs(sound_synthesis.normalise(np.array([0.1, -0.2]), 0.5)).max() == 0.5


# The sounds


@pytest.mark.parametrize("label", sound_data.LABELS)
def test_a_seed_fixes_a_clip_and_its_bounds(label):
    samples, parameters = sound_data.render(label, "train", 3)
    again, same = sound_data.render(label, "train", 3)
    other, _ = sound_data.render(label, "train", 4)
    assert np.array_equal(samples, again) and parameters == same
    assert len(other) != len(samples) or not np.array_equal(other, samples)
    clear, how = sound_data.render(label, "train", 3, close=True)
    assert 2.0 <= how["seconds"] <= 3.0 and how["seed"] == parameters["seed"]
    assert np.isfinite(clear).all() and 0.25 < np.abs(clear).max() <= 0.96
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert 1.0 <= parameters["seconds"] <= 3.0
    assert len(samples) == round(parameters["seconds"] * augmentation.RATE)
    assert np.isfinite(samples).all() and 0.04 < np.abs(samples).max() <= 0.99


@pytest.mark.parametrize("label", sound_data.LABELS)
def test_the_splits_share_no_main_parameter(label):
    name, low, high = MAIN_RANGES[label]
    for split in sound_data.SPLITS:
        for seed in range(4):
            rng = np.random.default_rng(seed)
            _, parameters = sound_data.SOUNDS[label](rng, split, 2.0)
            assert sound_synthesis.split_of(parameters[name], low, high, log=True) == split


def test_length_can_be_chosen_and_labels_are_checked():
    assert len(sound_data.render("dog", "train", 0, seconds=5.0)[0]) == 5 * augmentation.RATE
    with pytest.raises(ValueError, match="label is 'wolf'; the sounds are baby_cry"):
        sound_data.render("wolf", "train", 0)


def test_every_recorded_class_has_a_label():
    assert set(sound_data.ESC10.values()) < set(sound_data.LABELS)
    assert sound_data.ESC10["dog_bark"] == "dog"
    assert len(sound_data.LABELS) >= 14 and {"dog", "cat"} < set(sound_data.LABELS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("event", [voices.rooster, voices.cat])
def test_the_highest_fundamental_is_the_parameter(event, seed):
    samples, parameters = event(np.random.default_rng(seed + 1), "train", 2.5)
    pitch, voiced, _ = librosa.pyin(samples, fmin=150, fmax=1600, sr=augmentation.RATE)
    assert voiced.sum() > 5
    top = np.nanpercentile(pitch, 90)
    assert top == pytest.approx(parameters["pitch"], rel=0.2)


@pytest.mark.parametrize("seed", range(4))
def test_a_siren_sweeps_between_its_pitches(seed):
    samples, parameters = things.siren(np.random.default_rng(seed), "train", 3.0)
    low, high = parameters["pitch"], parameters["pitch"] * parameters["ratio"]
    pitch = librosa.yin(samples, fmin=200, fmax=3500, sr=augmentation.RATE, frame_length=1024)[8:-8]
    inside = (pitch > 0.93 * low) & (pitch < 1.07 * high)
    assert inside.mean() > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_a_bell_has_a_partial_at_its_pitch(seed):
    samples, parameters = things.bell(np.random.default_rng(seed), "train", 3.0)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / augmentation.RATE) - parameters["pitch"]) < 4
    assert spectrum[near].max() > 20 * np.median(spectrum)


@pytest.mark.parametrize("seed", range(4))
def test_a_clock_ticks_at_its_period(seed):
    samples, parameters = things.clock_tick(np.random.default_rng(seed), "train", 5.0)
    envelope = np.add.reduceat(samples**2, np.arange(0, len(samples), 160))
    envelope = np.convolve(envelope, np.ones(3)) ** 0.25
    match = np.correlate(envelope - envelope.mean(), envelope - envelope.mean(), "full")
    match = match[len(envelope) - 1 :]
    period = parameters["period"] * 100
    lags = [round(period * k) for k in (1, 2) if period * k < 0.6 * len(match)]
    best = max(match[max(lag - 8, 0) : lag + 9].max() for lag in lags)
    assert best > 0.4 * match[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_chainsaw_buzzes_and_rain_does_not(seed):
    def buzz(samples):
        power = np.fft.irfft(np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2)
        lags = slice(augmentation.RATE // 250, augmentation.RATE // 20)
        return power[lags].max() / power[0]

    saw, _ = things.chainsaw(np.random.default_rng(seed), "train", 2.0)
    rain, _ = things.rain(np.random.default_rng(seed), "train", 2.0)
    assert buzz(saw) > 2 * buzz(rain)


def test_barks_are_counted():
    samples, parameters = voices.dog(np.random.default_rng(12), "train", 3.0)
    quiet = np.add.reduceat(np.abs(samples), np.arange(0, len(samples), 160)) > 0.5
    starts = int(np.sum(np.diff(quiet.astype(int)) == 1) + quiet[0])
    assert 1 <= starts <= parameters["events"]


# The shipped data set


@pytest.fixture(scope="module")
def shipped():
    return {
        split: datasets.Dataset.from_parquet(str(POCKET / "sounds" / f"{split}.parquet"))
        for split in sound_data.SPLITS
    }


def test_shipped_splits_have_names_and_every_class(shipped):
    for split, clips in shipped.items():
        assert clips.features["label"].names == sound_data.LABELS
        assert np.bincount(clips["label"][:]).tolist() == [sound_data.SPLITS[split]] * len(
            sound_data.LABELS
        )


def test_shipped_seeds_never_meet(shipped):
    seeds = [set(clips["seed"][:]) for clips in shipped.values()]
    assert sum(map(len, seeds)) == len(set.union(*seeds)) == sum(map(len, shipped.values()))


def test_shipped_clips_decode_to_what_the_code_renders(shipped):
    for split, clips in shipped.items():
        clip = clips[sound_data.LABELS.index("rooster")]
        samples, rate = audio.load(clip["audio"])
        made, parameters = sound_data.render("rooster", split, 0, close=True)
        assert rate == augmentation.RATE and 0 <= len(samples) - len(made) < 320  # a packet
        assert clip["seed"] == parameters["seed"]
        assert clip["audio"]["path"] == f"rooster/{split}-0000.ogg"
        assert json.loads(clip["parameters"])["pitch"] == parameters["pitch"]
        assert np.corrcoef(samples[: len(made)], made)[0, 1] > 0.8


def test_shipped_files_are_small_and_have_a_card():
    files = list((POCKET / "sounds").glob("*.parquet"))
    assert sum(file.stat().st_size for file in files) <= 3.5e6
    card = (POCKET / "sounds" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: cc-by-4.0\n")
    assert all(label in card for label in sound_data.LABELS)


def test_table_is_what_is_shipped(shipped, tmp_path):
    made = sound_data.table("test", 1)
    count = len(sound_data.LABELS)
    assert made["seed"][:] == shipped["test"]["seed"][:count]
    assert made["parameters"][:] == shipped["test"]["parameters"][:count]


# The model


@pytest.fixture(scope="module")
def classify():
    return pipeline("audio-classification", model=str(MODEL), device="cpu")


def test_the_model_is_small_named_and_computes_in_single_precision(classify):
    assert classify.model.dtype == torch.float32
    assert list(classify.model.config.id2label.values()) == sound_data.LABELS
    assert isinstance(classify.feature_extractor, ASTFeatureExtractor)
    assert (MODEL / "model.safetensors").stat().st_size <= 5e6


def test_synthetic_test_split_is_named_right(classify, shipped):
    clips = shipped["test"]
    names = clips.features["label"].names
    values = ({"array": audio.load(clip["audio"])[0], "sampling_rate": 16000} for clip in clips)
    guesses = [guess[0]["label"] for guess in classify(values, top_k=1)]
    right = np.mean(np.array(guesses) == np.array(names)[clips["label"][:]])
    assert right >= 0.95
    reported = json.loads((MODEL / "results.json").read_text(encoding="utf-8"))["synthetic test"][
        "accuracy"
    ]
    assert right == pytest.approx(reported, abs=0.01)


@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0, 12.0])
def test_clips_of_any_length_are_named(classify, seconds):
    samples, _ = sound_data.render("siren", "test", 1, seconds=seconds)
    scores = classify({"array": samples, "sampling_rate": 16000}, top_k=None)
    assert sum(score["score"] for score in scores) == pytest.approx(1, abs=1e-3)
    assert {score["label"] for score in scores} == set(sound_data.LABELS)


def test_training_without_recordings_says_so(monkeypatch, capsys, tmp_path):
    arguments = ["train_sounds", "validate", "--work", str(tmp_path), "--real", "nowhere"]
    monkeypatch.setattr(sys, "argv", arguments)
    train_sounds.main()
    assert "No recordings in nowhere: step validate skipped" in capsys.readouterr().out
