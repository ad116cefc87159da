"""A model's folder is looked at before a library opens it."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from course_utils.finetuning.checkpoints import checkpoint_of
from course_utils.finetuning.recipes import RecipeError


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a model of two tensors with some configuration."""

    def make(**configuration):
        save_file({name: np.zeros(1, np.float32) for name in "ab"}, tmp_path / "model.safetensors")
        (tmp_path / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("name", "highest"),
    [
        ("chunk_length", 600), ("num_mel_bins", 4_096), ("num_labels", 100_000),
        ("feature_size", 65_536), ("hop_length", 65_536), ("n_fft", 65_536),
        ("max_length", 1_000_000), ("n_samples", 10_000_000),
        ("num_hidden_layers", 2),  # a layer has at least one tensor
    ],
)  # fmt: skip
def test_a_configuration_may_hold_the_highest_value_and_no_higher_one(folder, name, highest):
    assert checkpoint_of(folder(inner=[{name: highest}])) == str(folder())
    with pytest.raises(RecipeError, match=rf"config\.json: {name} is {highest + 1}, which"):
        checkpoint_of(folder(inner=[{name: highest + 1}]))


def test_code_in_a_checkpoint_is_refused(folder):
    with pytest.raises(RecipeError, match="asks for code of its own"):
        checkpoint_of(folder(auto_map={"AutoModel": "code.Model"}))
