"""Additions to :class:`transformers.Trainer`: live curves, mixed precision, augmentation."""


def live_curves():
    """Return a callback that redraws the training curves after every evaluation.

    Returns
    -------
    transformers.TrainerCallback
        For ``Trainer(callbacks=[…])``. The figure replaces itself in the cell's output.
    """
    # Imported here, so that `course_utils.finetuning` can be imported without Transformers.
    from transformers import TrainerCallback

    class LiveCurves(TrainerCallback):
        """Keeps one displayed figure up to date."""

        def __init__(self):
            self.shown = None

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

    return LiveCurves()


def mixed_precision():
    """Return the ``TrainingArguments`` that switch on mixed precision on this device.

    Returns
    -------
    dict
        ``{"bf16": True}`` on an NVIDIA GPU of compute capability 8.0 or higher (Ampere),
        ``{"fp16": True}`` on an older one, ``{}`` (single precision) without CUDA.
    """
    import torch

    if not torch.cuda.is_available():
        return {}
    return {"bf16" if torch.cuda.get_device_capability()[0] >= 8 else "fp16": True}


def shift_and_mask(features):
    """Return augmented features: each clip rotated in time, and a tenth of its frames set to 0.

    Rotation by a random number of frames moves the end of a clip to its front, so that it begins
    elsewhere. It suits music and steady sounds, not speech.

    Parameters
    ----------
    features : torch.Tensor
        Shape ``(clips, frames, …)``. It is not changed.

    Returns
    -------
    torch.Tensor
        Of the same shape. torch's global random numbers decide.
    """
    import torch

    frames = features.shape[1]
    shifts = torch.randint(frames, (len(features),)).tolist()
    clips = [clip.roll(shift, 0) for clip, shift in zip(features, shifts, strict=True)]
    for clip in clips:
        first = int(torch.randint(frames * 9 // 10, ()))
        clip[first : first + frames // 10] = 0
    return torch.stack(clips)
