"""Which model a run starts from, and what is asked of its folder before a library opens it.

A folder comes from anywhere. Weights in a pickle are refused, since one can run code; so are
configurations that ask for code of their own, or for more than their weights can fill.
"""

import json
from contextlib import contextmanager
from pathlib import Path

from course_utils import catalog
from course_utils.errors import one_line
from course_utils.finetuning import sources
from course_utils.finetuning.recipes import RecipeError

HIGHEST = {
    "chunk_length": 600, "feature_size": 65_536, "hop_length": 65_536, "max_length": 1_000_000,
    "n_fft": 65_536, "n_samples": 10_000_000, "num_labels": 100_000, "num_mel_bins": 4_096,
}  # fmt: skip
"""Numbers beyond which a configuration only fills the memory."""
_HEADER = 25_000_000  # bytes; tensors' names and shapes take a few thousand


def checkpoint_of(model):
    """Return what ``from_pretrained`` takes: of a catalogue name, a folder or a Hub id.

    Raises
    ------
    RecipeError
        If it is none of these, or a folder that had better not be opened.
    course_utils.catalog.CatalogError
        If the profile in force has no such model.
    """
    if sources.is_catalogued(model):
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
    """Say in a sentence that a model is damaged, or not of the kind that the task needs."""
    try:
        yield
    except RecipeError:
        raise
    except Exception as error:  # Transformers, safetensors and tokenizers raise many kinds
        raise RecipeError(f"{model} is no model for {task}: {one_line(error)}") from error


def _examine(folder):
    """Raise RecipeError if a folder holds no safetensors or its configuration is beyond reason."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise RecipeError(
            f"{folder}: holds no weights in safetensors, and no others are opened, since a pickle "
            "can run code; save the model again with save_pretrained"
        )
    tensors = sum(map(_tensors, weights))
    for file in sorted(folder.glob("*config.json")):
        try:
            facts = list(_facts(json.loads(file.read_bytes())))
        except (OSError, TypeError, ValueError, RecursionError) as error:
            raise RecipeError(f"{file}: is damaged ({one_line(error)}); copy it again") from error
        for name, value in facts:
            most = tensors if name.endswith("layers") else HIGHEST.get(name)
            if name == "auto_map":
                raise RecipeError(f"{file}: asks for code of its own, which is never run here")
            if most is not None and isinstance(value, (int, float)) and value > most:
                raise RecipeError(f"{file}: {name} is {value}, which this model cannot fill")


def _tensors(file):
    """Count the tensors that the header of a safetensors file lists."""
    try:
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            return len(json.loads(stream.read(size))) if size < _HEADER else 0
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{file}: is damaged or cut short; copy it again") from error


def _facts(value):
    """Yield every name and value of a configuration, at any depth."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        yield str(name), inner
        if isinstance(inner, (dict, list)):
            yield from _facts(inner)
