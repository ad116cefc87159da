"""The training loop of ``pocket-sounds``: patchout, averaged weights, checkpoints."""

import time

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from . import sounds
from .sound_features import Bank, augment, mask

KEPT = 0.5
"""Share of a clip's patches that a training step sees."""


def _logits(model, inputs, generator):
    """Classify by a random half of each clip's patches.

    Patchout (Koutini et al., Efficient training of audio transformers with patchout, Interspeech
    2022) halves the cost of a step and keeps a few hundred recordings from being learned by heart.
    """
    body = model.audio_spectrogram_transformer
    tokens = body.embeddings(inputs)
    extra = 2  # the class token and the distillation token are always seen
    count = tokens.shape[1] - extra
    order = torch.rand(len(inputs), count, generator=generator).argsort(1)
    chosen = order[:, : int(KEPT * count), None] + extra
    patches = tokens.gather(1, chosen.expand(-1, -1, tokens.shape[2]))
    tokens = torch.cat([tokens[:, :extra], patches], 1)
    for layer in body.layers:
        tokens = layer(tokens)
    tokens = body.layernorm(tokens)
    return model.classifier((tokens[:, 0] + tokens[:, 1]) / 2)


def train(model, banks, parts, steps, rate, ramp, strength, statistics, seed, path):
    """Train on batches that take a fixed part from each bank; give the averaged weights.

    The schedule is fixed: warm-up, cosine decay, augmentation of a share of the clips that grows
    to ``strength`` over the share ``ramp`` of the steps, and the exponential moving average of
    the weights at the last step. State goes to ``path`` every 200 steps and is taken up from there.
    """
    mean, std = statistics
    average = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05, betas=(0.9, 0.98))
    first = _resume(path, model, average, optimizer)
    model.train()
    began, smooth = time.time(), 0.0
    for step in range(first, steps):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        torch.manual_seed(seed * 1_000_003 + step)
        rows = [
            (bank, torch.randint(len(bank), (part,), generator=generator).numpy())
            for bank, part in zip(banks, parts, strict=True)
        ]
        chosen = Bank.join([bank.select(row) for bank, row in rows])
        features, targets = augment(
            torch.from_numpy(chosen.features.astype(np.float32)),
            torch.from_numpy(chosen.lengths),
            torch.from_numpy(chosen.labels),
            len(sounds.LABELS),
            generator,
            strength=strength * min(1.0, (step + 1) / (ramp * steps)),
        )
        inputs = mask((features - mean) / (2 * std), generator)
        loss = torch.nn.functional.cross_entropy(
            _logits(model, inputs, generator), targets, label_smoothing=0.05
        )
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
        optimizer.state[parameter] = {
            key: state[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
        }
    return int(state["done"])
