"""Diarization by frame classification: which speakers are active, window by window.

Within a window the model's tracks are speakers; in the next window the same person may come out on
another track. Windows overlap, so tracks that are active at the same moments are one speaker's;
whom that does not tell, the model's own vectors of the speakers do.
"""

import numpy as np
import torch

from course_utils.formats.speaker_turns import joined
from course_utils.pipelines._method import Method
from course_utils.pipelines.clustering import speech_regions
from course_utils.pipelines.tracks import speakers_of

SECONDS, HOP = 15.0, 2.5
"""Length of a window and time from one to the next, in seconds."""

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


def windows_of(samples, sampling_rate, length, hop):
    """Cut a recording into overlapping windows.

    Extractors normalise, so a model would hear something in silence too: windows without any
    speech are left out.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.
    length, hop : int
        Of a window and from one to the next, in samples.

    Returns
    -------
    list of (int, int)
        Start and end of each, in samples; the last one ends with the recording.
    """
    last = max(len(samples) - length, 0)
    spans = [(a, min(a + length, len(samples))) for a in [*range(0, last, hop), last]]
    regions = np.array(speech_regions(samples, sampling_rate)).reshape(-1, 2) * sampling_rate
    return [(a, b) for a, b in spans if np.any((regions[:, 0] < b) & (regions[:, 1] > a))]


def edge_weights(frames, frame):
    """Weigh the frames of a window: those at its edge have seen less of what is around them."""
    places = np.minimum(np.arange(1, frames + 1), np.arange(frames, 0, -1))
    return np.minimum(places * frame, 1).astype(np.float32)


def turns_in(sums, counts, frame):
    """List the turns in what all windows say together.

    How many speak is decided first, and then who: where windows disagree about a name, the moment
    would otherwise be nobody's.

    Parameters
    ----------
    sums : numpy.ndarray
        Activity of each speaker, added up over windows, shape ``(frames, speakers)``.
    counts : numpy.ndarray
        How many speak in a frame, on average over the windows, shape ``(frames,)``.
    frame : float
        Seconds from one frame to the next.

    Returns
    -------
    list of (int, float, float)
        Speaker, start and end in seconds.
    """
    ranks = np.argsort(np.argsort(-sums, axis=1, kind="stable"), axis=1, kind="stable")
    activity = (ranks < np.round(counts)[:, None]) & (sums > 0)
    found = []
    for speaker, active in enumerate(activity.T):
        edges = np.flatnonzero(np.diff(np.pad(active.astype(int), 1))).reshape(-1, 2)
        own = joined(edges * frame, GAP)
        found += [[speaker, start, end] for start, end in own if end - start >= SHORTEST]
    return found


class Stitching(Method):
    """Windows of activity, put together."""

    seconds = SECONDS
    hidden = True

    def spans(self, samples):
        """Cut a recording into overlapping windows: start and end of each, in samples."""
        return windows_of(samples, self.rate, self.window, round(HOP * self.rate))

    def reduce(self, outputs):
        """Keep each track's activity, the vector of its voice, and how long that had to itself."""
        active = outputs.logits.float().sigmoid()
        vectors, moments = track_vectors(active, outputs.hidden_states)
        seconds = moments * self.seconds / active.shape[1]
        return {"active": active, "vectors": vectors, "alone": seconds}

    def turns(self, spans, outputs, num_speakers, threshold):
        """Put the windows together; give speaker, start and end of each turn."""
        threshold = self.threshold if threshold is None else threshold
        active, vectors, alone = (
            np.concatenate([output[name] for output in outputs])
            for name in ("active", "vectors", "alone")
        )
        frame = self.seconds / active.shape[1]
        total = int(np.ceil(spans[0, 2] / self.rate / frame))
        starts = np.round(spans[:, 0] / self.rate / frame).astype(int)
        windows = [window[: total - start] for start, window in zip(starts, active, strict=True)]
        speakers = speakers_of(windows, vectors, alone, starts, frame, num_speakers, threshold)
        sums = np.zeros((total, speakers.max(initial=-1) + 1), np.float32)
        weights, counts = np.full(total, 1e-6, np.float32), np.zeros(total, np.float32)
        for start, window, who in zip(starts, windows, speakers, strict=True):
            here = slice(start, start + len(window))
            weight = edge_weights(len(window), frame)
            for track in np.flatnonzero(who >= 0):
                sums[here, who[track]] += weight * window[:, track]
                counts[here] += weight * (window[:, track] > 0.5)
            weights[here] += weight
        return turns_in(sums, counts / weights, frame)
