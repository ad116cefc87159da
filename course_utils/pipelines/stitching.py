"""Diarization by frame classification: which speakers are active, window by window.

Within a window the model's tracks are speakers; in the next window the same person may come out on
another track. Windows overlap, so tracks that are active at the same moments are one speaker's;
where that does not tell, the model's own vectors of the speakers do.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from course_utils._turns import joined
from course_utils.pipelines._method import Method
from course_utils.pipelines.clustering import speech_regions

SECONDS, HOP = 15.0, 2.5
"""Length of a window and time from one to the next, in seconds."""

ENOUGH = 0.4
"""Seconds of activity from which on a track of a window counts."""

SHARED = 0.4
"""Seconds of activity in the overlap of two windows from which on it tells who is who."""

GAP, SHORTEST = 0.2, 0.15
"""Pauses up to this long, in seconds, do not end a turn; shorter turns are left out."""


def track_vectors(active, states):
    """Describe the voice on each track: the mean state of the moments that are its own.

    Parameters
    ----------
    active : torch.Tensor
        0 to 1, shape ``(batch, frames, tracks)``.
    states : sequence of torch.Tensor
        Hidden states of every layer, each of shape ``(batch, frames, dimensions)``. Those in the
        middle count: later layers know the track, they still know the voice.

    Returns
    -------
    vectors : torch.Tensor
        Of length 1, shape ``(batch, tracks, dimensions)``.
    moments : torch.Tensor
        How many frames each track has to itself, shape ``(batch, tracks)``.
    """
    tracks = range(active.shape[2])
    silent = [(1 - active)[..., [n for n in tracks if n != track]].prod(2) for track in tracks]
    alone = active * torch.stack(silent, 2)
    vectors = alone.transpose(1, 2) @ states[len(states) // 2].float()
    return vectors / vectors.norm(dim=2, keepdim=True).clamp(min=1e-6), alone.sum(1)


class Stitching(Method):
    """Windows of activity, put together."""

    seconds = SECONDS
    hidden = True

    def spans(self, samples):
        """Cut a recording into overlapping windows: start and end of each, in samples.

        Extractors normalise, so a model would hear something in silence too: windows without
        any speech are left out.
        """
        hop, last = round(HOP * self.rate), max(len(samples) - self.window, 0)
        firsts = [*range(0, last, hop), last]
        spans = [(first, min(first + self.window, len(samples))) for first in firsts]
        regions = np.array(speech_regions(samples, self.rate)).reshape(-1, 2) * self.rate
        return [(a, b) for a, b in spans if np.any((regions[:, 0] < b) & (regions[:, 1] > a))]

    @staticmethod
    def reduce(outputs):
        """Keep each track's activity and the mean vector of the moments that are its own."""
        active = outputs.logits.float().sigmoid()
        return {"active": active, "vectors": track_vectors(active, outputs.hidden_states)[0]}

    def turns(self, spans, outputs, num_speakers, threshold):
        """Put the windows together; give speaker, start and end of each turn."""
        threshold = self.threshold if threshold is None else threshold
        active = np.concatenate([output["active"] for output in outputs])
        vectors = np.concatenate([output["vectors"] for output in outputs])
        frame = SECONDS / active.shape[1]
        total = int(np.ceil(spans[0, 2] / self.rate / frame))
        starts = np.round(spans[:, 0] / self.rate / frame).astype(int)
        book = _Book(total, frame, num_speakers, threshold)
        for start, activity, voices in zip(starts, active, vectors, strict=True):
            book.add(start, activity[: total - start], voices)
        return book.turns()


class _Book:
    """The speakers found so far: their activity over the whole recording, their mean vectors."""

    def __init__(self, frames, frame, most, threshold):
        self.frame, self.most, self.threshold = frame, most, threshold
        self.sums = np.zeros((frames, 0), np.float32)
        self.weights = np.full(frames, 1e-6, np.float32)
        self.voices = []

    def add(self, start, activity, vectors):
        """Enter a window: activity (frames, tracks), a vector for each track."""
        here = slice(start, start + len(activity))
        loud = activity > 0.5
        tracks = np.flatnonzero(loud.sum(0) * self.frame >= min(ENOUGH, len(loud) * self.frame / 4))
        speakers = self._speakers(here, activity[:, tracks], vectors[tracks])
        # Frames at the edge of a window have seen less of what is around them.
        weight = np.minimum(np.arange(1, len(activity) + 1), np.arange(len(activity), 0, -1))
        weight = np.minimum(weight * self.frame, 1).astype(np.float32)
        for track, speaker in zip(tracks, speakers, strict=True):
            if speaker is not None:
                self.sums[here, speaker] += weight * activity[:, track]
                self.voices[speaker] = self.voices[speaker] + loud[:, track].sum() * vectors[track]
        self.weights[here] += weight

    def _speakers(self, here, activity, vectors):
        """Say for each track which speaker it is; new speakers get the next numbers."""
        seen = self.weights[here] > 0.01
        known = (self.sums[here] > 0.5 * self.weights[here, None])[seen]
        now = (activity > 0.5)[seen]
        scores = np.zeros((activity.shape[1], known.shape[1]))
        for track, speaker in np.ndindex(*scores.shape):
            mine, theirs = now[:, track], known[:, speaker]
            if max(mine.sum(), theirs.sum()) * self.frame >= SHARED:
                # Dice's coefficient, from -1 to 1: active at the same moments or not.
                both = np.sum(mine & theirs) / (mine.sum() + theirs.sum())
                scores[track, speaker] = 4 * both - 1
            else:
                voice = self.voices[speaker] / (np.linalg.norm(self.voices[speaker]) + 1e-9)
                scores[track, speaker] = vectors[track] @ voice - self.threshold
        rows, columns = linear_sum_assignment(-scores)
        pairs = {r: c for r, c in zip(rows, columns, strict=True) if scores[r, c] > 0}
        found = []
        for track in range(len(scores)):
            speaker = pairs.get(track)
            if speaker is None and (self.most is None or len(self.voices) < self.most):
                speaker = len(self.voices)
                self.voices.append(0 * vectors[track])
                self.sums = np.pad(self.sums, ((0, 0), (0, 1)))
            elif speaker is None:  # all are known: the likeliest of those who are left
                left = [c for c in range(scores.shape[1]) if c not in pairs.values()]
                speaker = max(left, key=lambda c: scores[track, c], default=None)
                if speaker is not None:
                    pairs[track] = speaker
            found.append(speaker)
        return found

    def turns(self):
        """Give speaker, start and end of each turn."""
        found = []
        for speaker in range(self.sums.shape[1]):
            active = self.sums[:, speaker] > 0.5 * self.weights
            edges = np.flatnonzero(np.diff(np.pad(active.astype(int), 1))).reshape(-1, 2)
            own = joined(edges * self.frame, GAP)
            found += [[speaker, start, end] for start, end in own if end - start >= SHORTEST]
        return found
