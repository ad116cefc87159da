"""The shipped music model generates what its prompt and seed say; its judge knows recordings."""

import json

import numpy as np
import pytest
from transformers import AutoTokenizer, pipeline, set_seed

from course_utils import pipelines
from course_utils.catalog import POCKET
from foundry.music import music_prompts, music_scores

pipelines.register()


FOLDER = POCKET / "pocket-music"


@pytest.fixture(scope="module")
def play():
    return pipeline("text-to-audio", model=str(FOLDER), device="cpu")


def test_the_judge_knows_recordings_of_the_test_split():
    folder = POCKET / "pocket-genres"
    said = json.loads((folder / "results.json").read_text(encoding="utf-8"))["accuracy"]
    assert said == pytest.approx(music_scores.score_classifier(folder))
    assert said["n"] == 140 and said["share"] >= 0.7


def test_it_plays_five_seconds_that_depend_on_prompt_and_seed(play):
    assert isinstance(play.model.audio_encoder, pipelines.SpectralCodec)
    made = []
    for seed, prompt in ((0, "slow waltz"), (0, "slow waltz"), (1, "slow waltz"), (0, "techno")):
        set_seed(seed)
        one = play(prompt)
        assert one["sampling_rate"] == 16_000
        made.append(np.ravel(one["audio"]))
    assert all(len(clip) == 80_000 and 0.005 < clip.std() < 0.5 for clip in made)
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2]) and not np.array_equal(made[0], made[3])


def test_its_tokenizer_knows_the_words_of_its_prompts(play):
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    words = music_prompts.vocabulary()
    assert tokenizer.convert_ids_to_tokens(range(len(tokenizer))) == words
    assert play.model.config.text_encoder.vocab_size == len(words)
    assert tokenizer("Slow WALTZ")["input_ids"] == tokenizer("slow waltz")["input_ids"]
