"""Frames, pitch and energy of rendered speech, token by token."""

import numpy as np
import pytest

from foundry.text_to_speech import tts_features
from foundry.text_to_speech.tts_features import HOP, UNIT

RATE = 16_000


def voice(pitch, seconds, level=0.3):
    """A buzz with twenty harmonics."""
    time = np.arange(round(seconds * RATE)) / RATE
    waves = [np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 21)]
    return (level * np.sum(waves, 0)).astype(np.float32)


def test_frames_add_up_to_the_units():
    rng = np.random.default_rng(0)
    units = rng.integers(0, 20, 50)
    frames = tts_features.frames_of(units)
    assert abs(frames.sum() * HOP - units.sum() * UNIT) <= HOP / 2
    assert np.abs(np.cumsum(frames) * HOP - np.cumsum(units) * UNIT).max() <= HOP / 2
    assert (frames >= 0).all()


def test_the_floor_is_the_lowest_value_and_a_frame_comes_every_hop():
    mel = tts_features.mel_of(np.zeros(RATE, np.float32))
    assert mel.shape == (RATE // HOP + 1, 80) and mel.dtype == np.float32
    assert (mel == -4).all()
    assert tts_features.mel_of(voice(150, 1)).max() > 0


def test_each_token_has_its_frames_pitch_and_energy():
    # Half a second of silence, "a" at 120 Hz, "t" as silence, "i" at 200 Hz, silence.
    units = [20, 12, 4, 8, 20]
    parts = [np.zeros(20 * UNIT, np.float32), voice(120, 0.3), np.zeros(4 * UNIT, np.float32)]
    parts += [voice(200, 0.2, 0.1), np.zeros(20 * UNIT, np.float32)]
    made = tts_features.examples_of(np.concatenate(parts), "ati", units)
    assert made["tokens"] == ["<s>", "AE0", "T", "IY0", "</s>"]
    # Of the silence at either end, three units are left.
    kept = sum(units[1:-1]) + 2 * tts_features.MAX_SILENCE
    assert len(made["mel"]) == made["durations"].sum() == kept * UNIT // HOP + 1
    assert abs(made["durations"][1] * HOP - 12 * UNIT) <= HOP
    hertz = 160 * np.exp(0.4 * made["pitch"])
    assert hertz[1] == pytest.approx(120, rel=0.03) and hertz[3] == pytest.approx(200, rel=0.03)
    # As the card says: mean of the log-mel spectrogram, about -2.2 by 0.8.
    energy = 0.8 * made["energy"] - 2.2
    ends = np.cumsum(made["durations"])
    means = [part.mean() for part in np.split(made["mel"], ends[:-1])]
    assert energy == pytest.approx(means, abs=1e-4)
    assert energy[1] > energy[3] > energy[2]


def test_a_whisper_has_no_pitch():
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal(20 * UNIT).astype(np.float32)
    made = tts_features.examples_of(samples, "s", [3, 14, 3])
    assert made["pitch"].tolist() == [0, 0, 0]
