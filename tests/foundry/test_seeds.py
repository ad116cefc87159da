"""Untrained networks depend on their seed alone."""

from functools import partial

import pytest
import torch

from foundry.clap import train_clap
from foundry.recognition import train_ctc, train_whisper
from foundry.text_to_speech import train_tts, train_vocoder
from foundry.voices import train_speaker

MAKERS = {
    "clap": lambda seed: train_clap.new_model(seed, train_clap.new_tokenizer()),
    "ctc": train_ctc.new_model,
    "speaker": partial(train_speaker.new_model, 5),
    "tts": train_tts.new_model,
    "vocoder": train_vocoder.new_model,
    "whisper": train_whisper.new_model,
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_gives_the_same_weights_and_another_does_not(name):
    one, same, other = (
        torch.cat([value.flatten() for value in MAKERS[name](seed).parameters()])
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
