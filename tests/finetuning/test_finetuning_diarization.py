from itertools import permutations

import numpy as np
import pytest
import torch
from transformers import SeamlessM4TFeatureExtractor

from course_utils import finetuning

TURNS = [
    {"speaker": "Bob", "start": 1.0, "end": 3.0},
    {"speaker": "Alice", "start": 0.0, "end": 2.0},
    {"speaker": "Carol", "start": 3.5, "end": 4.0},
]


@pytest.mark.parametrize("tracks", [2, 3, 4])
def test_the_loss_equals_brute_force_over_all_orders(tracks):
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        logits = 3 * torch.randn(5, 17, tracks, generator=generator)
        labels = (torch.rand(5, 17, tracks, generator=generator) < 0.4).float()
        expected = []
        for row in range(5):
            expected.append(
                min(
                    torch.nn.functional.binary_cross_entropy_with_logits(
                        logits[row], labels[row][:, list(order)]
                    )
                    for order in permutations(range(tracks))
                )
            )
        loss = finetuning.permutation_invariant_loss(logits, labels)
        assert loss.item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-5)


def test_the_order_of_speakers_and_padding_do_not_matter():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 10, 3, generator=generator)
    labels = (torch.rand(2, 10, 3, generator=generator) < 0.5).float()
    loss = finetuning.permutation_invariant_loss(logits, labels)
    again = finetuning.permutation_invariant_loss(logits, labels[..., [2, 0, 1]])
    assert loss.item() == pytest.approx(again.item())
    short = finetuning.permutation_invariant_loss(logits[:1, :6], labels[:1, :6])
    labels[0, 6:] = -100
    whole = finetuning.permutation_invariant_loss(logits[:1], labels[:1])
    assert whole.item() == pytest.approx(short.item())


def test_the_gradient_leads_to_silence_and_overlap():
    labels = torch.tensor([[[0, 0], [1, 0], [1, 1], [0, 1]]]).float()
    logits = torch.randn(1, 4, 2, generator=torch.Generator().manual_seed(3)).requires_grad_()
    for _ in range(200):
        finetuning.permutation_invariant_loss(logits, labels).backward()
        with torch.no_grad():
            logits -= 5 * logits.grad
            logits.grad = None
    made = (logits > 0).float()
    assert torch.equal(made, labels) or torch.equal(made, labels.flip(2))


def test_different_shapes_are_named():
    with pytest.raises(ValueError, match=r"\(1, 4, 2\), labels \(1, 4, 3\)"):
        finetuning.permutation_invariant_loss(torch.zeros(1, 4, 2), torch.zeros(1, 4, 3))


def test_frames_are_labelled_by_hand_in_order_of_appearance():
    made = finetuning.frame_labels(TURNS, frames=8, seconds_per_frame=0.5, tracks=3)
    assert made.dtype == np.float32
    assert made.T.tolist() == [
        [1, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 1],
    ]


def test_a_window_begins_later_and_keeps_those_who_speak_most():
    made = finetuning.frame_labels(TURNS, 4, 0.5, tracks=1, start=1.0)
    assert made.T.tolist() == [[1, 1, 1, 1]]  # Bob; Alice only has the first half
    made = finetuning.frame_labels(TURNS, 4, 0.5, tracks=4, start=2.0)
    assert made.T.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [0] * 4, [0] * 4]
    assert finetuning.frame_labels([], 3, 0.5, tracks=2).tolist() == [[0, 0]] * 3
    with pytest.raises(ValueError, match=r"turns\[0\] runs from 2"):
        finetuning.frame_labels([{"speaker": "a", "start": 2, "end": 1}], 3, 0.5, 2)


def test_batches_of_activity_are_padded_and_masked():
    extractor = SeamlessM4TFeatureExtractor(stride=2)
    rows = [
        {"input_features": np.ones((6, 160), np.float32), "labels": np.ones((6, 3)), "id": 1},
        {"input_features": np.ones((4, 160), np.float32), "labels": np.zeros((4, 3)), "id": 2},
    ]
    batch = finetuning.ActivityCollator(extractor)(rows)
    assert batch["input_features"].shape == (2, 6, 160)
    assert batch["labels"].shape == (2, 6, 3) and batch["labels"].dtype == torch.float32
    assert (batch["labels"][1, 4:] == -100).all() and (batch["labels"][1, :4] == 0).all()
    assert batch["attention_mask"].sum(1).tolist() == [6, 4]
