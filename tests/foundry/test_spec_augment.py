import torch

from foundry.common.spec_augment import spec_augment

BANDS = 80


def masked(frames, lengths, seed=0, **options):
    batch = torch.ones(len(lengths), frames, BANDS)
    generator = torch.Generator().manual_seed(seed)
    return spec_augment(batch, torch.tensor(lengths), generator, 16, 20, **options)


def test_masks_cover_some_of_every_utterance_and_little_of_all():
    made = masked(100, [100, 20], seed=1)
    for row, length in enumerate((100, 20)):
        blank = (made[row, :length] == 0).float().mean().item()
        assert 0 < blank < 0.75
    assert torch.equal(made, masked(100, [100, 20], seed=1))
    bands = (made[0] == 0).all(0)
    assert bands.any() and not bands.all()


def test_masks_are_as_wide_as_asked_for_and_as_many():
    rows = 600
    bands = (masked(50, [50] * rows, time_masks=0) == 0).all(1).sum(1)
    assert bands.min() == 0 and 28 < bands.max() <= 32  # two masks of 0 to 16 bands
    for length, masks, low, high in ((200, 1, 20, 20), (50, 1, 10, 10), (200, None, 50, 60)):
        # A stretch of 0 to 20 frames, a fifth of the utterance at most, and one more every 80.
        blank = (masked(220, [length] * rows, time_masks=masks) == 0).all(2)
        frames = blank.sum(1)
        assert frames.min() < 10 and low <= frames.max() <= high
        assert not blank[:, length:].any()
        assert blank[:, : length - 1].any(0).all()


def test_short_utterances_survive():
    assert torch.isfinite(masked(3, [3])).all()
