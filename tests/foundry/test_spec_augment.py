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


def test_masks_are_no_wider_than_asked_for_and_as_many():
    for seed in range(20):
        blank = masked(200, [200], seed, time_masks=2)[0] == 0
        assert blank.all(0).sum() <= 2 * 16 and blank.all(1).sum() <= 2 * 20
    assert not (masked(200, [200], time_masks=0)[0] == 0).all(1).any()


def test_short_utterances_survive():
    assert torch.isfinite(masked(3, [3])).all()
