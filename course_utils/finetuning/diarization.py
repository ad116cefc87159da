"""Diarization as frame classification: labels, the permutation-invariant loss, batches."""

import numpy as np

from course_utils.formats import speaker_turns


def frame_labels(turns, frames, seconds_per_frame, tracks, start=0.0):
    """Return a 0/1 table of which speakers are active at the middle of each frame.

    Parameters
    ----------
    turns : list of dict
        ``{"speaker", "start", "end"}`` in seconds.
    frames : int
        Number of frames.
    seconds_per_frame : float
        Time from one frame to the next.
    tracks : int
        Columns of the result. If there are more speakers, those with the least speech are dropped.
    start : float, default 0
        Time at which the first frame begins, in seconds.

    Returns
    -------
    numpy.ndarray
        0 or 1, float32, shape ``(frames, tracks)``: one speaker a column, in order of their first
        frame; zeros in columns without a speaker.

    Raises
    ------
    ValueError
        If a turn lacks a key, or does not end after its start.

    Examples
    --------
    >>> turns = [{"speaker": "a", "start": 0, "end": 2}, {"speaker": "b", "start": 1, "end": 3}]
    >>> frame_labels(turns, frames=4, seconds_per_frame=1.0, tracks=2).T
    array([[1., 1., 0., 0.],
           [0., 1., 1., 0.]], dtype=float32)
    """
    middles = start + (np.arange(frames) + 0.5) * seconds_per_frame
    columns = {}
    for turn in speaker_turns.checked(turns, "turns"):
        active = (middles >= turn["start"]) & (middles < turn["end"])
        if active.any():
            name = turn["speaker"]
            columns[name] = columns.get(name, False) | active
    kept = sorted(columns.values(), key=np.sum, reverse=True)[:tracks]
    kept.sort(key=np.argmax)
    labels = np.zeros((frames, tracks), np.float32)
    for column, active in enumerate(kept):
        labels[:, column] = active
    return labels


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

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    import torch
    from scipy.optimize import linear_sum_assignment

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


class ActivityCollator:
    """Pad the features and the frame labels of diarization to the longest of the batch.

    Parameters
    ----------
    feature_extractor : transformers.SequenceFeatureExtractor
        From ``AutoFeatureExtractor.from_pretrained``.
    """

    def __init__(self, feature_extractor):
        self.extractor = feature_extractor

    def __call__(self, rows):
        """Return a batch.

        Parameters
        ----------
        rows : list of dict
            Each with the features under the extractor's name for them, and ``labels``, shape
            ``(frames, tracks)``. Other columns are ignored.

        Returns
        -------
        dict of torch.Tensor
            Features, ``attention_mask`` if the extractor makes one, and ``labels``, float32,
            padded with -100.
        """
        import torch

        name = self.extractor.model_input_names[0]
        batch = self.extractor.pad(
            [{name: row[name]} for row in rows], padding=True, return_tensors="pt"
        )
        labels = [torch.as_tensor(np.asarray(row["labels"]), dtype=torch.float32) for row in rows]
        labels = torch.nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=-100.0)
        return {**batch, "labels": labels}
