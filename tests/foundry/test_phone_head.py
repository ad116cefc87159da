from itertools import chain

import numpy as np
import torch

from foundry.recognition import phone_head
from foundry.speech.feature_cache import COPIES, FeatureCache


def test_phone_loss_equals_cross_entropy_of_the_known_and_is_nothing_without():
    torch.manual_seed(0)
    logits, phones = torch.randn(2, 5, phone_head.PHONES), torch.randint(0, 99, (2, 5))
    phones[0, 2:] = -100
    phones[1, :3] = 0  # silence is a class of its own
    expected = -logits.log_softmax(-1).gather(2, phones.clamp_min(0)[..., None])[..., 0]
    loss = phone_head.phone_loss(logits, phones)
    assert torch.allclose(loss, expected[phones >= 0].mean())
    assert phone_head.phone_loss(logits, phones * 0 - 100) == 0


class Echo(torch.nn.Module):
    """Learns a number; keeps what it was shown."""

    max_vectors = 8
    adamw_parts = ()

    def __init__(self):
        super().__init__()
        self.number = torch.nn.Parameter(torch.zeros(1, 1))
        self.other = torch.nn.Parameter(torch.zeros(1))
        self.shown = []

    def prepare(self, features, ends, generator, augment):
        self.shown.append((augment, sorted(features[:, 0, 0].tolist())))
        return features

    def loss(self, features, ends, labels, phones):
        return ((self.number - features.mean()) ** 2).sum()


def test_studio_speech_comes_first_with_nothing_hidden_then_everything(tmp_path):
    rows = 4 * (1 + COPIES)
    FeatureCache.of((torch.full((4, 1), float(row)), np.zeros(4), [1]) for row in range(rows)).save(
        tmp_path / "features.npz"
    )
    model, utterances = phone_head.train(
        Echo(), tmp_path, {"steps": 2, "rate": 0.1}, {"steps": 6, "rate": 0.1}
    )
    studio, everything = model.shown[:2], model.shown[2:]
    assert not any(augment for augment, _ in studio) and all(augment for augment, _ in everything)
    rendered = [float(row) for row in range(0, rows, 1 + COPIES)]
    assert sorted(chain.from_iterable(numbers for _, numbers in studio)) == rendered
    assert sorted(chain.from_iterable(numbers for _, numbers in everything)) == list(range(rows))
    assert len(utterances) == rows and not model.training
    again, _ = phone_head.train(
        Echo(), tmp_path, {"steps": 2, "rate": 0.1}, {"steps": 6, "rate": 0.1}
    )
    assert torch.equal(again.number, model.number) and not again.shown
