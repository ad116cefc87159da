"""Diarization by frame classification and voices: turns of activity, told apart by x-vectors.

A model of activity tells when somebody speaks, two at once among them, but takes voices that are
much alike for one, or one for two. A speaker model knows voices, but needs to hear one alone.
Together: the first finds turns, the second makes a vector of each few seconds of them, and what is
alike is grouped anew. Whom the first took for one speaker has to sound like two to become two.

How alike is enough depends on how much was heard: after two seconds a vector is half noise, the
mean of a minute hardly. The two-covariance model says so (Brümmer and de Villiers 2010, *The
speaker partitioning problem*): a speaker's vector comes from a normal distribution, that of a piece
lies around it, with a variance that falls with its length. Two groups of pieces become one while
that makes all vectors likelier.
"""

from itertools import pairwise
from operator import itemgetter

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

from course_utils.formats.speaker_turns import joined
from course_utils.pipelines._method import THRESHOLD
from course_utils.pipelines.clustering import FRAME
from course_utils.pipelines.stitching import GAP, Stitching
from course_utils.pipelines.tracks import contract

PIECE = 3.0
"""Seconds of a turn that have a voice of their own."""

ALONE = 0.5
"""Seconds that a piece has to itself from which on its voice counts."""

NOISE = 2.0
"""Seconds whose vector differs from the speaker's as much as speakers from each other. Chosen, with
the next two, on conversations between the validation voices."""

STAY = 0.2
"""For pieces of one speaker of the model of activity, and against those of two: this and the next
in logarithms of likelihoods, for each dimension of a vector."""

FEW = 0.25
"""For one speaker rather than two, whoever they are: people come in small numbers."""

ALIKE = 0.3
"""Threshold of a speaker model whose cosines are taken as they are; others' are brought to it."""

BLOCK = 400
"""Pieces that are decided on at once, with the groups of those before."""

LEAST = 2.0
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
        samples = np.resize(samples, max(len(samples), round(LEAST * rate)))
        features = self.extractor(
            samples, sampling_rate=rate, return_tensors="pt", **self.options
        ).to(self.model.device)
        vector = self.model(features[self.extractor.model_input_names[0]]).embeddings[0]
        return torch.nn.functional.normalize(vector.float(), dim=0).cpu().numpy()


class Linking(Stitching):
    """Windows of activity, put together, and their speakers told apart by a speaker model.

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

    def __init__(self, config, sampling_rate, speaker_model, device):
        super().__init__(config, sampling_rate)
        self.voice_of = VoiceModel(speaker_model, device)
        config = self.voice_of.model.config
        self.alike = getattr(config, "diarization_threshold", THRESHOLD)

    def turns(self, spans, outputs, num_speakers, threshold):
        """Put the windows together, group the voices; give speaker, start and end of each turn."""
        pieces = []
        # How many there are at most is for the voices to say, at the end.
        for speaker, start, end in super().turns(spans, outputs, None, None):
            edges = np.linspace(start, end, max(round((end - start) / PIECE), 1) + 1)
            pieces += [(speaker, *edge) for edge in pairwise(edges.tolist())]
        pieces.sort(key=itemgetter(1))
        voices, alone = self._voices(pieces, outputs[0]["recording"].samples)
        threshold = self.alike if threshold is None else threshold
        own = np.array([speaker for speaker, *_ in pieces], int)
        said = {}
        speakers = _grouped(own, voices, alone, num_speakers, threshold)
        for speaker, (_, start, end) in zip(speakers.tolist(), pieces, strict=True):
            said.setdefault(speaker, []).append((start, end))
        return [[who, *span] for who, spoken in said.items() for span in joined(spoken, GAP)]

    def _voices(self, pieces, samples):
        """Give a vector for what each piece has to itself, where it counts, and the seconds."""
        hop = round(FRAME * self.rate)
        places = [(round(start / FRAME), round(end / FRAME)) for _, start, end in pieces]
        count = np.zeros(len(samples) // hop + 1, int)
        for first, last in places:
            count[first:last] += 1
        vectors, alone = [], []
        for first, last in places:
            single = np.repeat(count[first:last] == 1, hop)
            heard = samples[first * hop : last * hop]
            heard = heard[single[: len(heard)]]
            alone.append(len(heard) / self.rate)
            vectors.append(self.voice_of(heard if alone[-1] >= ALONE else heard[:0]))
        return np.array(vectors), np.array(alone)


def _grouped(own, voices, alone, most, threshold):
    """Group pieces by voice, and by which speaker's they were; give each piece's group."""
    clear = np.flatnonzero(alone >= ALONE)
    if not len(clear):
        return own if most is None else own.clip(max=most - 1)
    speakers = np.zeros_like(own)
    # A row for each group: its vectors, how many, how much they tell, and whose they were. Rows of
    # groups that merge add up. How many there are shifts the cosines, in products with `signs`.
    tells = alone[clear, None] / NOISE
    lengths = np.sqrt(tells**2 + tells)
    whose = alone[clear, None] * np.eye(own.max() + 1)[own[clear]]
    rows = np.hstack([lengths * voices[clear], lengths, tells, whose])
    shift = min((threshold - ALIKE) / (1 - ALIKE), 0.99)
    signs = np.append(np.ones(voices.shape[1]), -shift) / (1 - shift)
    found, known = np.zeros(0, int), rows[:0]
    for first in range(0, len(rows), BLOCK):
        heard = np.concatenate([known, rows[first : first + BLOCK]])
        kept, groups = np.unique(_partition(heard, signs, most), return_inverse=True)
        found = np.append(groups[found], groups[len(known) :])
        known = np.stack([heard[groups == group].sum(0) for group in range(len(kept))])
    for speaker in np.unique(own):
        # What is too short goes where most of its speaker went.
        weights = np.where(own[clear] == speaker, alone[clear], 0)
        if weights.any():
            speakers[own == speaker] = np.bincount(found, weights).argmax()
    # Who is nowhere heard alone is hardly anybody, rather a second track of a voice near by.
    for piece in np.flatnonzero(~np.isin(own, own[clear])):
        speakers[piece] = found[np.abs(clear - piece).argmin()]
    speakers[clear] = found
    return speakers


def _partition(rows, signs, most):
    """Merge rows while that makes their vectors likelier, or there are too many; give groups."""
    rows = rows.copy()
    said, tells, whose = np.split(rows, [len(signs), len(signs) + 1], axis=1)  # views
    tells = tells[:, 0]

    def likelihood(told, square):
        return (square / (told + 1) - np.log1p(told)) / 2

    def gains(row):
        squares = said**2 @ signs
        together = squares + squares[row] + 2 * said @ (signs * said[row])
        gain = likelihood(tells + tells[row], together)
        gain -= likelihood(tells, squares) + likelihood(tells[row], squares[row])
        shares = whose / np.linalg.norm(whose, axis=1, keepdims=True).clip(1e-9)
        gain += STAY * (2 * shares @ shares[row] - 1) + FEW
        return np.where(tells > 0, gain, -np.inf)  # whose row is empty is in another group

    def merged(one, other):
        rows[one] += rows[other]
        rows[other] = 0
        return gains(one)

    return contract(np.stack([gains(row) for row in range(len(rows))]), most, merged)
