"""Filter banks at once are those of Transformers, and its extractors use them."""

import sys

import numpy as np
import pytest
from transformers import AutoFeatureExtractor, audio_utils

from course_utils import catalog
from course_utils.finetuning import frames

SETTINGS = {
    "frame_length": 400, "hop_length": 160, "fft_length": 512, "power": 2.0, "center": False,
    "preemphasis": 0.97, "log_mel": "log", "mel_floor": 1.192092955078125e-07,
    "remove_dc_offset": True,
}  # fmt: skip
FILTERS = audio_utils.mel_filter_bank(257, 80, 20, 8_000, 16_000, mel_scale="kaldi")
WINDOW = audio_utils.window_function(400, "povey", periodic=False)


def noise(count):
    return 2**15 * np.random.default_rng(count).uniform(-0.5, 0.5, count).astype(np.float32)


@pytest.mark.parametrize("count", [400, 559, 560, 16_000, 800_123])
@pytest.mark.parametrize("changes", [{}, {"preemphasis": None}, {"remove_dc_offset": False}])
def test_they_are_the_numbers_of_transformers(count, changes):
    options = SETTINGS | changes
    ours = frames.spectrogram(noise(count), WINDOW, mel_filters=FILTERS, **options)
    theirs = audio_utils.spectrogram(noise(count), WINDOW, mel_filters=FILTERS, **options)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
    "changes", [{"center": True}, {"power": 1.0}, {"log_mel": None}, {"dither": 0.0}]
)
def test_other_options_go_to_transformers(changes):
    options = SETTINGS | {"mel_filters": FILTERS} | changes
    ours = frames.spectrogram(noise(4_000), WINDOW, **options)
    np.testing.assert_array_equal(ours, audio_utils.spectrogram(noise(4_000), WINDOW, **options))


@pytest.mark.parametrize("model", ["pocket-sounds", "pocket-ctc"])
def test_the_extractors_use_them_and_give_the_same(model, monkeypatch):
    extractor = AutoFeatureExtractor.from_pretrained(catalog.model(model))
    module = sys.modules[type(extractor).__module__]
    name, clip = extractor.model_input_names[0], noise(30_000) / 2**15
    monkeypatch.setattr(module, "spectrogram", audio_utils.spectrogram)
    before = extractor(clip, sampling_rate=16_000, return_tensors="np")[name]
    frames.hurry()
    assert module.spectrogram is frames.spectrogram
    after = extractor(clip, sampling_rate=16_000, return_tensors="np")[name]
    np.testing.assert_allclose(after, before, atol=1e-4)
