"""The speaker embedder and its feature extractor, which keeps its own settings."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioXVector, SeamlessM4TFeatureExtractor

from course_utils import pipelines
from course_utils.catalog import POCKET

FOLDER = POCKET / "pocket-speaker"
CLIP = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)
OPTIONS = {"sampling_rate": 16_000, "return_tensors": "pt"}


@pytest.mark.parametrize("normalise", [True, False])
def test_normalisation_is_a_setting_that_is_saved_and_the_default_of_a_call(normalise, tmp_path):
    ours = pipelines.FbankFeatureExtractor(stride=4, do_normalize_per_mel_bins=normalise)
    ours.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text(encoding="utf-8"))
    assert saved["do_normalize_per_mel_bins"] is normalise
    pipelines.register()
    again = AutoFeatureExtractor.from_pretrained(tmp_path)
    assert type(again) is pipelines.FbankFeatureExtractor
    theirs = SeamlessM4TFeatureExtractor(stride=4)
    for option in (normalise, not normalise):
        wanted = theirs(CLIP, do_normalize_per_mel_bins=option, **OPTIONS)["input_features"]
        found = again(
            CLIP,
            **OPTIONS,
            **({} if option is normalise else {"do_normalize_per_mel_bins": option}),
        )["input_features"]
        assert torch.equal(found, wanted)


def test_an_extractor_without_the_setting_normalises_as_transformers_does():
    found = pipelines.FbankFeatureExtractor()(CLIP, **OPTIONS)["input_features"]
    assert torch.equal(found, SeamlessM4TFeatureExtractor()(CLIP, **OPTIONS)["input_features"])


def test_an_embedding_is_that_of_the_model_at_unit_length():
    embed = pipelines.SpeakerEmbedder(FOLDER)
    found = embed(CLIP)
    assert found.shape == (128,) and found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)
    model = AutoModelForAudioXVector.from_pretrained(FOLDER, dtype=torch.float32).eval()
    features = AutoFeatureExtractor.from_pretrained(FOLDER)(CLIP, **OPTIONS)["input_features"]
    with torch.no_grad():
        wanted = model(features).embeddings[0].numpy()
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)


def test_a_short_clip_is_repeated_and_an_empty_one_has_no_voice():
    embed = pipelines.SpeakerEmbedder(FOLDER)
    assert np.array_equal(embed(CLIP[:8_000]), embed(np.tile(CLIP[:8_000], 4)))
    assert np.array_equal(embed(CLIP[:0]), np.zeros(128, np.float32))


def test_windows_cover_a_recording_and_the_last_one_ends_with_it():
    assert pipelines.windows(10, 4) == [(0, 4), (4, 8), (6, 10)]
    assert pipelines.windows(10, 4, hop=3) == [(0, 4), (3, 7), (6, 10)]
    assert pipelines.windows(8, 4) == [(0, 4), (4, 8)]
    assert pipelines.windows(3, 4) == [(0, 3)]
