"""The vocoder: a buzz of the right pitch, a hiss, both coloured; opened by AutoModel."""

import numpy as np
import pytest
import torch
from scipy import signal
from transformers import AutoModel, SpeechT5HifiGan, SpeechT5HifiGanConfig

from course_utils import pipelines
from course_utils.pipelines import HarmonicVocoder, HarmonicVocoderConfig

pipelines.register()


RATE, HOP = 16_000, 256


@pytest.fixture(scope="module")
def vocoder():
    """An untrained one whose colours are those of its input."""
    torch.manual_seed(0)
    model = HarmonicVocoder(HarmonicVocoderConfig(hidden_size=16, dilations=(1,)))
    bins = torch.arange(513) / 512 * 79
    model.spread.copy_((1 - (bins - torch.arange(80)[:, None]).abs()).clamp(min=0))
    return model.eval()


def colours(frames, buzz, hiss):
    """The same gain everywhere, for buzz and hiss, as decimal logarithms."""
    return torch.tensor([buzz, hiss])[None, None, :, None].expand(1, frames, 2, 80)


def test_a_buzz_has_all_harmonics_of_its_pitch_and_no_others(vocoder):
    pitch = torch.full((1, 16_000), 220.0)
    samples = vocoder._tone(pitch, torch.ones(1, 16_000))[0].double().numpy()
    power = np.abs(np.fft.rfft(samples)) ** 2
    harmonics = power[220::220]  # 36 of them below half the rate
    assert harmonics == pytest.approx(harmonics[0], rel=1e-2)
    assert harmonics.sum() / power.sum() > 0.97
    assert np.mean(samples**2) == pytest.approx(1, rel=0.03)


def test_a_glide_follows_the_pitch(vocoder):
    pitch = torch.linspace(100, 300, 200)[None]
    made = vocoder.synthesise(pitch, torch.ones(1, 200), colours(200, 0.0, -9.0))[0].numpy()
    for frame in (40, 100, 160):
        piece = made[frame * HOP - 1024 : frame * HOP + 1024] * np.hanning(2048)
        again = np.fft.irfft(np.abs(np.fft.rfft(piece, 8192)) ** 2)
        lag = 30 + again[30:200].argmax()
        assert RATE / lag == pytest.approx(pitch[0, frame].item(), rel=0.03)


def test_gains_are_applied_and_where_nothing_is_voiced_there_is_hiss_only(vocoder):
    voiced = torch.zeros(1, 100)
    hiss = vocoder.synthesise(torch.full((1, 100), 150.0), voiced, colours(100, 3.0, -1.0))[0]
    assert hiss.std() == pytest.approx(0.1, rel=0.05)
    frequencies, power = signal.welch(hiss.numpy(), RATE, nperseg=512)
    middle = power[(frequencies > 500) & (frequencies < 7_500)]
    assert middle.max() < 4 * middle.min()


def test_frames_alone_and_in_a_batch_sound_alike_and_have_a_hop_of_samples_each(vocoder):
    mel = torch.randn(30, 80, generator=torch.Generator().manual_seed(0)) * 0.3 - 1
    with torch.no_grad():
        one, many = vocoder(mel), vocoder(mel[None])
    assert one.shape == (30 * HOP,) and many.shape == (1, 30 * HOP)
    assert torch.equal(one, many[0]) and one.abs().max() <= 1
    with torch.no_grad():
        assert torch.equal(one, vocoder(mel))


def test_the_pitch_is_the_mean_around_the_likeliest_bin(vocoder):
    bins = vocoder.bins()
    assert bins[0] == pytest.approx(60) and bins[-1] == pytest.approx(500)
    logits = torch.full((1, 1, 96), -20.0)
    logits[0, 0, 40], logits[0, 0, 41] = 5.0, 5.0
    logits[0, 0, 90] = 4.0  # another guess, far away, does not count
    wanted = (bins[40] * bins[41]).sqrt()
    assert vocoder.hertz(logits).item() == pytest.approx(wanted.item(), rel=1e-3)


def test_vocoders_open_with_automodel(vocoder, tmp_path):
    vocoder.save_pretrained(tmp_path / "ours")
    again = AutoModel.from_pretrained(tmp_path / "ours")
    assert isinstance(again, HarmonicVocoder) and again.config.sampling_rate == RATE
    assert torch.equal(again.spread, vocoder.spread)
    small = SpeechT5HifiGanConfig(upsample_initial_channel=8, upsample_rates=[4, 4, 4, 4],
                                  upsample_kernel_sizes=[8, 8, 8, 8], resblock_kernel_sizes=[3],
                                  resblock_dilation_sizes=[[1]])  # fmt: skip
    SpeechT5HifiGan(small).save_pretrained(tmp_path / "theirs")
    assert isinstance(AutoModel.from_pretrained(tmp_path / "theirs"), SpeechT5HifiGan)
