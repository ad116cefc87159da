"""Lessons 08 to 11 on an accelerator, pretended: what a cell makes meets the models on one device.

`pipeline()` puts its model on the first accelerator. Here that is a device whose tensors compute
on the CPU, but which refuse, as those of CUDA and MPS do, to meet tensors of the CPU or to become
arrays, and as those of MPS do, to hold float64.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from transformers import AutoModel, Pipeline, pipeline

from course_utils import audio, catalog, data, pipelines
from course_utils.course import syllabus
from course_utils.course.checks import lesson_09, lesson_10

DEVICE = torch.device("meta", 0)  # PyTorch makes tensors of other devices only where they exist
DOUBLE = (torch.float64, torch.complex128)


class Away(torch.Tensor):
    """A tensor of the pretended device: a shell around one of the CPU."""

    @staticmethod
    def __new__(cls, inner):
        """Return the shell of a tensor of the CPU."""
        layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset()}
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), dtype=inner.dtype, device=DEVICE, **layout
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        """Compute on the CPU."""
        return compute(operation, args, kwargs or {})

    def numpy(self, **_):
        """Refuse."""
        raise TypeError("copy the tensor to the CPU first")

    def __array__(self, dtype=None, copy=None):
        """Refuse."""
        return self.numpy()

    def tolist(self):
        """Return the values, as every device does."""
        return self.inner.tolist()


def compute(operation, args, kwargs):
    """Return the result of an operation, on the device of its tensors or the one it names."""
    name, device = operation.overloadpacket.__name__, kwargs.get("device")
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    away = any(isinstance(tensor, Away) for tensor in tensors)
    moves = name in ("_to_copy", "copy_")
    if away and not moves and any(t.ndim and not isinstance(t, Away) for t in tensors):
        raise RuntimeError(f"{name}: its tensors are on two devices")
    if device is not None:
        away, kwargs = torch.device(device).type != "cpu", kwargs | {"device": torch.device("cpu")}
    plain = tree_map(lambda leaf: leaf.inner if isinstance(leaf, Away) else leaf, (args, kwargs))
    made = operation(*plain[0], **plain[1])
    # Transformers takes this device for its own use of "meta" and leaves buffers that are in no
    # file, such as inv_freq of Wav2Vec2-BERT, unwritten: they must not depend on earlier tests.
    if "empty" in name:
        made.zero_()
    if name.endswith("_") and not name.endswith("__"):
        return args[0]  # computed in place
    return tree_map(lambda leaf: shell(leaf, name), made) if away else made


def shell(leaf, name):
    """Return a tensor on the pretended device, and anything else as it is."""
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, Away):
        return leaf
    if leaf.dtype in DOUBLE:
        raise TypeError(f"{name}: this device has no float64")
    return Away(leaf)


class Pretended(TorchDispatchMode):
    """While it is active, tensors can be sent to the pretended device and made there."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        """Compute on the CPU."""
        return compute(operation, args, kwargs or {})


@pytest.fixture
def accelerator(monkeypatch):
    """Let pipelines start on the pretended device."""
    begin = Pipeline.__init__
    monkeypatch.setattr(
        Pipeline, "__init__", lambda self, *a, **k: begin(self, *a, **{"device": DEVICE} | k)
    )
    pipelines.register()
    tensor = torch.tensor  # it fills a tensor before anybody can pretend
    monkeypatch.setattr(torch, "tensor", lambda *a, device=None, **k: tensor(*a, **k).to(device))
    with Pretended():
        yield


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Return what the cells find: the imports of their third cell, a few clips, a voice."""
    monkeypatch.chdir(tmp_path)
    rows = data.load("speech", split="test")
    who = rows["speaker"][0]
    rows = rows.select([n for n, other in enumerate(rows["speaker"]) if other == who][:4])
    return {
        "texts": ["Hello there."], "voices": {"Nina": torch.ones(1, 128) / 128**0.5},
        "nina": "Nina", "speech": {"test": rows}, "truth": rows[0], "vector": np.ones(128) / 128,
    }  # fmt: skip


def cells(number, *parts):
    """Return the source of the cells of a lesson that contain these parts, in the given order."""
    (path,) = syllabus.folder().glob(f"{number}_*.ipynb")
    sources = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code" and "# your turn" not in "".join(cell["source"])
    ]
    found = [[source for source in sources if part in source] for part in parts]
    assert all(len(matches) == 1 for matches in found), list(zip(parts, map(len, found), strict=1))
    return [source for (source,) in found]


def execute(names, number, *parts):
    """Run these cells after the one with the imports, in one namespace."""
    for source in cells(number, "from course_utils import (", *parts):
        exec(compile(source, f"lesson {number}", "exec"), names)


@pytest.mark.parametrize("wrong", ["a + b", "a.numpy()", "a.double()", "np.asarray(a)"])
def test_the_pretended_device_refuses_what_others_refuse(accelerator, wrong):
    here = torch.ones(2)
    there = here.to(DEVICE)
    assert there.device == DEVICE and (there + there).cpu().tolist() == [2, 2]
    with pytest.raises((RuntimeError, TypeError)):
        eval(wrong, {"a": there, "b": here, "np": np})


def test_lesson_08(accelerator, names):
    execute(
        names, "08", "def voice_of", "vocoder = AutoModel", "tokenizer = speak.tokenizer",
        "inside = pipelines.look_inside", "mel_extractor", "both = [", "def say_with", "turns = {",
        "unused = same_speaker", "spoken = [pipelines.look_inside",
    )  # fmt: skip
    assert names["speak"].model.device == DEVICE
    assert all(np.isfinite(clip).all() for clip in names["systems"]["vocoder"])


def test_lesson_09(accelerator, names):
    rows = names["speech"]["test"]
    spoken = [audio.load(row["audio"], 16_000)[0] for row in rows]
    names |= {
        "spoken": spoken, "texts": rows["text"], "held_out": [0], "prepare": lambda clip: clip,
        "durations_in_recording": lesson_09.carried,
    }  # fmt: skip
    execute(names, "09", "NEW = ", "before = pipeline(", "def path_of", "def example_of")
    examples = zip(spoken, rows["text"], strict=True)
    names["checked"] = [names["example_of"](*one, names["vector"]) for one in examples]
    execute(names, "09", "projection", "check = collate", "def validation_loss", "class Listen")
    model = names["model"].to(DEVICE)
    state = SimpleNamespace(epoch=1, global_step=1, log_history=[])
    names["listen"].on_epoch_end(None, state, None, model)
    assert np.isfinite(state.log_history[0]["eval_loss"]) and list(names["listen"].clips) == [1]


def test_lesson_10(accelerator, names):
    play = pipeline("text-to-audio", model=catalog.model("music-generator"))
    codec = play.model.audio_encoder
    names |= {
        "play": play, "model": play.model, "codec": codec, "prompts": ["techno", "rock"],
        "BOOKS": 8, "RATE": 16_000, "PAD": 256, "guided": lesson_10.guided,
    }  # fmt: skip
    execute(names, "10", "def tokens_of", "def audible", "def states_of", "start = torch.full")
    assert codec.device == DEVICE and names["states_of"](names["clip"]).shape == (192,)
    assert all(np.isfinite(clip).all() for clip in names["decoded"])


def test_lesson_11(accelerator, names):
    hello = audio.load(names["truth"]["audio"], 16_000)[0]
    names |= {
        "hello": {"A": hello}, "people": ["A"], "summary": "Two people met.",
        "Path": Path, "AutoModel": AutoModel, "pipeline": pipeline,
    }  # fmt: skip
    execute(names, "11", "own_voice = Path")
    assert np.isfinite(names["made"]["audio"]).all() and names["vocoder"].device == DEVICE
