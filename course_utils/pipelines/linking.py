"""Diarization by frame classification and voices: turns of activity, told apart by x-vectors.

A model of activity tells when somebody speaks, two at once among them, but takes voices that are
much alike for one, or one for two. A speaker model knows voices, but needs to hear one alone.
Together: the first finds turns, the second makes a vector of each few seconds of them, and what is
alike is grouped anew. Whom the first took for one speaker has to sound like two to become two.
"""

from itertools import pairwise
from operator import itemgetter

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

from course_utils._turns import joined
from course_utils.pipelines._method import THRESHOLD
from course_utils.pipelines.clustering import FRAME
from course_utils.pipelines.stitching import GAP, Stitching
from course_utils.pipelines.tracks import speakers_of

PIECE = 3.0
"""Seconds of a turn that have a voice of their own."""

ALONE = 0.5
"""Seconds that a piece has to itself from which on its voice counts."""

SHORT = 0.1
"""How much lower the threshold is than the speaker model's own, which is for longer speech."""

STAY = 0.2
"""How much lower that is within one speaker of the model of activity, and higher between two."""

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
        self.alike = getattr(config, "diarization_threshold", THRESHOLD) - SHORT

    def turns(self, spans, outputs, num_speakers, threshold):
        """Put the windows together, group the voices; give speaker, start and end of each turn."""
        pieces = []
        for speaker, start, end in super().turns(spans, outputs, num_speakers, None):
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
    speakers = own + len(own)  # numbers that no group has
    if not len(clear):
        return speakers
    # In products of these, a common speaker adds 2 * STAY, of which the threshold takes off one.
    before = (2 * STAY) ** 0.5 * np.eye(own.max() + 1)[own[clear]]
    marked = np.concatenate([voices[clear], before], 1)[:, None]
    # Each piece is a window with one track, and no two of them overlap.
    whole = [np.ones((round(seconds / FRAME), 1)) for seconds in alone[clear]]
    starts = np.cumsum([0, *map(len, whole[:-1])])
    threshold = threshold + STAY
    found = speakers_of(whole, marked, alone[clear, None], starts, FRAME, most, threshold)[:, 0]
    for speaker in np.unique(own):
        # What is too short goes where most of its speaker went.
        weights = np.where(own[clear] == speaker, alone[clear], 0)
        if not weights.any() and most is not None:
            weights = alone[clear]
        if weights.any():
            speakers[own == speaker] = np.bincount(found, weights).argmax()
    speakers[clear] = found
    return speakers
