"""The training loop of the shipped models: one-cycle rate, averaged weights, checkpoints."""

import json
import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file


def fit(model, loss_of, steps, rate, seed, path):
    """Train a model; give it with the exponential moving average of its weights.

    AdamW with weight decay 0.05, warm-up over a tenth of the steps, cosine decay, gradients
    clipped to norm 1. State goes to ``path`` every 200 steps and is taken up from there, so that
    a run that was stopped ends with the weights of one that was not.

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

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode.
    """
    average = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05, betas=(0.9, 0.98))
    first = _resume(path, model, average, optimizer)
    model.train()
    began, smooth = time.time(), 0.0
    for step in range(first, steps):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        torch.manual_seed(seed * 1_000_003 + step)
        loss = loss_of(step, generator)
        smooth = 0.95 * smooth + 0.05 * loss.item() if step > first else loss.item()
        share = min((step + 1) / (0.1 * steps), 0.5 + 0.5 * np.cos(np.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate * share
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        keep = min(0.998, (step + 1) / (step + 10))
        for name, value in model.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        if (step + 1) % 50 == 0:
            pace = (time.time() - began) / (step + 1 - first)
            print(f"{path.stem} {step + 1}/{steps} loss {smooth:.3f} {pace:.2f} s", flush=True)
        if (step + 1) % 200 == 0:
            _checkpoint(path, step + 1, model, average, optimizer)
    model.load_state_dict(average)
    _checkpoint(path, steps, model, average, optimizer)
    return model.eval()


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


def _checkpoint(path, step, model, average, optimizer):
    """Write weights, their average and the optimiser's moments."""
    state = {f"model.{k}": v for k, v in model.state_dict().items()}
    state |= {f"average.{k}": v for k, v in average.items()}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            state[f"{key}.{name}"] = value
    state["done"] = torch.tensor(step)
    partial = path.with_suffix(".partial")
    save_file({k: v.detach().clone().contiguous() for k, v in state.items()}, partial)
    partial.replace(path)


def _resume(path, model, average, optimizer):
    """Take up a checkpoint where there is one; give the number of steps done."""
    if not path.exists():
        return 0
    state = load_file(path)
    model.load_state_dict({k: state[f"model.{k}"] for k in model.state_dict()})
    for name in average:
        average[name].copy_(state[f"average.{name}"])
    for name, parameter in model.named_parameters():
        if f"step.{name}" in state:  # a parameter that has no gradient has no moments
            optimizer.state[parameter] = {
                key: state[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
            }
    return int(state["done"])
