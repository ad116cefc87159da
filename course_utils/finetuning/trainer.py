"""Additions to `transformers.Trainer`: a loss, augmentation, live curves, mixed precision."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from transformers import TrainerCallback


def permutation_invariant_loss(logits, labels, num_items_in_batch=None):
    """Return the binary cross-entropy of speaker activities under the best order of the speakers.

    For each recording, tracks and speakers are paired so that the loss is lowest (permutation-
    invariant training, Yu et al. 2017; Fujita et al. 2019 for diarization), with the Hungarian
    method of :func:`scipy.optimize.linear_sum_assignment`.

    Parameters
    ----------
    logits : torch.Tensor or transformers.utils.ModelOutput
        Shape ``(batch, frames, tracks)``, or a model's output with such ``logits``, so that the
        function serves as ``Trainer(compute_loss_func=permutation_invariant_loss)``.
    labels : torch.Tensor
        0 or 1, of the same shape; -100 in frames that are padding.
    num_items_in_batch : int or torch.Tensor, optional
        Number of labels, without padding, in all batches of one optimisation step, as the Trainer
        passes it. The loss is then this batch's share, so that accumulated batches give their mean.

    Returns
    -------
    torch.Tensor
        A scalar: the mean over tracks and frames of each recording, then over recordings.
    """
    logits = getattr(logits, "logits", logits).float()
    if logits.shape != labels.shape:
        raise ValueError(
            f"logits have the shape {tuple(logits.shape)}, labels {tuple(labels.shape)}: both need "
            "(batch, frames, tracks)."
        )
    known = (labels[..., :1] >= 0).float()
    counts = known.sum(1, keepdim=True).clamp(min=1)
    # The cross-entropy of logit x and target y is softplus(x) - x * y. Only the product depends on
    # the pairing.
    fixed = (torch.nn.functional.softplus(logits) * known).sum(1)[:, :, None]
    products = (logits * known).transpose(1, 2) @ labels.clamp(min=0).float()
    costs = (fixed - products) / counts
    pairing = [linear_sum_assignment(cost)[1] for cost in costs.detach().cpu().numpy()]
    pairing = torch.as_tensor(np.array(pairing), device=costs.device)
    loss = costs.gather(2, pairing[..., None]).mean()
    return loss if num_items_in_batch is None else loss * ((labels >= 0).sum() / num_items_in_batch)


def shift_and_mask(features):
    """Return augmented features: each clip rotated in time, and a tenth of its frames set to 0.

    Rotation by a random number of frames moves the end of a clip to its front, so that it begins
    elsewhere. It suits music and steady sounds, not speech. The features have the shape
    ``(clips, frames, …)`` and are copied. torch's global random numbers decide.
    """
    frames = features.shape[1]
    shifts = torch.randint(frames, (len(features),)).tolist()
    clips = [clip.roll(shift, 0) for clip, shift in zip(features, shifts, strict=True)]
    for clip in clips:
        first = int(torch.randint(frames * 9 // 10, ()))
        clip[first : first + frames // 10] = 0
    return torch.stack(clips)


def live_curves():
    """Return a callback for ``Trainer(callbacks=[…])`` that redraws the training curves.

    It draws after every evaluation. The figure replaces itself in the cell's output.
    """
    return _LiveCurves()


class _LiveCurves(TrainerCallback):
    shown = None

    def on_evaluate(self, args, state, control, **kwargs):
        import matplotlib.pyplot as plt
        from IPython.display import display

        from course_utils import plotting

        figure = plotting.training_curves(state.log_history).figure
        if self.shown is None:
            self.shown = display(figure, display_id=True)
        else:
            self.shown.update(figure)
        plt.close(figure)


def mixed_precision():
    """Return the ``TrainingArguments`` that switch on mixed precision on this device, a dict.

    ``{"bf16": True}`` on an NVIDIA GPU of compute capability 8.0 or higher (Ampere),
    ``{"fp16": True}`` on an older one, ``{}`` (single precision) without CUDA.
    """
    if not torch.cuda.is_available():
        return {}
    return {"bf16" if torch.cuda.get_device_capability()[0] >= 8 else "fp16": True}
