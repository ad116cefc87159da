"""Diarization by clustering: find the speech, describe each piece by a vector, group the vectors.

Speaker labels are the clusters. Every piece has one label, so of two who speak at once one is
missed.
"""

import numpy as np

from course_utils.formats.speaker_turns import joined
from course_utils.pipelines._method import Method

SECONDS, HOP = 2.0, 0.5
"""Length of a piece and time from one to the next, in seconds."""

FEWEST = 3.0
"""Seconds of speech of a speaker; a smaller cluster goes to the one that is most like it."""

MOST = 2_000
"""Pieces that are clustered; of a longer recording, evenly spaced ones, then the others join."""

FRAME = 0.01
GAP, SHORTEST = 0.3, 0.1
"""Pauses up to this long, in seconds, stay within a region; shorter regions are left out."""


def speech_regions(samples, sampling_rate):
    """Find where somebody speaks, by level alone.

    The level of each hundredth of a second between 100 Hz and 4 kHz is compared with a threshold
    between the quiet and the loud ones of the recording.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.

    Returns
    -------
    list of (float, float)
        Start and end in seconds, in order. Empty if the recording is silent or hardly varies.
    """
    levels = _levels(np.asarray(samples, np.float32), sampling_rate)
    if not len(levels) or levels.max() < -60:
        return []
    quiet, loud = np.percentile(levels, [5, 95])
    # In a long recording, somebody may speak for less than a twentieth of it.
    loud = max(loud, np.sort(levels)[-50:][0] - 10)
    if loud - quiet < 4:  # steady noise
        return []
    active = levels > quiet + max(3.0, 0.4 * (loud - quiet))
    edges = np.flatnonzero(np.diff(np.pad(active.astype(int), 1)))
    regions = joined(edges.reshape(-1, 2) * FRAME, GAP)
    return [(start, end) for start, end in regions if end - start >= SHORTEST]


def _levels(samples, sampling_rate):
    """Give the level of every frame in dB of full scale, smoothed over 70 ms."""
    from scipy import ndimage, signal

    hop = round(FRAME * sampling_rate)
    high = min(4_000, 0.49 * sampling_rate)
    filters = signal.butter(2, [100, high], "bandpass", fs=sampling_rate, output="sos")
    power = np.empty(len(samples) // hop, np.float32)
    state = np.zeros((len(filters), 2))
    for first in range(0, len(power), 6_000):  # a minute at a time
        part = samples[first * hop : (first + 6_000) * hop]
        part, state = signal.sosfilt(filters, part, zi=state)
        count = len(part) // hop
        power[first : first + count] = np.square(part[: count * hop].reshape(count, hop)).mean(1)
    if not len(power):
        return power
    return 10 * np.log10(ndimage.uniform_filter1d(power, 7) + 1e-10)


class Clustering(Method):
    """Agglomerative clustering of speakers' vectors."""

    seconds = SECONDS

    def spans(self, samples):
        """Cut the speech into overlapping pieces: start and end of each, in samples."""
        hop = round(HOP * self.rate)
        pieces = []
        for start, end in speech_regions(samples, self.rate):
            start, end = round(start * self.rate), round(end * self.rate)
            firsts = range(start, max(end - self.window, start) + 1, hop)
            pieces += [(first, min(first + self.window, end)) for first in firsts]
            if end - pieces[-1][1] > 0.1 * self.rate:  # the rest
                pieces.append((max(end - self.window, start), end))
        return pieces

    def reduce(self, outputs):
        """Keep the vectors, at length 1."""
        vectors = outputs.embeddings.float()
        return {"vectors": vectors / vectors.norm(dim=1, keepdim=True)}

    def turns(self, spans, outputs, num_speakers, threshold):
        """Cluster the pieces; give speaker, start and end of each turn."""
        spans = spans[:, :2] / self.rate
        vectors = np.concatenate([output["vectors"] for output in outputs])
        labels = cluster(
            vectors, spans, num_speakers, self.threshold if threshold is None else threshold
        )
        # Each moment goes to the piece whose middle is nearest.
        turns = []
        for place, ((start, end), label) in enumerate(zip(spans, labels, strict=True)):
            before = spans[place - 1] if place else (-1, -1)
            after = spans[place + 1] if place + 1 < len(spans) else (np.inf, np.inf)
            start = (before[1] + start) / 2 if start < before[1] else start
            end = (end + after[0]) / 2 if after[0] < end else end
            if turns and turns[-1][0] == label and start - turns[-1][2] <= GAP:
                turns[-1][2] = end
            else:
                turns.append([label, start, end])
        return turns


def cluster(vectors, spans, num_speakers, threshold):
    """Group vectors of pieces of speech by speaker.

    Parameters
    ----------
    vectors : numpy.ndarray
        Of length 1, shape ``(pieces, dimensions)``.
    spans : numpy.ndarray
        Start and end of each in seconds, shape ``(pieces, 2)``.
    num_speakers : int or None
        How many groups; None to go by the threshold.
    threshold : float
        Mean cosine of two groups from which on they are merged.

    Returns
    -------
    numpy.ndarray
        A number for each piece, int64, shape ``(pieces,)``.
    """
    from scipy.cluster import hierarchy

    if len(vectors) == 1:
        return np.zeros(1, int)
    chosen = np.unique(np.linspace(0, len(vectors) - 1, min(MOST, len(vectors))).astype(int))
    tree = hierarchy.linkage(vectors[chosen], "average", metric="cosine")
    if num_speakers is None:
        groups = hierarchy.fcluster(tree, 1 - threshold, "distance")
    else:
        groups = hierarchy.fcluster(tree, num_speakers, "maxclust")
    means = np.stack([vectors[chosen][groups == group].mean(0) for group in np.unique(groups)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    nearest = np.argmax(vectors @ means.T, axis=1)
    if num_speakers is None:
        lengths = np.bincount(nearest, np.diff(spans, axis=1)[:, 0], minlength=len(means))
        big = np.flatnonzero(lengths >= min(FEWEST, lengths.max()))
        nearest = big[np.argmax(vectors @ means[big].T, axis=1)]
    return nearest
