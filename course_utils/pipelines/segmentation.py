"""Diarization by segmentation: the activity of a few local speakers, window by window.

The model has three outputs, one for each local speaker of a window. In the next window the same
person may be another output. Windows overlap, so local speakers that are active at the same moments
are one person; where that decides nothing, speaker embeddings do, taken from the model's own hidden
states.
"""

import numpy as np
import torch

from course_utils.formats.speaker_turns import joined
from course_utils.pipelines.clustering import DEFAULT_THRESHOLD, speech_regions
from course_utils.pipelines.correlation_clustering import ACTIVE, match_local_speakers

WINDOW_SECONDS = 15.0
"""Length of a window, in seconds."""

HOP_SECONDS = 2.5
"""Time from the start of a window to the start of the next, in seconds."""

MAX_PAUSE = 0.2
"""Pauses up to this long, in seconds, do not end a turn."""

MIN_TURN = 0.15
"""Minimum length of a turn, in seconds."""

EDGE_SECONDS = 1.0
"""Within this distance from the edge of a window, in seconds, a frame counts for less."""


def windows(count, length, hop=None):
    """Cut a recording into windows; the last one ends with the recording.

    Parameters
    ----------
    count : int
        Samples in the recording.
    length : int
        Samples in a window.
    hop : int, optional
        Samples from the start of a window to the start of the next; by default `length`.

    Returns
    -------
    list of (int, int)
        Start and end of each window, in samples; one shorter window if the recording is shorter.

    Examples
    --------
    >>> windows(10, 4)
    [(0, 4), (4, 8), (6, 10)]
    """
    last = max(count - length, 0)
    starts = [*range(0, last, hop or length), last]
    return [(start, min(start + length, count)) for start in starts]


def local_speaker_embeddings(activity, states):
    """Average the hidden states of each local speaker's non-overlapped speech.

    Parameters
    ----------
    activity : torch.Tensor
        Probabilities, shape ``(batch, frames, local_speakers)``.
    states : sequence of torch.Tensor
        Hidden states of each layer, shape ``(batch, frames, dim)``. The middle layer is taken:
        the later a layer, the less it keeps of the voice.

    Returns
    -------
    embeddings : torch.Tensor
        Unit-length, shape ``(batch, local_speakers, dim)``.
    frames : torch.Tensor
        Frames of non-overlapped speech behind each, shape ``(batch, local_speakers)``.
    """
    speakers = range(activity.shape[2])
    silent = [(1 - activity)[..., [n for n in speakers if n != one]].prod(2) for one in speakers]
    alone = activity * torch.stack(silent, 2)
    embeddings = alone.transpose(1, 2) @ states[len(states) // 2].float()
    return embeddings / embeddings.norm(dim=2, keepdim=True).clamp(min=1e-6), alone.sum(1)


def edge_weights(frames, frame_seconds):
    """Return weights of the frames of a window, lower at its edges, where context is missing."""
    distance = np.minimum(np.arange(1, frames + 1), np.arange(frames, 0, -1))
    return np.minimum(distance * frame_seconds / EDGE_SECONDS, 1).astype(np.float32)


def turns_in(sums, counts, frame_seconds):
    """Return the turns: in each frame, the `counts` most active speakers speak.

    The number of speakers is decided before their identity. Otherwise a frame in which windows
    disagree about the identity would have no speaker.

    Parameters
    ----------
    sums : numpy.ndarray
        Activity of each speaker, summed over windows, shape ``(frames, speakers)``.
    counts : numpy.ndarray
        Number of speakers in each frame, averaged over windows, shape ``(frames,)``.
    frame_seconds : float
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
        stretches = joined(edges * frame_seconds, MAX_PAUSE)
        found += [[speaker, start, end] for start, end in stretches if end - start >= MIN_TURN]
    return found


class Segmentation:
    """Segmentation in windows, and matching of their local speakers.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        The model's, with the cosine threshold as ``diarization_threshold`` if it has one.
    sampling_rate : int
        The model's, in hertz.
    """

    needs_hidden_states = True

    def __init__(self, config, sampling_rate):
        self.threshold = getattr(config, "diarization_threshold", DEFAULT_THRESHOLD)
        self.rate = sampling_rate
        self.window = round(WINDOW_SECONDS * sampling_rate)

    def spans(self, samples):
        """Return start and end of each window with speech, in samples.

        A feature extractor that normalises makes silence loud, and the model would find speech.
        """
        regions = np.array(speech_regions(samples, self.rate)).reshape(-1, 2) * self.rate
        return [
            (start, end)
            for start, end in windows(len(samples), self.window, round(HOP_SECONDS * self.rate))
            if np.any((regions[:, 0] < end) & (regions[:, 1] > start))
        ]

    def reduce(self, outputs):
        """Return what is kept of a batch of windows, for each local speaker.

        ``activity`` as a probability for each frame, ``embeddings``, and ``seconds`` of
        non-overlapped speech behind each embedding.
        """
        activity = outputs.logits.float().sigmoid()
        embeddings, frames = local_speaker_embeddings(activity, outputs.hidden_states)
        seconds = frames * WINDOW_SECONDS / activity.shape[1]
        return {"activity": activity, "embeddings": embeddings, "seconds": seconds}

    def turns(self, samples, spans, outputs, num_speakers, threshold):
        """Match local speakers, add up the windows; return speaker, start and end of each turn."""
        threshold = self.threshold if threshold is None else threshold
        activity = outputs["activity"]
        frame = WINDOW_SECONDS / activity.shape[1]
        total = int(np.ceil(len(samples) / self.rate / frame))
        starts = np.round(spans[:, 0] / self.rate / frame).astype(int)
        parts = [part[: total - start] for start, part in zip(starts, activity, strict=True)]
        labels = match_local_speakers(
            parts, outputs["embeddings"], outputs["seconds"], starts, frame, num_speakers, threshold
        )
        sums = np.zeros((total, labels.max(initial=-1) + 1), np.float32)
        weights, counts = np.full(total, 1e-6, np.float32), np.zeros(total, np.float32)
        for start, part, own in zip(starts, parts, labels, strict=True):
            here = slice(start, start + len(part))
            weight = edge_weights(len(part), frame)
            for local in np.flatnonzero(own >= 0):
                sums[here, own[local]] += weight * part[:, local]
                counts[here] += weight * (part[:, local] > ACTIVE)
            weights[here] += weight
        return turns_in(sums, counts / weights, frame)
