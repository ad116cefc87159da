"""The training loop of the shipped models: one-cycle rate, averaged weights, checkpoints."""

import json
import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from course_utils import errors

MOMENTS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
"""What AdamW and Muon keep of a parameter."""


def adamw(model, rate):
    """Give AdamW with weight decay 0.05 for all weights, in a list."""
    return [_adamw(model.parameters(), rate)]


def muon(model, rate):
    """Give Muon (K. Jordan 2024) for the matrices between the layers, AdamW for the rest.

    Muon makes the singular values of an update alike, so that all directions of a matrix learn at
    one pace. AdamW trains first and last layers and everything that is no matrix, at a third of
    the rate; which those are, the model's ``edges`` tells: parts of their names.
    """

    def inner(name, value):
        return value.ndim == 2 and not any(edge in name for edge in model.edges)

    matrices = [value for name, value in model.named_parameters() if inner(name, value)]
    others = [value for name, value in model.named_parameters() if not inner(name, value)]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        _adamw(others, rate / 3),
    ]


def _adamw(parameters, rate):
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=0.05, betas=(0.9, 0.98))


def fit(model, loss_of, steps, rate, seed, path, optimizers=adamw, warmup=0.1):
    """Train a model; give it with the exponential moving average of its weights.

    Linear warm-up, cosine decay, gradients clipped to norm 1. State goes to
    ``path`` every 200 steps and is taken up from there, so that a run that was stopped ends with
    the weights of one that was not.

    Parameters
    ----------
    model : torch.nn.Module
        What to train, in place.
    loss_of : callable
        ``loss_of(step, generator)`` draws the batch of a step and gives its loss; all randomness
        comes from the generator or from torch's global one, which are seeded for each step.
    steps : int
        Length of the schedule.
    rate : float
        Peak of the learning rate.
    seed : int
        Seed of the run.
    path : pathlib.Path
        Checkpoint to write, safetensors.
    optimizers : callable
        `adamw` or `muon`.
    warmup : float
        Share of the steps in which the learning rate rises.

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
        keep = min(0.998, (step + 1) / (step + 10))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - keep)
            else:  # counters of batch normalisation
                average[name].copy_(value)
        if (step + 1) % 50 == 0:
            pace = (time.time() - began) / (step + 1 - first)
            print(f"{path.stem} {step + 1}/{steps} loss {smooth:.3f} {pace:.2f} s", flush=True)
        if (step + 1) % 200 == 0:
            _checkpoint(path, step + 1, model, average, optimizers)
    model.load_state_dict(average)
    if first < steps:  # a finished run is read only, by as many at once as like
        _checkpoint(path, steps, model, average, optimizers)
    return model.eval()


def between(before, model, share):
    """Put a model on the line from earlier weights to its own (WiSE-FT, Wortsman et al. 2022).

    Parameters
    ----------
    before : dict of str to torch.Tensor
        The earlier weights, as a state dict; none of them is an integer.
    model : torch.nn.Module
        Is changed in place.
    share : float
        How far on the line, 0 to 1.

    Returns
    -------
    torch.nn.Module
        The model.
    """
    for name, value in model.state_dict().items():
        value.copy_(before[name].lerp(value, share))
    return model


def save_half(model, out):
    """Write a Transformers model in half precision, to be computed in single.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Is in half precision afterwards.
    out : pathlib.Path
        Folder to write ``model.safetensors`` and ``config.json`` into.
    """
    model.half().save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    config = json.loads((out / "config.json").read_text())
    config["dtype"] = "float32"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _checkpoint(path, step, model, average, optimizers):
    """Write weights, their average and the optimisers' moments."""
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
    """Take up a checkpoint where there is one; give the number of steps done."""
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
            if id(parameter) in owned and found:  # without a gradient there are no moments
                optimizer.state[parameter] = found
    return int(state["done"])
