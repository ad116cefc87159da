"""Diarization by segmentation: the activity of a few local speakers, window by window.

The model has one output for each local speaker of a window; in the next window the same person may
be another one. Windows overlap, so local speakers that are active at the same moments are one
person. Where that decides nothing, embeddings do, which are the model's own hidden states.
"""

import numpy as np
import torch

from course_utils.pipelines.clustering import DEFAULT_THRESHOLD, speech_regions, stretches
from course_utils.pipelines.correlation_clustering import ACTIVE, match_local_speakers

WINDOW_SECONDS = 15.0  # length of a window, as in training
HOP_SECONDS = 2.5  # from the start of a window to the start of the next
MAX_PAUSE = 0.2  # seconds; pauses up to this long do not end a turn
MIN_TURN = 0.15  # seconds; shorter turns are left out
EDGE_SECONDS = 1.0  # this near to the edge of a window, frames lack context and count for less


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
    """
    last = max(count - length, 0)
    starts = [*range(0, last, hop or length), last]
    return [(start, min(start + length, count)) for start in starts]


def local_speaker_embeddings(activity, states):
    """Average the hidden states of each local speaker's non-overlapped speech.

    `activity` has the shape ``(batch, frames, local_speakers)``, from 0 to 1; `states` has
    ``(batch, frames, dim)`` for each layer. The middle layer counts: later ones forget the voice.
    Returns unit-length embeddings ``(batch, local_speakers, dim)`` and the number of frames behind
    each, ``(batch, local_speakers)``.
    """
    speakers = range(activity.shape[2])
    silent = [(1 - activity)[..., [n for n in speakers if n != one]].prod(2) for one in speakers]
    alone = activity * torch.stack(silent, 2)
    embeddings = alone.transpose(1, 2) @ states[len(states) // 2].float()
    return embeddings / embeddings.norm(dim=2, keepdim=True).clamp(min=1e-6), alone.sum(1)


def turns_in(sums, counts, frame_seconds):
    """Return the turns, as (speaker, start, end) in seconds.

    `sums` is the activity of each speaker, summed over windows, shape ``(frames, speakers)``;
    `counts` is the number of speakers, averaged over windows, shape ``(frames,)``: that many of the
    most active speakers speak. If the number were not decided first, a frame in which windows
    disagree about the identity would have no speaker.
    """
    ranks = np.argsort(np.argsort(-sums, axis=1, kind="stable"), axis=1, kind="stable")
    activity = ranks < np.round(counts)[:, None]
    return [
        [speaker, *turn]
        for speaker, active in enumerate(activity.T)
        for turn in stretches(active, frame_seconds, MAX_PAUSE, MIN_TURN)
    ]


class Segmentation:
    """Segmentation in windows; for a model of ``AutoModelForAudioFrameClassification``.

    `config` is the model's; its ``diarization_threshold``, if any, is the cosine threshold.
    """

    needs_hidden_states = True

    def __init__(self, config, sampling_rate):
        self.threshold = getattr(config, "diarization_threshold", DEFAULT_THRESHOLD)
        self.rate = sampling_rate
        self.window = round(WINDOW_SECONDS * sampling_rate)

    def spans(self, samples):
        """Return start and end of each window with speech, in samples."""
        # In a silent window, normalised features are loud, and the model would find speech.
        regions = np.array(speech_regions(samples, self.rate)).reshape(-1, 2) * self.rate
        return [
            (start, end)
            for start, end in windows(len(samples), self.window, round(HOP_SECONDS * self.rate))
            if np.any((regions[:, 0] < end) & (regions[:, 1] > start))
        ]

    def reduce(self, outputs):
        """Return the local speakers' activity, embeddings, and seconds behind each embedding."""
        activity = outputs.logits.float().sigmoid()
        given, needed = outputs.hidden_states[0].shape[1], activity.shape[1]
        if given != needed:  # nvidia/Nemotron-3-Diarization, for one
            raise ValueError(
                f"the model has {given} frames of hidden states for {needed} of logits, and this "
                "pipeline needs one for each: use the model's own class, or another model."
            )
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
            edge = np.minimum(np.arange(len(part)) + 1, np.arange(len(part), 0, -1)) * frame
            weight = np.minimum(edge / EDGE_SECONDS, 1).astype(np.float32)
            for local in np.flatnonzero(own >= 0):
                sums[here, own[local]] += weight * part[:, local]
                counts[here] += weight * (part[:, local] > ACTIVE)
            weights[here] += weight
        return turns_in(sums, counts / weights, frame)
