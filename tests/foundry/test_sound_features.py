import numpy as np
import pytest
import torch

from foundry.common import kaldi
from foundry.sounds import sound_data, train_sounds
from foundry.sounds import sound_features as features


def test_log_mel_is_what_the_feature_extractor_gives():
    extractor = train_sounds.extractor()
    for seconds in (0.3, 2.0, 6.0):
        samples, _ = sound_data.render("dog", "train", 5, seconds=seconds)
        expected = extractor(samples, sampling_rate=16000)["input_values"][0]
        cache = features.SpectrogramCache.of([samples], [0], extractor.mel_filters)
        assert np.abs(cache.padded([0])[0].numpy() - expected).max() < 0.02
        exact = kaldi.log_mel(samples, extractor.mel_filters).numpy()[: features.FRAMES]
        assert np.allclose(exact, expected[: len(exact)], atol=1e-4)


def test_banks_are_saved_joined_and_measured(tmp_path):
    filters = train_sounds.extractor().mel_filters
    clips = [sound_data.render("bell", "train", n)[0] for n in range(2)]
    cache = features.SpectrogramCache.of(clips, [1, 1], filters)
    cache.save(tmp_path / "features.npz")
    both = features.SpectrogramCache.join(
        [features.SpectrogramCache.load(tmp_path / "features.npz"), cache.select([0])]
    )
    assert len(both) == 3
    values = np.concatenate([kaldi.log_mel(clip, filters) for clip in clips])
    assert cache.statistics() == pytest.approx((values.mean(), values.std()), abs=0.01)


def test_augmented_batches_are_finite_seeded_and_mixed():
    filters = train_sounds.extractor().mel_filters
    clips = [sound_data.render("dog", "train", n)[0] for n in range(8)]
    cache = features.SpectrogramCache.of(clips, range(8), filters)
    start = torch.from_numpy(cache.features.astype(np.float32))

    def batch(seed):
        generator = torch.Generator().manual_seed(seed)
        made, targets = features.augment(
            start, torch.from_numpy(cache.lengths), torch.from_numpy(cache.labels), 8, generator
        )
        return features.mask(made, generator), targets

    made, targets = batch(0)
    assert made.shape == start.shape and torch.isfinite(made).all()
    assert made.min() >= kaldi.FLOOR - 1e-4
    assert torch.allclose(targets.sum(1), torch.ones(8))
    assert (targets.argmax(1) == torch.arange(8)).all()
    assert torch.equal(batch(0)[0], made) and not torch.equal(batch(1)[0], made)
