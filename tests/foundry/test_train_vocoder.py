"""The network behind pocket-vocoder: its losses, its critics, its crops."""

import numpy as np
import pytest
import torch

from course_utils.finetuning.tts import HOP
from course_utils.foundry import train_vocoder as vocoder
from course_utils.foundry.tts_features import extractor, mel_of

RATE = 16_000


def tone(pitch, seconds=0.5, level=0.3):
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


@pytest.fixture(scope="module")
def filters():
    return torch.from_numpy(extractor().mel_filters.astype(np.float32))


def test_the_same_sound_costs_nothing_and_the_phase_does_not_count(filters):
    a, b = (torch.from_numpy(tone(pitch))[None] for pitch in (300, 450))
    assert vocoder.spectral_loss(a, a, filters) == 0
    later = torch.roll(a, 13, dims=1)
    assert vocoder.spectral_loss(later, a, filters) < 0.3 * vocoder.spectral_loss(b, a, filters)


def test_a_critic_folds_at_its_period():
    samples = torch.arange(22.0)[None]
    critic = vocoder.Critic(5)
    seen = []
    critic.layers[0].register_forward_hook(lambda layer, given, made: seen.append(given[0]))
    states = critic(samples)
    assert seen[0][0, 0].tolist() == torch.arange(20.0).reshape(4, 5).tolist()
    assert len(states) == 5 and states[-1].shape[1] == 1


def test_each_side_learns_from_its_own_losses_only():
    pair = vocoder.Pair(vocoder.new_model())
    mel = torch.from_numpy(np.stack([mel_of(tone(220))[:16]] * 2))
    samples = torch.from_numpy(np.stack([tone(220)[: 16 * HOP]] * 2))
    pair.loss(mel, samples, critical=False).backward()
    assert all(p.grad is None for p in pair.critics.parameters())
    pair.zero_grad()
    pair.loss(mel, samples, critical=True).backward()
    assert all(p.requires_grad for p in pair.critics.parameters())
    judged = [c(samples)[-1].sub(1).square().mean() for c in pair.critics]
    made = pair.generator(mel).detach()
    judged += [c(made)[-1].square().mean() for c in pair.critics]
    wanted = torch.autograd.grad(sum(judged), [*pair.critics.parameters()])
    for parameter, gradient in zip(pair.critics.parameters(), wanted, strict=True):
        assert torch.allclose(parameter.grad, gradient, atol=1e-5)


def test_the_generator_gives_a_hop_for_each_frame_and_is_small():
    model = vocoder.new_model()
    assert model.num_parameters() < 2e6
    with torch.no_grad():
        assert model(torch.zeros(7, 80)).shape == (7 * HOP,)


def test_crops_are_spectrograms_and_their_waveforms(tmp_path):
    lengths = [40, 33, 20]
    starts = np.cumsum([0, *lengths])
    mel = np.repeat(np.arange(starts[-1])[:, None], 80, 1).astype(np.float16)
    samples = np.repeat(np.arange(starts[-1]), HOP).astype(np.float16)
    np.savez(tmp_path / "bank.npz", mel=mel, samples=samples, starts=starts)
    crops = vocoder.Crops(tmp_path / "bank.npz")
    mel, samples = crops.batch(torch.Generator().manual_seed(0))
    assert mel.shape == (vocoder.BATCH, vocoder.FRAMES, 80)
    assert samples.shape == (vocoder.BATCH, vocoder.FRAMES * HOP)
    assert torch.equal(mel[:, :, 0], samples[:, ::HOP])
    firsts = mel[:, 0, 0]
    assert (firsts + vocoder.FRAMES <= 73).all()
    inside = (firsts + vocoder.FRAMES <= 40) | (firsts >= 40)
    assert inside.all()
