"""Train ``pocket-vocoder``: from a mel spectrogram to a waveform, a small HiFi-GAN.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m course_utils.foundry.train_vocoder bank --cache DIR --work DIR
    python -m course_utils.foundry.train_vocoder train --work DIR
    python -m course_utils.foundry.train_vocoder export --work DIR --out DIR
    python -m course_utils.foundry.train_vocoder final --work DIR --real DIR --judge DIR --out DIR

``bank`` computes the spectrograms of all rendered training speech. ``train`` learns in two stages.
First the generator alone, to get magnitudes of spectra right at several resolutions. Then critics
join (Kong et al. 2020) that look at the waveform folded at several periods: magnitudes leave the
phase open, and a wrong one buzzes. ``export`` writes the generator, ``final`` scores it and writes
the card.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from .. import audio
from ..acoustics import RATE
from ..finetuning.tts import HOP
from . import speech_scores, tts_scores
from .speech_bank import run_jobs
from .steps import run
from .train_loop import fit, save_half
from .train_tts import utterances_of
from .tts_features import extractor, mel_of

CHANNELS = 192
FRAMES = 32
"""Frames of a training crop: half a second."""

BATCH = 16
FIRST = {"steps": 2_400, "rate": 1e-3, "warmup": 0.02}
SECOND = {"steps": 3_600, "rate": 5e-4, "warmup": 0.02}
PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = ((256, 64), (512, 128), (1024, 256))
"""Window and hop of the spectra that are compared, in samples."""

MEL, FEATURES = 15.0, 1.0
"""Weights of the spectral losses and of what the critics see, against their verdict."""


def bank(work, cache):
    """Compute waveforms and spectrograms of all utterances, one after the other."""
    path = work / "bank.npz"
    if path.exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    rows = [row["path"] for row in utterances_of(cache)]
    jobs = [rows[first : first + 50] for first in range(0, len(rows), 50)]
    clips, mels = zip(*(pair for part in run_jobs(_compute, jobs) for pair in part), strict=True)
    part = path.with_suffix(".partial.npz")
    np.savez(
        part,
        samples=np.concatenate(clips).astype(np.float16),
        mel=np.concatenate(mels).astype(np.float16),
        starts=np.cumsum([0, *map(len, mels)]),
    )
    part.replace(path)


def _compute(paths):
    """Compute waveform and spectrogram of some utterances, of whole frames."""
    torch.set_num_threads(1)
    pairs = []
    for path in paths:
        samples = audio.trim_silence(audio.load(path, RATE)[0], RATE)
        mel = mel_of(samples)
        pairs.append((np.pad(samples, (0, len(mel) * HOP - len(samples))), mel))
    return pairs


def new_model(seed=0):
    """Make the untrained generator: 256 samples a frame in three steps."""
    torch.manual_seed(seed)
    config = SpeechT5HifiGanConfig(
        sampling_rate=RATE,
        upsample_initial_channel=CHANNELS,
        upsample_rates=[8, 8, 4],
        upsample_kernel_sizes=[16, 16, 8],
        resblock_kernel_sizes=[3, 7],
        resblock_dilation_sizes=[[1, 3], [1, 3]],
        normalize_before=True,
    )
    return SpeechT5HifiGan(config)


class Critic(nn.Module):
    """Judges whether a waveform, folded at a period, is generated (Kong et al. 2020)."""

    def __init__(self, period):
        super().__init__()
        self.period = period
        sizes = (1, 8, 16, 32, 64)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)) for a, b in pairwise(sizes)
        )
        self.last = nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples):
        """Give what every layer sees; the last one is the verdict."""
        samples = samples[:, : samples.shape[1] // self.period * self.period]
        states = [samples.reshape(len(samples), 1, -1, self.period)]
        for layer in self.layers:
            states.append(functional.leaky_relu(layer(states[-1]), 0.1))
        return [*states[1:], self.last(states[-1])]


class Pair(nn.Module):
    """The generator and its critics, trained by one sum of losses.

    The generator's losses leave the critics as they are, and the critics' losses the generator:
    each part gets the gradient of its own.
    """

    def __init__(self, generator):
        super().__init__()
        self.generator = generator
        self.critics = nn.ModuleList(Critic(period) for period in PERIODS)
        filters = torch.from_numpy(extractor().mel_filters.astype(np.float32))
        self.register_buffer("filters", filters, persistent=False)

    def loss(self, mel, samples, critical):
        """Give the loss of a batch; ``critical`` tells whether the critics take part."""
        made = self.generator(mel)
        loss = MEL * spectral_loss(made, samples, self.filters)
        if not critical:
            return loss
        self.critics.requires_grad_(False)
        for critic in self.critics:
            wanted, found = critic(samples), critic(made)
            loss = loss + (1 - found[-1]).square().mean()
            for right, left in zip(wanted[:-1], found[:-1], strict=True):
                loss = loss + FEATURES * functional.l1_loss(left, right)
        self.critics.requires_grad_(True)
        for critic in self.critics:
            wanted, found = critic(samples)[-1], critic(made.detach())[-1]
            loss = loss + (1 - wanted).square().mean() + found.square().mean()
        return loss


def spectral_loss(made, samples, filters):
    """Compare magnitudes: their logarithms at all `RESOLUTIONS` and in mel bands.

    Parameters
    ----------
    made, samples : torch.Tensor
        Waveforms, shape ``(batch, n)``.
    filters : torch.Tensor
        Mel filters, shape ``(513, bands)``.

    Returns
    -------
    torch.Tensor
        A number.
    """
    loss = 0.0
    for window, hop in RESOLUTIONS:
        hann = torch.hann_window(window)
        left, right = (
            torch.stft(x, window, hop, window=hann, return_complex=True).abs().clamp(min=1e-4)
            for x in (made, samples)
        )
        loss = loss + functional.l1_loss(left.log10(), right.log10()) / len(RESOLUTIONS)
        loss = loss + torch.norm(left - right) / torch.norm(right) / len(RESOLUTIONS)
    left, right = (  # of the last, longest window
        (x.transpose(1, 2) @ filters).clamp(min=1e-4).log10() for x in (left, right)
    )
    return loss + functional.l1_loss(left, right)


class Crops:
    """The bank of a work folder, and crops of it."""

    def __init__(self, path):
        with np.load(path) as parts:
            self.samples, self.mel, self.starts = (parts[n] for n in ("samples", "mel", "starts"))
        self.long = np.flatnonzero(np.diff(self.starts) > FRAMES)

    def batch(self, generator):
        """Draw crops: spectrograms (batch, FRAMES, 80), waveforms (batch, FRAMES * HOP)."""
        rows = self.long[torch.randint(len(self.long), (BATCH,), generator=generator).numpy()]
        room = np.diff(self.starts)[rows] - FRAMES
        shares = torch.rand(BATCH, generator=generator).numpy()
        firsts = self.starts[rows] + (shares * room).astype(int)
        mel = np.stack([self.mel[a : a + FRAMES] for a in firsts])
        samples = np.stack([self.samples[a * HOP : (a + FRAMES) * HOP] for a in firsts])
        return (torch.from_numpy(part.astype(np.float32)) for part in (mel, samples))


def train(work):
    """Train on the bank of a work folder; give the generator."""
    crops = Crops(work / "bank.npz")
    generator = new_model()
    mel = crops.mel.astype(np.float32)
    generator.mean.copy_(torch.from_numpy(mel.mean(0)))
    generator.scale.copy_(torch.from_numpy(mel.std(0)))
    pair = Pair(generator)
    for name, stage in {"first": FIRST, "second": SECOND}.items():

        def loss_of(step, seeded, critical=name == "second"):
            with torch.autocast("cpu", torch.bfloat16):
                return pair.loss(*crops.batch(seeded), critical)

        steps, rate, warmup = stage["steps"], stage["rate"], stage["warmup"]
        fit(pair, loss_of, steps, rate, 0, work / f"{name}.safetensors", warmup=warmup)
    return pair.generator


def export(work, out):
    """Write the generator, as ``from_pretrained`` opens it."""
    out.mkdir(parents=True, exist_ok=True)
    save_half(train(work).eval(), out)


def final(work, real, judge, out):
    """Score an exported vocoder; write results and card."""
    with np.load(work / "bank.npz") as parts:
        frames = int(parts["starts"][-1])
    training = {
        "hours": f"{frames * HOP / RATE / 3600:.1f}",
        "parameters": f"{new_model().num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        "first": FIRST["steps"],
        "second": SECOND["steps"],
    }
    scores = tts_scores.score_vocoder(out, judge, real)
    tts_scores.write_card(
        scores,
        training,
        out,
        "vocoder_card.md",
        factor=f"{scores['real_time_factor']:.2f}",
        wer=speech_scores.table(scores["wer"]),
        mcd="\n".join(f"| {name} | {value:.1f} |" for name, value in scores["mcd"].items()),
    )


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ("cache",)),
        "train": (train, ()),
        "export": (export, ("out",)),
        "final": (final, ("real", "judge", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
