"""Training arguments fit the device, and the effective batch stays equal."""

from types import SimpleNamespace

import pytest
import torch
import transformers

from course_utils import catalog
from course_utils.catalog import devices

TRAINED = [entry.name for entry in catalog.entries() if entry.training]


@pytest.fixture
def gpu(monkeypatch):
    """Return a function that puts a GPU of some capability and GiB into this machine."""
    monkeypatch.setenv("COURSE_PROFILE", "hub")

    def put(capability, gibibytes):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
        memory = SimpleNamespace(total_memory=gibibytes * 2**30)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: memory)

    return put


def effective(arguments):
    return arguments["per_device_train_batch_size"] * arguments.get(
        "gradient_accumulation_steps", 1
    )


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("gibibytes", [4, 6, 12, 15, 24, 40, 80])
@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (9, 0)])
def test_the_effective_batch_is_that_of_the_catalogue(gpu, name, gibibytes, capability):
    gpu(capability, gibibytes)
    said = catalog.find(name).training["hub"]
    fit = catalog.training(name)
    assert effective(fit) == effective(said)
    assert fit["learning_rate"] == said["learning_rate"]
    if gibibytes >= 40:
        assert fit["gradient_accumulation_steps"] == 1
    if gibibytes < 12:
        assert fit["per_device_train_batch_size"] < said["per_device_train_batch_size"]
    if 15 <= gibibytes < 36:
        assert fit["per_device_train_batch_size"] == said["per_device_train_batch_size"]


def test_precision_and_checkpointing_go_by_the_gpu(gpu):
    gpu((7, 5), 15)  # a T4
    fit = catalog.training("calls")
    assert fit["fp16"] and "bf16" not in fit and "gradient_checkpointing" not in fit
    gpu((8, 9), 8)  # a laptop's
    fit = catalog.training("calls")
    assert fit["bf16"] and "fp16" not in fit and fit["gradient_checkpointing"]
    assert fit["gradient_checkpointing_kwargs"] == {"use_reentrant": False}
    assert catalog.training("calls")["per_device_train_batch_size"] == 4
    gpu((8, 9), 4)
    assert catalog.training("calls")["per_device_train_batch_size"] == 2


def test_the_catalogue_has_the_last_word(gpu):
    gpu((8, 0), 6)
    fit = devices.fitted(
        {"per_device_train_batch_size": 3, "bf16": False, "gradient_checkpointing": False}, "hub"
    )
    assert not fit["bf16"] and not fit["gradient_checkpointing"]
    assert fit["per_device_train_batch_size"] == 3  # which cannot be halved


@pytest.mark.parametrize("mps", [False, True])
def test_without_cuda_and_in_the_pocket_profile_all_stays(gpu, monkeypatch, mps):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    for name in TRAINED:
        assert catalog.training(name) == catalog.find(name).training["hub"]
    gpu((9, 0), 80)
    monkeypatch.setenv("COURSE_PROFILE", "pocket")
    for name in TRAINED:
        assert catalog.training(name) == catalog.find(name).training["pocket"]


def test_the_models_of_the_hub_profile_can_checkpoint_where_the_catalogue_lets_them():
    kinds = {
        "genres": transformers.HubertForSequenceClassification,
        "calls": transformers.WhisperForConditionalGeneration,
        "speech": transformers.WavLMForAudioFrameClassification,
        "new-style": transformers.MusicgenForConditionalGeneration,
        "new-voice": transformers.FastSpeech2ConformerModel,
    }
    assert set(kinds) == set(TRAINED)
    for name, kind in kinds.items():
        allowed = catalog.find(name).training["hub"].get("gradient_checkpointing", True)
        assert allowed <= kind.supports_gradient_checkpointing, name


def test_a_batch_that_was_asked_for_is_not_fitted(monkeypatch, tmp_path):
    """`finetune --batch-size` means the same global batch on every GPU."""
    from course_utils.finetuning import training

    monkeypatch.setenv("COURSE_PROFILE", "hub")
    fit = {"per_device_train_batch_size": 16, "gradient_accumulation_steps": 1}
    monkeypatch.setattr(catalog, "training", lambda name: dict(fit))
    given = {"max_steps": None, "num_train_epochs": None, "gradient_accumulation_steps": None}
    asked = training._arguments(tmp_path, "genres", **given, per_device_train_batch_size=4)
    assert asked.gradient_accumulation_steps == 2  # says the catalogue
    fitted = training._arguments(tmp_path, "genres", **given, per_device_train_batch_size=None)
    assert (fitted.per_device_train_batch_size, fitted.gradient_accumulation_steps) == (16, 1)
