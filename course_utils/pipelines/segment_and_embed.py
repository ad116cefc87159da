"""Diarization by segmentation and embedding: segments of turns, clustered by speaker embeddings.

A segmentation model hears overlapped speech, but confuses similar voices. A speaker model knows
voices, but needs non-overlapped speech. Together: the turns that segmentation finds are cut into
segments, which are embedded and clustered. If the embeddings of one speaker's segments differ
enough, that speaker is split in two; two speakers with similar embeddings become one.

The more speech there is, the smaller the difference that is needed, by the two-covariance model
(Brümmer and de Villiers 2010, *The speaker partitioning problem*): the embedding of a speaker is
drawn from a normal distribution, and the embedding of a segment from one around it whose variance
falls with the segment's length. Two clusters are merged if that makes all embeddings more likely.
"""

from itertools import pairwise
from operator import itemgetter

import numpy as np

from course_utils.formats.speaker_turns import joined
from course_utils.pipelines.clustering import FRAME_SECONDS, threshold_of
from course_utils.pipelines.correlation_clustering import contract
from course_utils.pipelines.embedding import SpeakerEmbedder
from course_utils.pipelines.segmentation import MAX_PAUSE, Segmentation

SEGMENT_SECONDS = 3.0  # approximate length of a segment
MIN_EMBEDDED_SECONDS = 0.5  # minimum non-overlapped speech in a segment for its embedding to count
BLOCK = 400  # segments that are clustered at once, together with the clusters found before

# Tuned on simulated conversations between the validation voices, with a speaker model whose cosine
# threshold is REFERENCE_THRESHOLD; the cosines of other models are rescaled to it.
REFERENCE_THRESHOLD = 0.3
NOISE_SECONDS = 2.0  # segments of this length vary as much within a speaker as between speakers
# Log-likelihood per dimension for merging two segments: a bonus if segmentation gave them to the
# same speaker and a penalty if to two; and a bonus in any case, since speakers are few.
SAME_SPEAKER_BONUS = 0.2
MERGE_BONUS = 0.25


class SegmentAndEmbed(Segmentation):
    """Segmentation, then clustering of its segments by the embeddings of `speaker_model`."""

    def __init__(self, config, sampling_rate, speaker_model, device):
        super().__init__(config, sampling_rate)
        self.embed = SpeakerEmbedder(speaker_model, device)
        self.speaker_threshold = threshold_of(self.embed.model.config)

    def turns(self, samples, spans, outputs, num_speakers, threshold):
        """Segment, embed, cluster; return speaker, start and end of each turn."""
        segments = []
        # Both options are for the clustering below; segmentation finds as many as it can.
        found = super().turns(samples, spans, outputs, num_speakers=None, threshold=None)
        for speaker, start, end in found:
            edges = np.linspace(start, end, max(round((end - start) / SEGMENT_SECONDS), 1) + 1)
            segments += [(speaker, *edge) for edge in pairwise(edges.tolist())]
        segments.sort(key=itemgetter(1))
        embeddings, seconds = self._embeddings(segments, samples)
        speakers = np.array([speaker for speaker, *_ in segments], int)
        threshold = self.speaker_threshold if threshold is None else threshold
        labels = cluster_segments(speakers, embeddings, seconds, num_speakers, threshold)
        spans = {}
        for label, (_, *span) in zip(labels.tolist(), segments, strict=True):
            spans.setdefault(label, []).append(span)
        return [[label, *turn] for label, own in spans.items() for turn in joined(own, MAX_PAUSE)]

    def _embeddings(self, segments, samples):
        """Embed the non-overlapped speech of each segment; return embeddings and its seconds."""
        hop = round(FRAME_SECONDS * self.rate)
        frames = [[round(time / FRAME_SECONDS) for time in span] for _, *span in segments]
        speaking = np.zeros(len(samples) // hop + 1, int)
        for first, last in frames:
            speaking[first:last] += 1
        embeddings, seconds = [], []
        for first, last in frames:
            alone = np.repeat(speaking[first:last] == 1, hop)
            speech = samples[first * hop : last * hop]
            speech = speech[alone[: len(speech)]]
            seconds.append(len(speech) / self.rate)
            embeddings.append(self.embed(speech if seconds[-1] >= MIN_EMBEDDED_SECONDS else []))
        return np.array(embeddings), np.array(seconds)


def cluster_segments(speakers, embeddings, seconds, max_speakers, threshold):
    """Cluster segments by their embeddings and by the speakers of the segmentation.

    `speakers` are numbered from 0 on, shape ``(segments,)``; `embeddings` are unit-length, shape
    ``(segments, dim)``; `seconds` is the non-overlapped speech behind each, shape ``(segments,)``.
    Returns the speaker of each segment, int64, shape ``(segments,)``.
    """
    reliable = np.flatnonzero(seconds >= MIN_EMBEDDED_SECONDS)
    if not len(reliable):
        return speakers if max_speakers is None else speakers.clip(max=max_speakers - 1)
    # One row a cluster: sum of weighted embeddings, sum of weights, evidence (seconds in units of
    # NOISE_SECONDS), seconds by speaker of the segmentation. Rows of merged clusters are added.
    evidence = seconds[reliable, None] / NOISE_SECONDS
    weights = np.sqrt(evidence**2 + evidence)
    shares = seconds[reliable, None] * np.eye(speakers.max() + 1)[speakers[reliable]]
    rows = np.hstack([weights * embeddings[reliable], weights, evidence, shares])
    # Squares of the first columns times `signs` are those of embeddings whose cosines have been
    # rescaled linearly: 1 stays 1, and `threshold` becomes REFERENCE_THRESHOLD.
    shift = min((threshold - REFERENCE_THRESHOLD) / (1 - REFERENCE_THRESHOLD), 0.99)
    signs = np.append(np.ones(embeddings.shape[1]), -shift) / (1 - shift)
    clusters, known = np.zeros(0, int), rows[:0]
    for first in range(0, len(rows), BLOCK):
        block = np.concatenate([known, rows[first : first + BLOCK]])
        kept, groups = np.unique(_merge(block, signs, max_speakers), return_inverse=True)
        clusters = np.append(groups[clusters], groups[len(known) :])
        known = np.stack([block[groups == group].sum(0) for group in range(len(kept))])
    labels = np.zeros_like(speakers)
    for speaker in np.unique(speakers):
        # A segment too short to embed goes to the cluster with most of its speaker's speech.
        own = np.where(speakers[reliable] == speaker, seconds[reliable], 0)
        if own.any():
            labels[speakers == speaker] = np.bincount(clusters, own).argmax()
    # A speaker without any embedding is probably no other person: take the nearest segment's.
    for segment in np.flatnonzero(~np.isin(speakers, speakers[reliable])):
        labels[segment] = clusters[np.abs(reliable - segment).argmin()]
    labels[reliable] = clusters
    return labels


def _merge(rows, signs, max_groups):
    """Merge rows while that raises the likelihood; return the first row of each one's group."""
    rows = rows.copy()
    sums, evidence, shares = np.split(rows, [len(signs), len(signs) + 1], axis=1)  # views
    evidence = evidence[:, 0]

    def log_likelihood(evidence, square):
        return (square / (evidence + 1) - np.log1p(evidence)) / 2

    def gains(row):
        squares = sums**2 @ signs
        joint = squares + squares[row] + 2 * sums @ (signs * sums[row])
        gain = log_likelihood(evidence + evidence[row], joint)
        gain -= log_likelihood(evidence, squares) + log_likelihood(evidence[row], squares[row])
        unit = shares / np.linalg.norm(shares, axis=1, keepdims=True).clip(1e-9)
        gain += SAME_SPEAKER_BONUS * (2 * unit @ unit[row] - 1) + MERGE_BONUS
        return np.where(evidence > 0, gain, -np.inf)  # rows without evidence were merged before

    def merge(one, other):
        rows[one] += rows[other]
        rows[other] = 0
        return gains(one)

    return contract(np.stack([gains(row) for row in range(len(rows))]), max_groups, merge)
