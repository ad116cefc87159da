"""Training loop of the shipped models: warm-up, cosine decay, averaged weights, checkpoints."""

import json
import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from course_utils import errors

MOMENTS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
"""Names of the state that AdamW and Muon keep for a parameter."""


def adamw(model, rate):
    """Return a list with one optimiser: AdamW with weight decay 0.05 for all weights."""
    return [_adamw(model.parameters(), rate)]


def muon(model, rate):
    """Return a list of two optimisers: Muon for the inner matrices, AdamW for the other weights.

    Muon (K. Jordan 2024) makes the singular values of an update equal, so that all directions of
    a matrix learn at the same speed. AdamW trains vectors and the first and last layers, whose
    names contain one of ``model.adamw_parts``, at a third of the learning rate.
    """

    def inner(name, value):
        return value.ndim == 2 and not any(part in name for part in model.adamw_parts)

    matrices = [value for name, value in model.named_parameters() if inner(name, value)]
    others = [value for name, value in model.named_parameters() if not inner(name, value)]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        _adamw(others, rate / 3),
    ]


def _adamw(parameters, rate):
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.05, betas=(0.9, 0.98))


def fit(model, loss_of, steps, rate, seed, path, optimizers=adamw, warmup=0.1, momentum=0.998):
    """Train a model and return it with the exponential moving average of its weights.

    Linear warm-up, cosine decay, gradients clipped to norm 1. Every 200 steps the state is saved
    to ``path``. The next call resumes there and ends with the same weights as without a stop.

    Parameters
    ----------
    model : torch.nn.Module
        Model to train, in place.
    loss_of : callable
        ``loss_of(step, generator)`` draws the batch of a step and returns its loss. The generator
        and PyTorch's global one are seeded for each step.
    steps : int
        Number of training steps.
    rate : float
        Peak learning rate.
    seed : int
        Seed for the batches.
    path : pathlib.Path
        Checkpoint, a safetensors file.
    optimizers : callable
        `adamw` or `muon`.
    warmup : float
        Share of the steps in which the learning rate rises linearly.
    momentum : float
        Weight of the moving average in its update; less for fewer steps.

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode.
    """
    average = {name: value.clone() for name, value in model.state_dict().items()}
    optimizers = optimizers(model, rate)
    peaks = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    first = _resume(path, model, average, optimizers)
    model.train()
    began, smooth = time.time(), 0.0
    for step in range(first, steps):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        torch.manual_seed(seed * 1_000_003 + step)
        loss = loss_of(step, generator)
        smooth = 0.95 * smooth + 0.05 * loss.item() if step > first else loss.item()
        share = min((step + 1) / (warmup * steps), 0.5 + 0.5 * np.cos(np.pi * step / steps))
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, peak in zip(optimizers, peaks, strict=True):
            optimizer.param_groups[0]["lr"] = peak * share
            optimizer.step()
        keep = min(momentum, (step + 1) / (step + 10))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - keep)
            else:  # counters of batch normalisation
                average[name].copy_(value)
        if (step + 1) % 50 == 0:
            seconds = (time.time() - began) / (step + 1 - first)
            print(
                f"{path.stem} {step + 1}/{steps} loss {smooth:.3f}, {seconds:.2f} s a step",
                flush=True,
            )
        if (step + 1) % 200 == 0:
            _checkpoint(path, step + 1, model, average, optimizers)
    model.load_state_dict(average)
    if first < steps:  # several processes may read the checkpoint of a finished run
        _checkpoint(path, steps, model, average, optimizers)
    return model.eval()


def mixed_precision():
    """Return a context that computes in bfloat16 on processors that have it, a third faster.

    Others emulate it, thirty times slower than single precision, and so compute in the latter.
    """
    library = torch.backends.mkldnn.is_available()  # not on every platform
    supported = library and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast("cpu", torch.bfloat16, enabled=supported)


def interpolate(before, model, weight):
    """Interpolate linearly between earlier weights and those of a model (WiSE-FT).

    Wortsman et al., Robust fine-tuning of zero-shot models, 2022.

    Parameters
    ----------
    before : dict of str to torch.Tensor
        Earlier weights, a state dict without integers.
    model : torch.nn.Module
        Model with the later weights; changed in place.
    weight : float
        Weight of the later weights, 0 to 1.

    Returns
    -------
    torch.nn.Module
        ``model``.
    """
    # All are computed first: of tied weights, the state dict has two names for one tensor.
    mixed = {name: before[name].lerp(value, weight) for name, value in model.state_dict().items()}
    model.load_state_dict(mixed)
    return model


def save_half(model, out):
    """Save a Transformers model in half precision, to be loaded in single precision.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Model to save; converted to half precision in place.
    out : pathlib.Path
        Folder for ``model.safetensors`` and ``config.json``.
    """
    model.half().save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _checkpoint(path, step, model, average, optimizers):
    """Save the weights, their moving average and the moments of the optimisers."""
    state = {f"model.{k}": v for k, v in model.state_dict().items()}
    state |= {f"average.{k}": v for k, v in average.items()}
    for name, parameter in model.named_parameters():
        for optimizer in optimizers:
            for key, value in optimizer.state.get(parameter, {}).items():
                state[f"{key}.{name}"] = value
    state["done"] = torch.tensor(step)
    with errors.replacing(path) as new:
        save_file({k: v.detach().clone().contiguous() for k, v in state.items()}, new)


def _resume(path, model, average, optimizers):
    """Load the checkpoint if it exists; return the number of steps done."""
    if not path.exists():
        return 0
    state = load_file(path)
    model.load_state_dict({k: state[f"model.{k}"] for k in model.state_dict()})
    for name in average:
        average[name].copy_(state[f"average.{name}"])
    for optimizer in optimizers:
        owned = {id(parameter) for parameter in optimizer.param_groups[0]["params"]}
        for name, parameter in model.named_parameters():
            found = {key: state[f"{key}.{name}"] for key in MOMENTS if f"{key}.{name}" in state}
            if id(parameter) in owned and found:  # parameters without gradients have no moments
                optimizer.state[parameter] = found
    return int(state["done"])
