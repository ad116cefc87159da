"""Train and score ``pocket-vocoder``, a source-filter model from mel spectrogram to waveform.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.text_to_speech.train_vocoder features --cache DIR --work DIR
    python -m foundry.text_to_speech.train_vocoder train --work DIR
    python -m foundry.text_to_speech.train_vocoder export --work DIR --out DIR
    python -m foundry.text_to_speech.train_vocoder final --work DIR --real DIR --judge DIR --out DIR

``features`` computes spectrograms and pitch of all rendered training speech. ``train`` learns
pitch, voicing, and the spectral envelopes of the periodic and the aperiodic excitation. Pitch and
voicing have losses of their own. The envelopes are learned by a multi-resolution spectral loss on
speech that is synthesised with the reference pitch. ``export`` writes the model.
``final`` scores it and writes the card.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils import audio
from course_utils.pipelines.vocoder import WINDOW, HarmonicVocoder, HarmonicVocoderConfig
from course_utils.scoring.speech import HIGHEST, LOWEST, frame_pitch
from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz, write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, save_half
from foundry.speech.feature_cache import run_jobs
from foundry.text_to_speech import tts_scores
from foundry.text_to_speech.train_tts import utterances_of
from foundry.text_to_speech.tts_features import HOP, extractor, mel_of

FRAMES = 64
"""Length of a training crop in frames: about 1 s."""

BATCH = 16
"""Number of crops in a batch."""

TRAIN = {"steps": 3_000, "rate": 1e-3, "warmup": 0.02}
"""Arguments of `fit`."""

RESOLUTIONS = ((256, 64), (512, 128), (1024, 256), (2048, 512))
"""Window and hop length of the spectral loss, in samples. The longest window resolves the harmonics
of low voices."""

MAX_NOISE = 0.1
"""Maximum standard deviation of the noise added to a spectrogram, which imitates the output of a
text-to-speech model."""

BLUR_PROBABILITY = 0.3
"""Probability of smoothing a spectrogram over three frames, for the same reason."""

PITCH_WEIGHT = 0.3
"""Weight of the losses of pitch and voicing; the spectral losses have weight 1."""


def compute_features(work, cache):
    """Compute concatenated waveforms, spectrograms and pitch of all utterances."""
    path = work / "features.npz"
    if path.exists():
        return
    rows = [row["path"] for row in utterances_of(cache)]
    jobs = [rows[first : first + 50] for first in range(0, len(rows), 50)]
    parts = [part for done in run_jobs(_compute, jobs) for part in done]
    clips, mels, pitches = zip(*parts, strict=True)
    save_npz(
        path,
        samples=np.concatenate(clips).astype(np.float16),
        mel=np.concatenate(mels).astype(np.float16),
        pitch=np.concatenate(pitches).astype(np.float32),
        starts=np.cumsum([0, *map(len, mels)]),
    )


def _compute(paths):
    """Return waveform (padded to whole frames), spectrogram and pitch of some utterances."""
    parts = []
    for path in paths:
        samples = audio.trim_silence(audio.load(path, RATE)[0], RATE)
        mel = mel_of(samples)
        samples = np.pad(samples, (0, len(mel) * HOP - len(samples)))
        parts.append((samples, mel, np.nan_to_num(frame_pitch(samples)[: len(mel)])))
    return parts


def interpolate_pitch(pitch):
    """Interpolate a pitch curve over unvoiced frames, on a logarithmic scale; 160 Hz if all are."""
    voiced = np.flatnonzero(pitch)
    if not len(voiced):
        return np.full(len(pitch), 160.0)
    return np.exp(np.interp(np.arange(len(pitch)), voiced, np.log(pitch[voiced])))


def new_model(seed=0):
    """Return the untrained network, whose spectral envelopes are those of the spectrogram."""
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
    """The vocoder and its losses."""

    def __init__(self, vocoder):
        super().__init__()
        self.vocoder = vocoder
        filters = torch.from_numpy(extractor().mel_filters.astype(np.float32))
        self.register_buffer("filters", filters, persistent=False)

    def loss(self, mel, samples, pitch, voiced, generator):
        """Return the spectral loss plus the weighted losses of pitch and voicing."""
        logits, voicing, envelopes = self.vocoder.read(mel)
        made = self.vocoder.synthesise(pitch, voiced, envelopes, generator)
        bins = torch.log(self.vocoder.bins())
        nearest = (torch.log(pitch)[..., None] - bins).abs().argmin(-1)
        frames = functional.cross_entropy(logits.transpose(1, 2), nearest, reduction="none")
        pitch_loss = (frames * voiced).sum() / voiced.sum().clamp(min=1)
        pitch_loss = pitch_loss + functional.binary_cross_entropy_with_logits(voicing, voiced)
        return spectral_loss(made, samples, self.filters) + PITCH_WEIGHT * pitch_loss


def spectral_loss(made, samples, filters):
    """Return the difference of magnitudes, log magnitudes and log-mel bands.

    Magnitudes are compared at all `RESOLUTIONS`, mel bands at the window of ``filters``.

    Parameters
    ----------
    made, samples : torch.Tensor
        Generated and reference waveforms, shape ``(batch, n)``.
    filters : torch.Tensor
        Mel filters of the window of 1,024 samples, shape ``(513, bands)``.

    Returns
    -------
    torch.Tensor
        Scalar.
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
    """Random crops from the feature cache of a work folder."""

    def __init__(self, path):
        with np.load(path, allow_pickle=False) as parts:
            self.samples, self.mel, self.starts = (parts[n] for n in ("samples", "mel", "starts"))
            pitch = parts["pitch"]
        spans = zip(self.starts[:-1], self.starts[1:], strict=True)
        self.pitch = np.concatenate([interpolate_pitch(pitch[a:b]) for a, b in spans])
        self.voiced = pitch > 0
        self.long = np.flatnonzero(np.diff(self.starts) > FRAMES)

    def batch(self, generator):
        """Return spectrograms ``(batch, FRAMES, 80)``, waveforms, pitch and voicing of crops."""
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
        return self._degrade(mel, generator), torch.from_numpy(samples).float(), pitch, voiced

    @staticmethod
    def _degrade(mel, generator):
        """Smooth some spectrograms over time and add noise to all."""
        blurred = functional.avg_pool1d(
            mel.transpose(1, 2), 3, 1, padding=1, count_include_pad=False
        ).transpose(1, 2)
        chosen = torch.rand(len(mel), 1, 1, generator=generator) < BLUR_PROBABILITY
        spread = MAX_NOISE * torch.rand(len(mel), 1, 1, generator=generator)
        return torch.where(chosen, blurred, mel) + spread * torch.randn(
            mel.shape, generator=generator
        )


def train(work):
    """Train on the feature cache of a work folder and return the vocoder."""
    crops = Crops(work / "features.npz")
    model = new_model()
    mel = crops.mel.astype(np.float32)
    model.mean.copy_(torch.from_numpy(mel.mean(0)))
    model.scale.copy_(torch.from_numpy(mel.std(0)))
    losses = Losses(model)

    def loss_of(step, generator):
        return losses.loss(*crops.batch(generator), generator)

    fit(losses, loss_of, seed=0, path=work / "train.safetensors", **TRAIN)
    return model.eval()


def export(work, out):
    """Save the vocoder in half precision."""
    out.mkdir(parents=True, exist_ok=True)
    save_half(train(work), out)


def final(work, real, judge, out):
    """Score the exported vocoder; write its results and its card."""
    with np.load(work / "features.npz", allow_pickle=False) as parts:
        frames = int(parts["starts"][-1])
    training = {
        "hours": f"{frames * HOP / RATE / 3600:.1f}",
        "parameters": f"{new_model().num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **TRAIN,
    }
    results = {"training": training} | tts_scores.score_vocoder(out, judge, real)
    write_results(out, results)
    tts_scores.write_vocoder_card(out, results)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ()),
        "export": (export, ("out",)),
        "final": (final, ("real", "judge", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
