"""Networks that answer by script, for diarization with a known answer.

A recording has a few tones, so that a sampling rate of 2 kHz is enough. The segmentation model
finds out where in the recording its window begins, and returns the probabilities of the script for
it. The speaker model hears voices: the embedding of a clip is the amplitudes of the tones in it.
"""

import weakref
from types import SimpleNamespace

import numpy as np
import torch
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from transformers import (
    AutoConfig,
    AutoModelForAudioXVector,
    PreTrainedConfig,
    PreTrainedModel,
    Wav2Vec2FeatureExtractor,
)

from course_utils import pipelines

RATE = 2_000  # hertz
FRAME = 0.02  # seconds; the segmentation model has one output for each
TONES = 100.0 * np.arange(1, 10)  # hertz; 10 ms hold whole periods of each
SURE = 1e-6  # distance of a scripted probability from 0 or 1


class WavLMForAudioFrameClassification(PreTrainedModel):
    """Segmentation model by script; the pipeline tells kinds of models by their class's name.

    ``says(start)`` returns the local speakers of the window that begins there, in seconds: a list
    of :func:`local_speaker`. ``heard`` keeps the windows, ``alive`` how many earlier outputs still
    were in memory at each call.
    """

    config_class = PreTrainedConfig

    def __init__(self, config, recording, says):
        super().__init__(config)
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.recording, self.says = recording.tobytes(), says
        self.heard, self.alive, self._outputs = [], [], []

    def forward(self, input_values, output_hidden_states=False):
        self.alive.append(sum(output() is not None for output in self._outputs))
        said = [self._answer(window) for window in input_values.numpy()]
        activity, states = (torch.from_numpy(np.stack(part)) for part in zip(*said, strict=True))
        self._outputs.append(weakref.ref(states))
        other = torch.randn(states.shape, generator=torch.Generator().manual_seed(0))
        layers = (other, other, states, -states, other) if output_hidden_states else None
        return SimpleNamespace(logits=torch.logit(activity), hidden_states=layers)

    def _answer(self, window):
        start = self.recording.find(window[:64].tobytes()) / 4 / RATE
        self.heard.append((start, window))
        times = start + (np.arange(round(len(window) / RATE / FRAME)) + 0.5) * FRAME
        locals_ = self.says(start)
        activity = np.full((len(times), max(len(locals_), 3)), SURE)
        states = np.zeros((len(times), len(TONES)), np.float32)
        for number, (voice, spans, probability) in enumerate(locals_):
            for first, last in spans:
                active = (times > first) & (times < last)
                activity[active, number] = probability
                states[active] = voice
        return activity, states


def local_speaker(voice, *spans, probability=1 - SURE):
    """Return a local speaker: a vector of the voice, and (start, end) seconds of the recording."""
    return np.asarray(voice, np.float32), spans, probability


class VoicesConfig(PreTrainedConfig):
    model_type = "scripted-voices"
    xvector_output_dim = len(TONES)


class WavLMForXVector(PreTrainedModel):
    """Speaker model: the amplitude of each of :data:`TONES`; ``heard`` keeps the clips."""

    config_class = VoicesConfig

    def __init__(self, config):
        super().__init__(config)
        self.heard = []
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.post_init()

    def forward(self, input_values, output_hidden_states=False):
        self.heard.extend(input_values.numpy())
        times = np.arange(input_values.shape[1]) / RATE
        waves = torch.from_numpy(np.exp(-2j * np.pi * np.outer(times, TONES)).astype(np.complex64))
        return SimpleNamespace(embeddings=(input_values.to(torch.complex64) @ waves).abs())


def extractor():
    """Return the feature extractor of both models: the samples as they are."""
    return Wav2Vec2FeatureExtractor(
        sampling_rate=RATE, do_normalize=False, return_attention_mask=False
    )


def voices_folder(folder, **config):
    """Save the speaker model, so that ``speaker_model=`` opens it."""
    AutoConfig.register(VoicesConfig.model_type, VoicesConfig, exist_ok=True)
    AutoModelForAudioXVector.register(VoicesConfig, WavLMForXVector, exist_ok=True)
    WavLMForXVector(VoicesConfig(**config)).save_pretrained(folder)
    extractor().save_pretrained(folder)
    return folder


def by_segmentation(recording, says, speaker_model=None, **config):
    """Return the real pipeline with the segmentation model by script."""
    model = WavLMForAudioFrameClassification(PreTrainedConfig(**config), recording, says)
    return pipelines.SpeakerDiarizationPipeline(
        model=model, feature_extractor=extractor(), device="cpu", speaker_model=speaker_model
    )


def by_clustering(**config):
    """Return the real pipeline with the speaker model by script."""
    return pipelines.SpeakerDiarizationPipeline(
        model=WavLMForXVector(VoicesConfig(**config)), feature_extractor=extractor(), device="cpu"
    )


def noise(seconds, level=1e-4):
    """Return noise in which every moment can be told from every other."""
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE))
    return (level * samples).astype(np.float32)


def lively(seconds):
    """Return noise that rises and falls twice a second, so that there is speech everywhere."""
    samples = noise(seconds, 0.1)
    samples[np.arange(len(samples)) % RATE < RATE // 2] *= 0.01
    return samples


def spoken(seconds, turns):
    """Return a recording of (voice, start, end): the tones of the voice, over faint noise."""
    samples = noise(seconds)
    times = np.arange(len(samples)) / RATE
    waves = np.sin(2 * np.pi * np.outer(TONES, times)).astype(np.float32)
    for voice, start, end in turns:
        here = slice(round(start * RATE), round(end * RATE))
        samples[here] += 0.2 * (np.asarray(voice, np.float32) @ waves[: len(voice), here])
    return samples


def voice(degrees=0.0, plane=0):
    """Return a unit vector of one of four planes, by its angle: cosines are those of angles."""
    vector = np.zeros(len(TONES))
    vector[2 * plane : 2 * plane + 2] = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return vector


def listed(found):
    """Return turns as ``[(number of the speaker, start, end)]``, times to 10 ms."""
    return [
        (
            int(turn["speaker"].removeprefix("speaker_")),
            round(turn["start"], 2),
            round(turn["end"], 2),
        )
        for turn in found
    ]


def der(truth, found, collar=0.0):
    """Return pyannote's diarization error rate of (speaker, start, end) against found turns."""
    sides = []
    for turns in (truth, [(turn["speaker"], turn["start"], turn["end"]) for turn in found]):
        sides.append(Annotation())
        for track, (speaker, start, end) in enumerate(turns):
            sides[-1][Segment(start, end), track] = str(speaker)
    return DiarizationErrorRate(collar=collar)(*sides, uem=Segment(0, max(t[2] for t in truth) + 1))
