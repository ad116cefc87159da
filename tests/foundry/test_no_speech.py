import numpy as np

from foundry.recognition import no_speech

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
