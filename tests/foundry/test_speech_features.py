import numpy as np
import torch

from foundry.speech import speech_features
from foundry.speech.speech_features import (
    MELS,
    STRIDE,
    extractor,
    features_of,
    simulate_recording,
)


def speech_like(seconds, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(round(16_000 * seconds)) / 16_000
    tone = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))
    return 0.1 * tone * (1 + np.sin(2 * np.pi * 3 * time)) + 0.01 * rng.standard_normal(len(time))


def test_features_are_what_the_extractor_gives():
    ours = extractor()
    for seconds, whether in ((0.3, True), (1.0, False), (2.345, True), (2.345, False)):
        samples = speech_like(seconds).astype(np.float32)
        options = {"do_normalize_per_mel_bins": whether}
        expected = ours(samples, sampling_rate=16_000, return_tensors="pt", **options)
        expected = expected["input_features"][0]
        made = features_of(samples, ours, **options)
        assert made.shape[1] == STRIDE * MELS and 0 <= len(expected) - len(made) <= 1
        assert torch.allclose(made, expected[: len(made)], atol=2e-3)


def test_a_recording_is_seeded_finite_and_says_the_same():
    samples = speech_like(1.5)
    lengths = set()
    for seed in range(20):
        made = simulate_recording(np.random.default_rng(seed), samples)
        assert made.dtype == np.float32 and np.isfinite(made).all()
        assert 0.86 < len(made) / len(samples) < 1.15
        lengths.add(len(made))
        assert np.array_equal(made, simulate_recording(np.random.default_rng(seed), samples))
    assert len(lengths) > 5


def test_features_of_a_tenth_of_a_second_are_not_empty():
    assert len(features_of(speech_like(0.1), speech_features.extractor())) >= 1
