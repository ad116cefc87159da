"""Train ``pocket-vocoder``: from a mel spectrogram to a waveform, by a source and a filter.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_vocoder bank --cache DIR --work DIR
    python -m foundry.train_vocoder train --work DIR
    python -m foundry.train_vocoder export --work DIR --out DIR
    python -m foundry.train_vocoder final --work DIR --real DIR --judge DIR --out DIR

``bank`` computes spectrograms and pitch of all rendered training speech. ``train`` learns three
things at once: the pitch, whether there is a voice, and the colours of buzz and hiss with which
the sound, made from the true pitch, has the right magnitudes at several resolutions. ``export``
writes the model, ``final`` scores it and writes the card.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils import audio, errors
from course_utils.pipelines.vocoder import WINDOW, HarmonicVocoder, HarmonicVocoderConfig
from course_utils.scoring.speech import HIGHEST, LOWEST, frame_pitch
from course_utils.simulation.augmentation import RATE
from foundry import speech_scores, tts_scores
from foundry.speech_bank import run_jobs
from foundry.steps import run
from foundry.train_loop import fit, save_half
from foundry.train_tts import utterances_of
from foundry.tts_features import HOP, extractor, mel_of

FRAMES = 64
"""Frames of a training crop: a second."""

BATCH = 16
TRAIN = {"steps": 3_000, "rate": 1e-3, "warmup": 0.02}
RESOLUTIONS = ((256, 64), (512, 128), (1024, 256), (2048, 512))
"""Window and hop of the spectra that are compared, in samples. The longest one tells the harmonics
of a low voice apart."""

NOISE, BLUR = 0.1, 0.3
"""Greatest spread of the noise on a crop's spectrogram, and how often it is smoothed over three
frames: text-to-speech models write no cleaner ones."""

PITCH = 0.3
"""Weight of the losses of pitch and voicing, against the spectral ones."""


def bank(work, cache):
    """Compute waveforms, spectrograms and pitch of all utterances, one after the other."""
    path = work / "bank.npz"
    if path.exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    rows = [row["path"] for row in utterances_of(cache)]
    jobs = [rows[first : first + 50] for first in range(0, len(rows), 50)]
    parts = [part for done in run_jobs(_compute, jobs) for part in done]
    clips, mels, pitches = zip(*parts, strict=True)
    with errors.replacing(path) as new, open(new, "wb") as file:
        np.savez(
            file,
            samples=np.concatenate(clips).astype(np.float16),
            mel=np.concatenate(mels).astype(np.float16),
            pitch=np.concatenate(pitches).astype(np.float32),
            starts=np.cumsum([0, *map(len, mels)]),
        )


def _compute(paths):
    """Compute waveform (of whole frames), spectrogram and pitch of some utterances."""
    torch.set_num_threads(1)
    parts = []
    for path in paths:
        samples = audio.trim_silence(audio.load(path, RATE)[0], RATE)
        mel = mel_of(samples)
        samples = np.pad(samples, (0, len(mel) * HOP - len(samples)))
        parts.append((samples, mel, np.nan_to_num(frame_pitch(samples)[: len(mel)])))
    return parts


def held(pitch):
    """Fill gaps in a pitch curve, in semitones; 160 Hz where there is none at all."""
    there = np.flatnonzero(pitch)
    if not len(there):
        return np.full(len(pitch), 160.0)
    return np.exp(np.interp(np.arange(len(pitch)), there, np.log(pitch[there])))


def new_model(seed=0):
    """Make the untrained network, which colours buzz and hiss as the spectrogram is coloured."""
    torch.manual_seed(seed)
    model = HarmonicVocoder(
        HarmonicVocoderConfig(
            sampling_rate=RATE, hop_length=HOP, lowest_pitch=LOWEST, highest_pitch=HIGHEST
        )
    )
    filters = extractor().mel_filters
    hiss = np.random.default_rng(0).standard_normal(20 * RATE).astype(np.float32)
    model.flat.copy_(torch.from_numpy(mel_of(hiss).mean(0)))
    peaks = filters.argmax(0)
    bins = np.arange(WINDOW // 2 + 1)
    spread = [np.interp(bins, peaks, row) for row in np.eye(filters.shape[1])]
    model.spread.copy_(torch.tensor(np.stack(spread)))
    return model


class Losses(nn.Module):
    """The vocoder with its losses."""

    def __init__(self, vocoder):
        super().__init__()
        self.vocoder = vocoder
        filters = torch.from_numpy(extractor().mel_filters.astype(np.float32))
        self.register_buffer("filters", filters, persistent=False)

    def loss(self, mel, samples, pitch, voiced, generator):
        """Give the loss of a batch."""
        logits, there, colours = self.vocoder.read(mel)
        made = self.vocoder.synthesise(pitch, voiced, colours, generator)
        bins = torch.log(self.vocoder.bins())
        nearest = (torch.log(pitch)[..., None] - bins).abs().argmin(-1)
        heights = functional.cross_entropy(logits.transpose(1, 2), nearest, reduction="none")
        told = (heights * voiced).sum() / voiced.sum().clamp(min=1)
        told = told + functional.binary_cross_entropy_with_logits(there, voiced)
        return spectral_loss(made, samples, self.filters) + PITCH * told


def spectral_loss(made, samples, filters):
    """Compare magnitudes at several resolutions, their logarithms, and these in mel bands.

    Parameters
    ----------
    made, samples : torch.Tensor
        Waveforms, shape ``(batch, n)``.
    filters : torch.Tensor
        Mel filters, shape ``(513, bands)``, of the window of 1,024 samples.

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
        if window // 2 + 1 == len(filters):
            left, right = (
                (x.transpose(1, 2) @ filters).clamp(min=1e-4).log10() for x in (left, right)
            )
            loss = loss + functional.l1_loss(left, right)
    return loss


class Crops:
    """The bank of a work folder, and crops of it."""

    def __init__(self, path):
        with np.load(path, allow_pickle=False) as parts:
            self.samples, self.mel, self.starts = (parts[n] for n in ("samples", "mel", "starts"))
            pitch = parts["pitch"]
        spans = zip(self.starts[:-1], self.starts[1:], strict=True)
        self.pitch = np.concatenate([held(pitch[a:b]) for a, b in spans])
        self.voiced = pitch > 0
        self.long = np.flatnonzero(np.diff(self.starts) > FRAMES)

    def batch(self, generator):
        """Draw crops: spectrograms (batch, FRAMES, 80), waveforms, pitch and voicing."""
        rows = self.long[torch.randint(len(self.long), (BATCH,), generator=generator).numpy()]
        room = np.diff(self.starts)[rows] - FRAMES
        shares = torch.rand(BATCH, generator=generator).numpy()
        firsts = self.starts[rows] + (shares * room).astype(int)
        samples = np.stack([self.samples[a * HOP : (a + FRAMES) * HOP] for a in firsts])
        frames = (
            np.stack([part[a : a + FRAMES] for a in firsts])
            for part in (self.mel, self.pitch, self.voiced)
        )
        mel, pitch, voiced = (torch.from_numpy(part.astype(np.float32)) for part in frames)
        return self._worn(mel, generator), torch.from_numpy(samples).float(), pitch, voiced

    @staticmethod
    def _worn(mel, generator):
        """Smooth some spectrograms over time and put noise on all."""
        blurred = functional.avg_pool1d(
            mel.transpose(1, 2), 3, 1, padding=1, count_include_pad=False
        ).transpose(1, 2)
        chosen = torch.rand(len(mel), 1, 1, generator=generator) < BLUR
        spread = NOISE * torch.rand(len(mel), 1, 1, generator=generator)
        return torch.where(chosen, blurred, mel) + spread * torch.randn(
            mel.shape, generator=generator
        )


def train(work):
    """Train on the bank of a work folder; give the vocoder."""
    crops = Crops(work / "bank.npz")
    model = new_model()
    mel = crops.mel.astype(np.float32)
    model.mean.copy_(torch.from_numpy(mel.mean(0)))
    model.scale.copy_(torch.from_numpy(mel.std(0)))
    losses = Losses(model)

    def loss_of(step, generator):
        return losses.loss(*crops.batch(generator), generator)

    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    fit(losses, loss_of, steps, rate, 0, work / "train.safetensors", warmup=warmup)
    return model.eval()


def export(work, out):
    """Write the vocoder, as ``AutoModel`` opens it."""
    out.mkdir(parents=True, exist_ok=True)
    save_half(train(work), out)


def final(work, real, judge, out):
    """Score an exported vocoder; write results and card."""
    with np.load(work / "bank.npz", allow_pickle=False) as parts:
        frames = int(parts["starts"][-1])
    training = {
        "hours": f"{frames * HOP / RATE / 3600:.1f}",
        "parameters": f"{new_model().num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **TRAIN,
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
