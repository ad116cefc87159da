"""Log-mel spectrograms of many clips, and augmentation of the spectrograms.

The features are those of ``ASTFeatureExtractor`` before normalisation. Augmenting a batch takes a
few milliseconds, because gain, equalisation, noise, stretching and shifting are cheap on log-mel
spectrograms.
"""

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz

MELS = 64
"""Number of mel bands."""

FRAMES = 496
"""Number of frames of 10 ms in the input of the model: 4.98 s, a multiple of the patch size."""

FLOOR = float(np.log(1.192092955078125e-07))
"""Feature value of digital silence."""


class SpectrogramCache:
    """Log-mel spectrograms of many clips in half precision, with their labels and lengths."""

    def __init__(self, features, lengths, labels):
        self.features, self.lengths, self.labels = features, lengths, labels

    @classmethod
    def of(cls, clips, labels, extractor):
        """Return the cache of a list of clips.

        Parameters
        ----------
        clips : list of numpy.ndarray
            Mono at 16 kHz, at least 25 ms.
        labels : sequence of int
            Class numbers.
        extractor : transformers.ASTFeatureExtractor
            Feature extractor with mean 0 and standard deviation 0.5, which does not normalise.
        """
        features = np.full((len(clips), FRAMES, MELS), FLOOR, dtype=np.float16)
        lengths = np.zeros(len(clips), dtype=np.int64)
        for row, samples in enumerate(clips):
            lengths[row] = min(1 + (len(samples) - 400) // 160, FRAMES)  # 25 ms every 10 ms
            mel = extractor(samples, sampling_rate=RATE)["input_values"][0]
            features[row, : lengths[row]] = mel[: lengths[row]]
        return cls(features, lengths, np.asarray(labels))

    def save(self, path):
        """Write the cache to an ``npz`` file."""
        save_npz(path, features=self.features, lengths=self.lengths, labels=self.labels)

    @classmethod
    def load(cls, path):
        """Read a cache that :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as parts:
            return cls(parts["features"], parts["lengths"], parts["labels"])

    @classmethod
    def join(cls, caches):
        """Concatenate several caches."""
        parts = zip(*((b.features, b.lengths, b.labels) for b in caches), strict=True)
        return cls(*(np.concatenate(part) for part in parts))

    def select(self, rows):
        """Return the cache of some rows."""
        return SpectrogramCache(self.features[rows], self.lengths[rows], self.labels[rows])

    def __len__(self):
        return len(self.labels)

    def statistics(self):
        """Return mean and standard deviation over the frames with audio."""
        inside = np.arange(FRAMES)[None] < self.lengths[:, None]
        values = self.features[inside].astype(np.float32)
        return float(values.mean()), float(values.std())

    def padded(self, rows):
        """Return features with zeros after the end of each clip, as the extractor pads them."""
        features = torch.from_numpy(self.features[rows].astype(np.float32))
        ends = torch.from_numpy(self.lengths[rows])
        return torch.where(torch.arange(FRAMES)[None, :, None] < ends[:, None, None], features, 0.0)


_GRAIN = torch.log(
    -torch.log(torch.rand(8192, MELS, generator=torch.Generator().manual_seed(0)).clamp_min(1e-6))
)


def _grain(batch, generator):
    """Return log-spectra of random noise, excerpts of `_GRAIN` (log of exponential variables)."""
    starts = torch.randint(len(_GRAIN) - FRAMES, (batch,), generator=generator).tolist()
    return 0.5 * torch.stack([_GRAIN[start : start + FRAMES] for start in starts])


def augment(features, ends, labels, classes, generator, strength=1.0):
    """Augment a batch: rotation, stretching, shifting, equalisation, noise, cutting, mixup.

    Parameters
    ----------
    features : torch.Tensor
        Log-mel spectrograms, shape ``(batch, FRAMES, MELS)``, :data:`FLOOR` after the end.
    ends : torch.Tensor
        Number of frames of each clip, shape ``(batch,)``.
    labels : torch.Tensor
        Class numbers, shape ``(batch,)``.
    classes : int
        Number of classes.
    generator : torch.Generator
        Source of randomness.
    strength : float
        Share of augmented clips, 0 to 1; the others are only padded.

    Returns
    -------
    features : torch.Tensor
        Same shape, zeros after the end, as the feature extractor pads.
    targets : torch.Tensor
        Class probabilities after mixup, shape ``(batch, classes)``.
    """
    batch = len(features)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(batch, *shape, generator=generator)

    def normal(scale, *shape):
        return scale * torch.randn(batch, *shape, generator=generator)

    def chance(probability):
        return torch.rand(batch, generator=generator) < probability

    time = torch.arange(FRAMES)[None]
    plain = features.masked_fill((time >= ends[:, None])[..., None], 0.0)
    features = features.clone()
    for row in torch.nonzero(chance(0.5) & (ends > 300)).flatten().tolist():
        turn = int(torch.randint(int(ends[row]), (1,), generator=generator))
        features[row, : ends[row]] = features[row, : ends[row]].roll(turn, 0)

    # Stretch time by up to 20 %, shift pitch by up to 2.5 bands, shift the start.
    speed = torch.exp(uniform(-0.18, 0.18))
    room = (FRAMES - ends / speed).clamp_min(0)
    offset = torch.where(chance(0.5), uniform(0, 1) * room, -uniform(0, 0.2) * ends * chance(0.4))
    bands = uniform(-2.5, 2.5) * chance(0.7)
    theta = torch.zeros(batch, 2, 3)
    theta[:, 1, 1] = speed
    theta[:, 1, 2] = speed - 1 - 2 * offset * speed / FRAMES
    theta[:, 0, 0] = 1
    theta[:, 0, 2] = 2 * bands / MELS
    grid = F.affine_grid(theta, [batch, 1, FRAMES, MELS], align_corners=False)
    raised = (features - FLOOR)[:, None]
    features = F.grid_sample(raised, grid, padding_mode="zeros", align_corners=False)[:, 0] + FLOOR
    ends = (offset + ends / speed).clamp(20, FRAMES).round()

    # Microphone and distance: gain and smooth equalisation.
    knots = normal(1.0, 1, 7)
    tone = (
        F.interpolate(knots, MELS, mode="linear", align_corners=True) * chance(0.7)[:, None, None]
    )
    silent = features <= FLOOR + 0.05
    changed = features + tone + normal(1.5, 1, 1)

    # Stationary background noise of random colour, 17 to 70 dB below the maximum of the clip.
    loud = features.amax((1, 2))[:, None, None]
    colour = F.interpolate(normal(1.2, 1, 5), MELS, mode="linear", align_corners=True)
    slope = uniform(-3.0, 0.5, 1, 1) * torch.linspace(-0.5, 1, MELS)
    background = loud - uniform(4, 16, 1, 1) + colour + slope + _grain(batch, generator)
    background = background.masked_fill(~chance(0.5)[:, None, None], FLOOR)
    features = torch.logaddexp(changed, background)
    # Digital silence after the end of a clip gets no noise in most of the clips.
    keep = silent & chance(0.7)[:, None, None]

    # Cut the end: digital silence follows, as in ESC-10, or the padding of the extractor.
    cut = torch.where(chance(0.25), uniform(0.25, 1) * FRAMES, torch.full((batch,), float(FRAMES)))
    keep |= (time >= cut[:, None])[..., None]
    features = features.masked_fill(keep, FLOOR).clamp_min(FLOOR)

    # Mixup: add the powers of two clips and mix their targets.
    targets = F.one_hot(labels, classes).float()
    other = torch.randperm(batch, generator=generator)
    share = torch.where(chance(0.35), uniform(0.5, 1.0), torch.ones(batch))[:, None]
    loud = features.amax((1, 2))
    level = (loud - loud[other])[:, None, None] + ((1 - share + 1e-7) / share).log()[..., None]
    features = torch.logaddexp(features, (features[other] + level).clamp_min(FLOOR - 3))
    features = features.clamp_min(FLOOR)
    targets = share * targets + (1 - share) * targets[other]

    ends = torch.where(chance(0.35), torch.minimum(ends, cut), torch.full((batch,), float(FRAMES)))
    features = features.masked_fill((time >= ends[:, None])[..., None], 0.0)
    kept = ~chance(strength)
    features = torch.where(kept[:, None, None], plain, features)
    return features, torch.where(kept[:, None], F.one_hot(labels, classes).float(), targets)
