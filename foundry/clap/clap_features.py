"""Log-mel spectrograms of clips in a bank, and their augmentation."""

import json

import numpy as np
import torch
import torch.nn.functional as F
from transformers import ClapFeatureExtractor

from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz

BANDS, FRAMES = 64, 251
"""Mel bands and frames of 20 ms of a clip of 5 s."""

FLOOR = -100.0
"""Level of digital silence in dB."""

PER_DB = float(np.log(10) / 10)


def extractor():
    """Return the feature extractor: 5 s at 16 kHz, a frame every 20 ms, silence after the end."""
    return ClapFeatureExtractor(
        feature_size=BANDS,
        sampling_rate=RATE,
        hop_length=320,
        max_length_s=5,
        fft_window_size=512,
        frequency_min=50,
        frequency_max=8000,
        truncation="rand_trunc",
        padding="pad",
    )


def spectrograms(clips):
    """Return the log-mel spectrograms of clips in dB, shape (clips, FRAMES, BANDS), float16."""
    extract = extractor()
    found = [extract(samples, sampling_rate=RATE)["input_features"][0][0] for samples in clips]
    return np.asarray(found, dtype=np.float16).reshape(-1, FRAMES, BANDS)


class Bank:
    """Spectrograms of clips and the facts of each."""

    def __init__(self, features, facts):
        self.features, self.facts = features, list(facts)

    @classmethod
    def of(cls, pairs):
        """Return the bank of (samples, facts) pairs."""
        samples, facts = zip(*pairs, strict=True)
        return cls(spectrograms(samples), facts)

    @classmethod
    def join(cls, banks):
        """Concatenate banks."""
        return cls(np.concatenate([b.features for b in banks]), [f for b in banks for f in b.facts])

    def save(self, path):
        """Write the bank to an ``npz`` file."""
        save_npz(path, features=self.features, facts=np.array(json.dumps(self.facts)))

    @classmethod
    def load(cls, path):
        """Read a bank that :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as parts:
            return cls(parts["features"], json.loads(str(parts["facts"])))

    def select(self, rows):
        """Return the bank of some rows."""
        return Bank(self.features[rows], [self.facts[row] for row in rows])

    def __len__(self):
        return len(self.facts)

    @property
    def labels(self):
        """Name of the sound of each clip, as an array."""
        return np.array([facts["sound"] for facts in self.facts])

    def tensor(self, rows):
        """Return the spectrograms of some rows as float32, shape (rows, FRAMES, BANDS)."""
        return torch.from_numpy(self.features[rows].astype(np.float32))


def add_powers(first, second):
    """Return the sum of two sounds given in dB."""
    return torch.logaddexp(first * PER_DB, second * PER_DB) / PER_DB


def augment(features, generator, strength=1.0):
    """Augment spectrograms: turn in time, stretch, shift pitch, gain, equaliser, noise.

    Pitch moves by at most one band and gain by some decibels, so that captions stay true.

    Parameters
    ----------
    features : torch.Tensor
        Log-mel spectrograms in dB, shape ``(batch, FRAMES, BANDS)``.
    generator : torch.Generator
        Source of randomness.
    strength : float
        Share of clips that each change applies to, relative to its usual share.

    Returns
    -------
    torch.Tensor
        Same shape.
    """
    batch = len(features)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(batch, *shape, generator=generator)

    def chance(probability):
        return torch.rand(batch, generator=generator) < probability * strength

    features = features.clone()
    for row in torch.nonzero(chance(0.5)).flatten().tolist():
        turn = int(torch.randint(FRAMES, (1,), generator=generator))
        features[row] = features[row].roll(turn, 0)
    moved = chance(0.7)
    theta = torch.zeros(batch, 2, 3)
    theta[:, 1, 1] = torch.where(moved, torch.exp(uniform(-0.15, 0.15)), torch.ones(batch))
    theta[:, 1, 2] = theta[:, 1, 1] - 1
    theta[:, 0, 0] = 1
    theta[:, 0, 2] = torch.where(moved, 2 * uniform(-1.2, 1.2) / BANDS, torch.zeros(batch))
    grid = F.affine_grid(theta, [batch, 1, FRAMES, BANDS], align_corners=False)
    raised = (features - FLOOR)[:, None]
    features = F.grid_sample(raised, grid, padding_mode="zeros", align_corners=False)[:, 0] + FLOOR
    tone = F.interpolate(uniform(-8, 8, 1, 6), BANDS, mode="linear", align_corners=True)
    silent = features <= FLOOR + 1
    changed = features + tone * chance(0.7)[:, None, None] + uniform(-4, 4, 1, 1)
    loud = features.amax((1, 2))[:, None, None]
    colour = F.interpolate(uniform(-8, 8, 1, 5), BANDS, mode="linear", align_corners=True)
    grain = 5 * torch.randn(features.shape, generator=generator)
    noise = loud - uniform(25, 75, 1, 1) + colour + grain
    noisy = add_powers(changed, noise)
    changed = torch.where(chance(0.5)[:, None, None], noisy, changed)
    keep = silent & ~chance(0.3)[:, None, None]
    return changed.masked_fill(keep, FLOOR).clamp_min(FLOOR)
