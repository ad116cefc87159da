import numpy as np
import pytest
import torch

from foundry.sounds import sound_data, train_sounds
from foundry.sounds import sound_features as features


def test_features_are_what_the_extractor_gives():
    extractor = train_sounds.extractor()
    for seconds in (0.3, 2.0, 6.0):
        samples, _ = sound_data.render("dog", "train", 5, seconds=seconds)
        expected = extractor(samples, sampling_rate=16000)["input_values"][0]
        cache = features.SpectrogramCache.of([samples], [0], extractor)
        assert np.abs(cache.padded([0])[0].numpy() - expected).max() < 0.02


def test_caches_are_saved_joined_and_measured(tmp_path):
    extractor = train_sounds.extractor()
    clips = [sound_data.render("bell", "train", n)[0] for n in range(2)]
    cache = features.SpectrogramCache.of(clips, [1, 1], extractor)
    cache.save(tmp_path / "features.npz")
    stored = features.SpectrogramCache.load(tmp_path / "features.npz")
    both = features.SpectrogramCache.join([stored, cache.select([0])])
    assert len(both) == 3
    frames = [1 + (len(clip) - 400) // 160 for clip in clips]
    assert cache.lengths.tolist() == frames
    mels = extractor(clips, sampling_rate=16000)["input_values"]
    values = np.concatenate([mel[:n] for mel, n in zip(mels, frames, strict=True)])
    assert cache.statistics() == pytest.approx((values.mean(), values.std()), abs=0.01)


def test_a_tone_stays_near_its_band_in_augmented_batches():
    batch, band = 64, 30
    start = torch.full((batch, features.FRAMES, features.MELS), features.FLOOR)
    start[:, :, band] = 0.0
    ends = torch.full((batch,), features.FRAMES)
    labels = torch.zeros(batch, dtype=torch.int64)
    generator = torch.Generator().manual_seed(0)
    made, _ = features.augment(start, ends, labels, 1, generator)
    loud = made[made.amax(2) > features.FLOOR + 1].argmax(1)
    # A shift is at most 2.5 bands; an equaliser tilts by less than a tone stands out.
    assert len(loud) > batch * features.FRAMES / 4
    assert ((loud - band).abs() <= 3).float().mean() > 0.9


def test_augmented_batches_are_finite_seeded_and_mixed():
    clips = [sound_data.render("dog", "train", n)[0] for n in range(8)]
    cache = features.SpectrogramCache.of(clips, range(8), train_sounds.extractor())
    start = torch.from_numpy(cache.features.astype(np.float32))

    def batch(seed):
        generator = torch.Generator().manual_seed(seed)
        made, targets = features.augment(
            start, torch.from_numpy(cache.lengths), torch.from_numpy(cache.labels), 8, generator
        )
        return made, targets

    made, targets = batch(0)
    assert made.shape == start.shape and torch.isfinite(made).all()
    assert made.min() >= features.FLOOR - 1e-4
    assert torch.allclose(targets.sum(1), torch.ones(8))
    assert (targets.argmax(1) == torch.arange(8)).all()
    assert torch.equal(batch(0)[0], made) and not torch.equal(batch(1)[0], made)
