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


class Windowed(Method):
    """Activity, window by window."""

    hop: float
    """Time from one window to the next, in seconds."""

    def spans(self, samples):
        """Cut a recording into overlapping windows: start and end of each, in samples."""
        return windows_of(samples, self.rate, self.window, round(self.hop * self.rate))

    def grid(self, spans, frames):
        """Lay frames over a recording, given how many a window has.

        Returns
        -------
        seconds : float
            Length of a frame.
        total : int
            Frames of the recording.
        starts : numpy.ndarray
            First frame of each window.
        """
        frame = self.seconds / frames
        total = int(np.ceil(spans[0, 2] / self.rate / frame))
        return frame, total, np.round(spans[:, 0] / self.rate / frame).astype(int)


class Table:
    """What all windows say together: each speaker's activity over the whole recording.

    Parameters
    ----------
    frames : int
        Of the recording.
    frame : float
        Seconds of each.
    speakers : int
        How many there are.
    """

    def __init__(self, frames, frame, speakers):
        self.frame = frame
        self.sums = np.zeros((frames, speakers), np.float32)
        self.weights = np.full(frames, 1e-6, np.float32)
        self.counts = np.zeros(frames, np.float32)

    def enter(self, start, activity, speakers):
        """Add a window that begins at a frame.

        Parameters
        ----------
        start : int
            Its first frame.
        activity : numpy.ndarray
            Of the tracks that count, shape ``(frames, tracks)``.
        speakers : list of (int or None)
            Who is on each track; None for somebody who is left out.
        """
        here = slice(start, start + len(activity))
        weight = edge_weights(len(activity), self.frame)
        for track, speaker in enumerate(speakers):
            if speaker is not None:
                self.sums[here, speaker] += weight * activity[:, track]
        self.weights[here] += weight
        self.counts[here] += weight * (activity > 0.5).sum(1)

    def turns(self):
        """Give speaker, start and end of each turn."""
        return turns_in(self.sums, self.counts / self.weights, self.frame)


class Stitching(Windowed):
    """Windows of activity, put together."""

    seconds, hop = SECONDS, HOP
    hidden = True

    def reduce(self, outputs, samples):
        """Keep each track's activity and the mean vector of the moments that are its own."""
        active = outputs.logits.float().sigmoid()
        return {"active": active, "vectors": track_vectors(active, outputs.hidden_states)[0]}

    def turns(self, spans, outputs, num_speakers, threshold):
        """Put the windows together; give speaker, start and end of each turn."""
        threshold = self.threshold if threshold is None else threshold
        active = np.concatenate([output["active"] for output in outputs])
        vectors = np.concatenate([output["vectors"] for output in outputs])
        frame, total, starts = self.grid(spans, active.shape[1])
        book = _Book(total, frame, num_speakers, threshold)
        for start, activity, voices in zip(starts, active, vectors, strict=True):
            book.add(start, activity[: total - start], voices)
        return book.turns()


class _Book(Table):
    """The speakers found so far: their activity, and their mean vectors."""

    def __init__(self, frames, frame, most, threshold):
        super().__init__(frames, frame, speakers=0)
        self.most, self.threshold = most, threshold
        self.voices = []

    def add(self, start, activity, vectors):
        """Enter a window: activity (frames, tracks), a vector for each track."""
        here = slice(start, start + len(activity))
        moments = (activity > 0.5).sum(0)
        enough = min(ENOUGH, len(activity) * self.frame / 4)
        tracks = np.flatnonzero(moments * self.frame >= enough)
        speakers = self._speakers(here, activity[:, tracks], vectors[tracks])
        for track, speaker in zip(tracks, speakers, strict=True):
            if speaker is not None:
                self.voices[speaker] = self.voices[speaker] + moments[track] * vectors[track]
        self.enter(start, activity[:, tracks], speakers)

    def _speakers(self, here, activity, vectors):
        """Say for each track which speaker it is; new speakers get the next numbers."""
        seen = self.weights[here] > 0.01
        known = (self.sums[here] > 0.5 * self.weights[here, None])[seen]
        now = (activity > 0.5)[seen]
        alike = np.zeros((activity.shape[1], known.shape[1]))
        scores = np.zeros_like(alike)
        for track, speaker in np.ndindex(*scores.shape):
            mine, theirs = now[:, track], known[:, speaker]
            voice = self.voices[speaker] / (np.linalg.norm(self.voices[speaker]) + 1e-9)
            alike[track, speaker] = scores[track, speaker] = vectors[track] @ voice - self.threshold
            if max(mine.sum(), theirs.sum()) * self.frame >= SHARED:
                # Dice's coefficient, from -1 to 1: active at the same moments or not.
                both = np.sum(mine & theirs) / (mine.sum() + theirs.sum())
                scores[track, speaker] = 4 * both - 1
        pairs = {}
        # First by what is active at the same moments; whom that does not tell, by voice.
        for measure in (scores, alike):
            rows, columns = linear_sum_assignment(-measure)
            for row, column in zip(rows, columns, strict=True):
                free = row not in pairs and column not in pairs.values()
                if free and measure[row, column] > 0:
                    pairs[row] = column
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
