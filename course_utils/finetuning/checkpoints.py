"""Find the model that a run starts from, and check its folder before a library opens it.

A folder may come from anywhere. Refused are weights in a pickle, which can run code, and
configurations that ask for code of their own or for far more memory than their weights fill.
"""

import json
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

from course_utils import catalog
from course_utils.errors import one_line
from course_utils.finetuning.recipes import RecipeError

LIMITS = {"chunk_length": 600, "num_mel_bins": 4_096, "num_labels": 100_000}
LIMITS |= {"feature_size": 65_536, "hop_length": 65_536, "n_fft": 65_536}
LIMITS |= {"max_length": 1_000_000, "n_samples": 10_000_000}
"""Highest values accepted in a configuration; beyond them it would only fill the memory."""


def checkpoint_of(model):
    """Return what ``from_pretrained`` takes, for a catalogue name, a folder or a Hub id.

    Raises `RecipeError` if `model` is none of these, or a folder that is not safe to open.
    """
    if catalog.has(model):
        return catalog.model(model)
    if Path(model).is_dir():
        _examine(Path(model))
        return str(model)
    if catalog.profile() == "hub" and str(model).count("/") == 1:
        return str(model)
    raise RecipeError(
        f"{model} is no model of the catalogue and no folder; for one of the Hub say --profile hub"
    )


@contextmanager
def opening(model, task):
    """Raise :class:`RecipeError` in place of whatever a library raises for an unsuitable model."""
    try:
        yield
    except RecipeError:
        raise
    except Exception as error:  # Transformers, safetensors and tokenizers raise many kinds
        raise RecipeError(f"{model} is no model for {task}: {one_line(error)}") from error


def _examine(folder):
    """Raise RecipeError if a folder has no safetensors or an unreasonable configuration."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise RecipeError(
            f"{folder}: holds no weights in safetensors, and no others are opened, since a pickle "
            "can run code; save the model again with save_pretrained"
        )
    tensors = 0
    for file in [*weights, *sorted(folder.glob("*config.json"))]:
        try:
            if file in weights:
                with safe_open(file, "pt") as header:
                    tensors += len(header.keys())
                continue
            entries = list(_entries(json.loads(file.read_bytes())))
        except (OSError, TypeError, ValueError, RecursionError, SafetensorError) as error:
            raise RecipeError(f"{file}: is damaged ({one_line(error)}); copy it again") from error
        for name, value in entries:
            limit = tensors if name.endswith("layers") else LIMITS.get(name)
            if name == "auto_map":
                raise RecipeError(f"{file}: asks for code of its own, which is never run here")
            if limit is not None and isinstance(value, (int, float)) and value > limit:
                raise RecipeError(f"{file}: {name} is {value}, which this model cannot fill")


def _entries(value):
    """Yield every name and value of a configuration, at any depth."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield str(name), inner
        if isinstance(inner, (dict, list)):
            yield from _entries(inner)
