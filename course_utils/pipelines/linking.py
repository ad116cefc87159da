"""Diarization by frame classification and voices: short windows, linked by x-vectors.

A model of activity tells well who speaks when within a few seconds, two at once among them, but not
whether somebody was there a minute ago. A speaker model knows voices, but needs to hear one alone.
Together: the first finds, window by window, the moments that each track has to itself; the second
makes a vector of them; the vectors are clustered, and each track goes to the cluster most like it,
no two tracks of a window to the same one.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

from course_utils.pipelines.clustering import cluster
from course_utils.pipelines.stitching import Table, Windowed

SECONDS, HOP = 8.0, 2.0
"""Length of a window and time from one to the next, in seconds."""

ENOUGH = 0.2
"""Seconds of activity from which on a track of a window counts."""

ALONE = 1.0
"""Seconds that a track has to itself from which on its vector takes part in the clustering."""

PIECE = 2.0
"""Seconds that the speaker model hears at least; what is shorter goes round."""


class VoiceModel:
    """A speaker model with its extractor, called with samples at the extractor's rate.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder or Hub id of a model for ``AutoModelForAudioXVector``.
    device : torch.device or str
        Where it computes.
    """

    def __init__(self, folder, device="cpu"):
        model = AutoModelForAudioXVector.from_pretrained(folder, dtype=torch.float32)
        self.model = model.to(device).eval()
        self.extractor = AutoFeatureExtractor.from_pretrained(folder)
        self.options = getattr(model.config, "feature_options", {})

    @torch.inference_mode()
    def __call__(self, samples):
        """Make a vector of length 1 of what somebody says; of nothing, one of zeros."""
        if not len(samples):
            return np.zeros(self.model.config.xvector_output_dim, np.float32)
        rate = self.extractor.sampling_rate
        samples = np.resize(samples, max(len(samples), round(PIECE * rate)))
        features = self.extractor(
            samples, sampling_rate=rate, return_tensors="pt", **self.options
        ).to(self.model.device)
        vector = self.model(features[self.extractor.model_input_names[0]]).embeddings[0]
        return torch.nn.functional.normalize(vector.float(), dim=0).cpu().numpy()


class Linking(Windowed):
    """Windows of activity, linked by a speaker model.

    Parameters
    ----------
    config : transformers.PretrainedConfig
        Of the model of activity.
    sampling_rate : int
        In hertz.
    speaker_model : str or pathlib.Path
        Folder or Hub id of a model for ``AutoModelForAudioXVector``.
    device : torch.device
        Where it computes.
    """

    seconds, hop = SECONDS, HOP
    listens = True

    def __init__(self, config, sampling_rate, speaker_model, device):
        super().__init__(config, sampling_rate)
        self.voice_of = VoiceModel(speaker_model, device)
        config = self.voice_of.model.config
        self.threshold = getattr(config, "diarization_threshold", self.threshold)

    def reduce(self, outputs, samples):
        """Keep each track's activity, the vector of its voice, and how long that had to itself."""
        active = outputs.logits.float().sigmoid().cpu().numpy()
        vectors, alone = zip(*map(self._voices, active, samples.cpu().numpy()), strict=True)
        parts = {"active": active, "vectors": np.stack(vectors), "alone": np.stack(alone)}
        return {name: torch.from_numpy(part) for name, part in parts.items()}

    def _voices(self, active, samples):
        """Give a vector for each track of a window and the seconds behind it."""
        frame = len(samples) // len(active)
        loud = active > 0.5
        vectors, seconds = [], []
        for track in range(loud.shape[1]):
            alone = loud[:, track] & (loud.sum(1) == 1)
            seconds.append(alone.sum() * frame / self.rate)
            # Without a moment of its own, a track is known by what it says over others.
            chosen = alone if alone.any() else loud[:, track]
            heard = samples[: len(active) * frame][np.repeat(chosen, frame)]
            vectors.append(self.voice_of(heard))
        return np.stack(vectors), np.array(seconds, np.float32)

    def turns(self, spans, outputs, num_speakers, threshold):
        """Link the windows; give speaker, start and end of each turn."""
        threshold = self.threshold if threshold is None else threshold
        active, vectors, alone = (
            np.concatenate([output[name] for output in outputs])
            for name in ("active", "vectors", "alone")
        )
        frame, total, starts = self.grid(spans, active.shape[1])
        there = (active > 0.5).sum(1) * frame >= ENOUGH
        if not there.any():
            return []
        means = self._means(vectors[there], alone[there], num_speakers, threshold)
        table = Table(total, frame, len(means))
        for place, start in enumerate(starts):
            tracks = np.flatnonzero(there[place])
            # No two tracks of a window are the same person; with more tracks than people, the
            # tracks least like anybody are left out.
            rows, columns = linear_sum_assignment(-vectors[place][tracks] @ means.T)
            pairs = dict(zip(rows.tolist(), columns.tolist(), strict=True))
            speakers = [pairs.get(row) for row in range(len(tracks))]
            table.enter(start, active[place][: total - start, tracks], speakers)
        return table.turns()

    @staticmethod
    def _means(vectors, alone, num_speakers, threshold):
        """Cluster the voices of all windows; give the mean vector of each cluster."""
        heard = alone >= min(ALONE, alone.max())
        voices, lengths = vectors[heard], alone[heard]
        spans = np.stack([np.zeros_like(lengths), lengths], axis=1)
        groups = cluster(voices, spans, num_speakers, threshold)
        means = np.stack([voices[groups == group].mean(0) for group in np.unique(groups)])
        return means / np.linalg.norm(means, axis=1, keepdims=True)
