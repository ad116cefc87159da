"""Diarization by clustering: find the speech, embed overlapping pieces of it, cluster them.

Each cluster is a speaker, and each piece has one: where two speak at once, one of them is missed.
"""

import numpy as np

from course_utils.formats.speaker_turns import joined

DEFAULT_THRESHOLD = 0.5  # cosine; for a model without diarization_threshold in its config.json
# The same for other speaker encoders, by model_type; from the card of microsoft/wavlm-base-plus-sv.
ENCODER_THRESHOLDS = {"wavlm": 0.86}
WINDOW_SECONDS = 2.0  # length of the pieces of speech that are embedded
HOP_SECONDS = 0.5  # from the start of a piece to the start of the next
MIN_SPEAKER_SECONDS = 3.0  # minimum length of all pieces of a speaker; others join the nearest
MAX_PIECES = 2_000  # maximum number that is clustered, evenly spaced; others join the nearest mean
FRAME_SECONDS = 0.01  # length of the frames whose level is measured
MAX_PAUSE = 0.3  # seconds; pauses up to this long end neither a region nor a turn
MIN_REGION = 0.1  # seconds; shorter regions of speech are left out


def speech_regions(samples, sampling_rate):
    """Find where somebody speaks: where the level, from 100 Hz to 4 kHz, is above a threshold.

    The threshold lies between the levels of the quiet and of the loud frames of the recording.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.

    Returns
    -------
    list of (float, float)
        Start and end in seconds, in order. Empty if the recording is silent or its level steady.
    """
    levels = _levels(np.asarray(samples, np.float32), sampling_rate)
    if not len(levels) or levels.max() < -60:
        return []
    quiet, loud = np.percentile(levels, [5, 95])
    # In a long recording, somebody may speak for less than a twentieth of the time.
    loud = max(loud, np.sort(levels)[-50:][0] - 10)
    if loud - quiet < 4:  # steady noise
        return []
    active = levels > quiet + max(3.0, 0.4 * (loud - quiet))
    return stretches(active, FRAME_SECONDS, MAX_PAUSE, MIN_REGION)


def stretches(active, frame_seconds, max_pause, min_length):
    """Return start and end in seconds of each stretch of active frames, as (float, float)."""
    edges = np.flatnonzero(np.diff(np.pad(active.astype(int), 1))).reshape(-1, 2)
    found = joined(edges * frame_seconds, max_pause)
    return [(start, end) for start, end in found if end - start >= min_length]


def _levels(samples, sampling_rate):
    """Return the level of each frame in dB of full scale, smoothed over 70 ms."""
    from scipy import ndimage, signal

    hop = round(FRAME_SECONDS * sampling_rate)
    high = min(4_000, 0.49 * sampling_rate)
    filters = signal.butter(2, [100, high], "bandpass", fs=sampling_rate, output="sos")
    power = np.empty(len(samples) // hop, np.float32)
    state = np.zeros((len(filters), 2))
    for first in range(0, len(power), 6_000):  # a minute at a time, to save memory
        part = samples[first * hop : (first + 6_000) * hop]
        part, state = signal.sosfilt(filters, part, zi=state)
        count = len(part) // hop
        power[first : first + count] = np.square(part[: count * hop].reshape(count, hop)).mean(1)
    if not len(power):
        return power
    return 10 * np.log10(ndimage.uniform_filter1d(power, 7) + 1e-10)


def threshold_of(config):
    """Return the cosine above which two embeddings of a speaker encoder are of one speaker."""
    default = ENCODER_THRESHOLDS.get(config.model_type, DEFAULT_THRESHOLD)
    return getattr(config, "diarization_threshold", default)


class Clustering:
    """Agglomerative clustering of speaker embeddings; for a model of ``AutoModelForAudioXVector``.

    `config` is the model's; its ``diarization_threshold``, if any, is the cosine threshold.
    """

    needs_hidden_states = False

    def __init__(self, config, sampling_rate):
        self.threshold = threshold_of(config)
        self.rate = sampling_rate
        self.window = round(WINDOW_SECONDS * sampling_rate)

    def spans(self, samples):
        """Cut the speech into overlapping pieces: start and end of each, in samples."""
        hop, pieces = round(HOP_SECONDS * self.rate), []
        for start, end in speech_regions(samples, self.rate):
            start, end = round(start * self.rate), round(end * self.rate)
            firsts = range(start, max(end - self.window, start) + 1, hop)
            pieces += [(first, min(first + self.window, end)) for first in firsts]
            if end - pieces[-1][1] > 0.1 * self.rate:  # the end of the region is not covered yet
                pieces.append((max(end - self.window, start), end))
        return pieces

    def reduce(self, outputs):
        """Return what is kept of a batch: the unit-length speaker embeddings."""
        embeddings = outputs.embeddings.float()
        return {"embeddings": embeddings / embeddings.norm(dim=1, keepdim=True)}

    def turns(self, samples, spans, outputs, num_speakers, threshold):
        """Cluster the pieces; return speaker, start and end of each turn."""
        spans = spans / self.rate
        threshold = self.threshold if threshold is None else threshold
        labels = cluster(outputs["embeddings"], spans, num_speakers, threshold)
        # Where pieces overlap, each moment goes to the piece with the nearest middle.
        turns = []
        for index, ((start, end), label) in enumerate(zip(spans, labels, strict=True)):
            before = spans[index - 1] if index else (-1, -1)
            after = spans[index + 1] if index + 1 < len(spans) else (np.inf, np.inf)
            start = (before[1] + start) / 2 if start < before[1] else start
            end = (end + after[0]) / 2 if after[0] < end else end
            if turns and turns[-1][0] == label and start - turns[-1][2] <= MAX_PAUSE:
                turns[-1][2] = end
            else:
                turns.append([label, start, end])
        return turns


def cluster(embeddings, spans, num_speakers, threshold):
    """Return the cluster of each piece, int64, shape ``(pieces,)``.

    `embeddings` are unit-length, ``(pieces, dim)``; `spans` are start and end in seconds. Without
    `num_speakers`, clusters are merged while their mean cosine is above `threshold`.
    """
    from scipy.cluster import hierarchy

    if len(embeddings) == 1:
        return np.zeros(1, int)
    last = len(embeddings) - 1
    chosen = np.unique(np.linspace(0, last, min(MAX_PIECES, last + 1)).astype(int))
    tree = hierarchy.linkage(embeddings[chosen], "average", metric="cosine")
    if num_speakers is None:
        groups = hierarchy.fcluster(tree, 1 - threshold, "distance")
    else:
        groups = hierarchy.fcluster(tree, num_speakers, "maxclust")
    means = np.stack([embeddings[chosen][groups == group].mean(0) for group in np.unique(groups)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    nearest = np.argmax(embeddings @ means.T, axis=1)
    if num_speakers is None:
        lengths = np.bincount(nearest, np.diff(spans, axis=1)[:, 0], minlength=len(means))
        large = np.flatnonzero(lengths >= min(MIN_SPEAKER_SECONDS, lengths.max()))
        nearest = large[np.argmax(embeddings @ means[large].T, axis=1)]
    return nearest
