"""The training of pocket-vocoder: its losses, its crops, the pitch that it learns."""

import numpy as np
import pytest
import torch

from foundry.text_to_speech import train_vocoder as vocoder
from foundry.text_to_speech.tts_features import HOP, extractor, mel_of

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


def test_gaps_in_the_pitch_are_filled_in_semitones():
    filled = vocoder.interpolate_pitch(np.array([0.0, 100.0, 0.0, 400.0, 0.0]))
    assert filled == pytest.approx([100, 100, 200, 400, 400])
    assert vocoder.interpolate_pitch(np.zeros(3)).tolist() == [160, 160, 160]


def test_untrained_it_gives_hiss_the_colours_of_the_spectrogram():
    model = vocoder.new_model()
    assert model.num_parameters() < 2e6
    hiss = np.random.default_rng(1).standard_normal(RATE) * np.linspace(0.01, 0.3, RATE)
    mel = torch.from_numpy(mel_of(hiss.astype(np.float32)))
    with torch.no_grad():
        _, _, colours = model.read(mel[None])
        made = model.synthesise(torch.full((1, len(mel)), 99.0), torch.zeros(1, len(mel)), colours)
    again = mel_of(made[0].numpy())[: len(mel)]
    assert np.abs(again.mean(0) - mel.numpy().mean(0)).mean() < 0.1
    assert np.corrcoef(again.mean(1), mel.numpy().mean(1))[0, 1] > 0.99


@pytest.fixture
def crops(tmp_path):
    lengths = [vocoder.FRAMES + 9, vocoder.FRAMES + 1, 20]
    starts = np.cumsum([0, *lengths])
    frames = np.arange(starts[-1])
    mel = np.repeat(frames[:, None], 80, 1).astype(np.float32)
    samples = np.repeat(frames, HOP).astype(np.float32)
    pitch = np.where(frames % 2, 100.0 + frames, 0)
    np.savez(tmp_path / "features.npz", mel=mel, samples=samples, starts=starts, pitch=pitch)
    return vocoder.Crops(tmp_path / "features.npz")


def test_crops_are_spectrograms_with_their_waveforms_and_pitch(crops, monkeypatch):
    monkeypatch.setattr(vocoder, "MAX_NOISE", 0.0)
    monkeypatch.setattr(vocoder, "BLUR_PROBABILITY", 0.0)
    mel, samples, pitch, voiced = crops.batch(torch.Generator().manual_seed(0))
    assert mel.shape == (vocoder.BATCH, vocoder.FRAMES, 80)
    assert samples.shape == (vocoder.BATCH, vocoder.FRAMES * HOP)
    assert torch.equal(mel[:, :, 0], samples[:, ::HOP])
    assert torch.equal(voiced, mel[:, :, 0] % 2)
    told = voiced.bool()
    assert torch.allclose(pitch[told], 100 + mel[:, :, 0][told])
    firsts = mel[:, 0, 0]
    edge = vocoder.FRAMES + 9
    assert ((firsts + vocoder.FRAMES <= edge) | (firsts >= edge)).all()


def test_worn_spectrograms_are_smoother_or_noisy(crops):
    mel = crops.batch(torch.Generator().manual_seed(0))[0]
    assert not torch.equal(mel[:, :, 0], mel[:, :, 1])
    assert (mel[:, :, 0] - mel[:, :, 1]).std() < 2 * vocoder.MAX_NOISE


def test_it_learns_a_pitch():
    losses = vocoder.Losses(vocoder.new_model())
    heights = (120, 180, 260)
    buzz = [np.sum([tone(p * n, 1.024, 0.1) for n in range(1, 20)], 0) for p in heights]
    mel = torch.from_numpy(np.stack([mel_of(clip)[:64] for clip in buzz]))
    samples = torch.from_numpy(np.stack([clip[: 64 * HOP] for clip in buzz]))
    pitch = torch.tensor(heights)[:, None].float().expand(3, 64)
    optimizer = torch.optim.AdamW(losses.parameters(), lr=2e-3)
    seen = []
    for _ in range(40):
        loss = losses.loss(mel, samples, pitch, torch.ones(3, 64), torch.Generator())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    assert seen[-1] < 0.6 * seen[0]
    logits, *_ = losses.vocoder.read(mel)
    assert torch.allclose(losses.vocoder.hertz(logits), pitch, rtol=0.03)


def test_it_learns_the_training_clips_and_no_others(
    rendered, rendered_training, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setitem(vocoder.TRAIN, "steps", 3)
    folders = {"work": tmp_path / "work", "cache": rendered, "out": tmp_path / "pocket-vocoder"}
    run_step(vocoder, "features", **folders)
    batches = spy(vocoder.Losses, "loss")
    run_step(vocoder, "train", **folders)
    assert len(batches) == 3
    heard = set()
    for batch in batches:
        _, _, samples, pitch, _, _ = batch.given
        for crop, told in zip(samples.numpy(), pitch.numpy(), strict=True):
            # The loudest partial is the fundamental frequency, which belongs to one clip only.
            strongest = np.abs(np.fft.rfft(crop)).argmax() * RATE / len(crop)
            (clip,) = (clip for clip in rendered_training if abs(clip.pitch - strongest) < 2)
            assert told[8:-8] == pytest.approx(clip.pitch, rel=0.02)
            heard.add(clip.path)
    assert len(heard) > 0.7 * len(rendered_training)

    run_step(vocoder, "export", **folders)
    shipped = vocoder.HarmonicVocoder.from_pretrained(tmp_path / "pocket-vocoder")
    mel = np.load(tmp_path / "work" / "features.npz")["mel"].astype(np.float32)
    assert shipped.mean.numpy() == pytest.approx(mel.mean(0), abs=0.01)
