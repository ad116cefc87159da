"""Untrained networks: they depend on their seed alone, and are built as the shipped ones."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from transformers import AutoModelForTextToWaveform

from course_utils import pipelines
from course_utils.catalog import POCKET
from foundry.clap import train_clap
from foundry.music import train_music
from foundry.recognition import train_ctc, train_whisper
from foundry.sounds import sound_features, train_sounds
from foundry.text_to_speech import train_tts, train_vocoder
from foundry.voices import train_diarizer, train_speaker

pipelines.register()  # the codec of pocket-music


def music(seed):
    shipped = AutoModelForTextToWaveform.from_pretrained(
        POCKET / "pocket-music", dtype=torch.float32
    )
    return train_music.new_model(shipped.audio_encoder, seed)


def sounds(seed):
    """Return the network for noise: its patch projection is computed from clips."""
    shape = 20, sound_features.FRAMES, sound_features.MELS
    noise = np.random.default_rng(0).standard_normal(shape).astype("f")
    clips = sound_features.SpectrogramCache(noise, np.full(20, shape[1]), np.zeros(20))
    return train_sounds.new_model(seed, clips, (0.0, 1.0))


MAKERS = {
    "clap": lambda seed: train_clap.new_model(seed, train_clap.new_tokenizer()),
    "ctc": train_ctc.new_model,
    "diarizer": partial(train_diarizer.new_model, POCKET / "pocket-speaker"),
    "fastspeech": train_tts.new_model,
    "music": music,
    "sounds": sounds,
    "speaker": partial(train_speaker.new_model, 2),  # the shipped head has two empty classes
    "vocoder": train_vocoder.new_model,
    "whisper": train_whisper.new_model,
}
"""Functions from a seed to the network of ``pocket-<name>``."""

AFTERWARDS = {"architectures", "dtype", "id2label", "label2id", "diarization_threshold"}
"""What saving or a later step writes into ``config.json``."""


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_gives_the_same_weights_and_another_does_not(name):
    one, same, other = (
        torch.cat([value.flatten() for value in MAKERS[name](seed).parameters()])
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def settings(config, before=""):
    """Return the values of a configuration, those of nested ones too, without `AFTERWARDS`."""
    found = {}
    for name, value in config.items():
        if isinstance(value, dict) and name not in AFTERWARDS:
            found |= settings(value, f"{before}{name}.")
        elif name not in AFTERWARDS:
            found[before + name] = value
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_a_new_network_is_built_as_the_shipped_one(name):
    config = POCKET / f"pocket-{name}" / "config.json"
    shipped = settings(json.loads(config.read_text(encoding="utf-8")))
    new = settings(json.loads(MAKERS[name](0).config.to_json_string(use_diff=False)))
    assert {key: new.get(key) for key in shipped} == shipped
