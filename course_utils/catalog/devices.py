"""Fit training arguments to the device, so that every device learns from the same batch."""

BIG, SMALL, TINY = 36, 14, 7
"""Memory of a GPU in GiB: from the first on, accumulated batches are made at once; below the
others, batches are halved, and halved again."""


def fitted(arguments, profile):
    """Fit the arguments of a lesson's training to the device of this process.

    The catalogue's are for one GPU of 16 GiB. The effective batch, that of a device times the
    accumulated ones, stays what it is. The pocket profile's models are small everywhere, and keep
    to single precision, so that their scores are the same on every device.

    Parameters
    ----------
    arguments : dict
        Keyword arguments of ``transformers.TrainingArguments``. What they say about precision and
        about checkpointing of activations stays.
    profile : {"pocket", "hub"}

    Returns
    -------
    dict
        New ones: on a GPU with ``bf16`` where it computes that, else ``fp16``; on a small GPU with
        smaller batches, accumulated, and ``gradient_checkpointing``; on a large one with fewer.
    """
    if profile == "pocket":
        return dict(arguments)
    import torch

    if not torch.cuda.is_available():  # a CPU, or an Apple GPU: single precision, as it is
        return dict(arguments)
    precision = "bf16" if torch.cuda.get_device_capability()[0] >= 8 else "fp16"
    gibibytes = torch.cuda.get_device_properties(0).total_memory / 2**30
    batch = arguments["per_device_train_batch_size"]
    rounds = arguments.get("gradient_accumulation_steps", 1)
    fit = {precision: True}
    if gibibytes >= BIG:
        batch, rounds = batch * rounds, 1
    for limit in (SMALL, TINY):
        if gibibytes < limit:
            # Without re-entering, so that frozen layers below the first trained one are no trouble.
            fit |= {
                "gradient_checkpointing": True,
                "gradient_checkpointing_kwargs": {"use_reentrant": False},
            }
            if batch % 2 == 0:
                batch, rounds = batch // 2, rounds * 2
    sizes = {"per_device_train_batch_size": batch, "gradient_accumulation_steps": rounds}
    return fit | arguments | sizes
