"""Speaker activity frame by frame: targets, the permutation-invariant loss, batches."""

import numpy as np

from course_utils.formats import speaker_turns


def frame_labels(turns, frames, seconds_per_frame, tracks, start=0.0):
    """Tell for every frame which speakers are active in its middle.

    Parameters
    ----------
    turns : list of dict
        ``{"speaker", "start", "end"}`` in seconds.
    frames : int
        Number of frames.
    seconds_per_frame : float
        Time from one frame to the next.
    tracks : int
        Columns of the result. With more speakers than that, those who speak least are left out.
    start : float, default 0
        Time at which the first frame begins, in seconds.

    Returns
    -------
    numpy.ndarray
        0 or 1, float32, shape ``(frames, tracks)``; one speaker a column, in the order in which
        they begin, and zeros in columns that nobody takes.

    Raises
    ------
    ValueError
        If something is no turn.

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
    """Give the binary cross-entropy of speaker activities, whatever the order of the speakers.

    For each recording, tracks and speakers are paired so that the loss is least (permutation-
    invariant training, Yu et al. 2017; Fujita et al. 2019 for diarization), with the Hungarian
    method of :func:`scipy.optimize.linear_sum_assignment`.

    Parameters
    ----------
    logits : torch.Tensor or transformers.utils.ModelOutput
        Shape ``(batch, frames, tracks)``, or what a model with such ``logits`` returns, so that the
        function serves as ``Trainer(compute_loss_func=permutation_invariant_loss)``.
    labels : torch.Tensor
        0 or 1, of the same shape; negative in frames that are padding.
    num_items_in_batch : int, optional
        Given by the Trainer; the loss is a mean and does not need it.

    Returns
    -------
    torch.Tensor
        A number: the mean over tracks and frames of each recording, and over recordings.

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
    # The cross-entropy of logit x and target y is softplus(x) - x * y: a part that does not depend
    # on the pairing, and a product.
    apart = (torch.nn.functional.softplus(logits) * known).sum(1)[:, :, None]
    together = (logits * known).transpose(1, 2) @ labels.clamp(min=0).float()
    costs = (apart - together) / counts
    pairing = [linear_sum_assignment(cost)[1] for cost in costs.detach().cpu().numpy()]
    pairing = torch.as_tensor(np.array(pairing), device=costs.device)
    return costs.gather(2, pairing[..., None]).mean()


class ActivityCollator:
    """Pad features and frame labels of diarization, each to the longest of its batch.

    Parameters
    ----------
    feature_extractor : transformers.SequenceFeatureExtractor
        From ``AutoFeatureExtractor.from_pretrained``.
    """

    def __init__(self, feature_extractor):
        self.extractor = feature_extractor

    def __call__(self, rows):
        """Make a batch.

        Parameters
        ----------
        rows : list of dict
            Each with the features under the extractor's name for them, and ``labels``, shape
            ``(frames, tracks)``. Other columns are left out.

        Returns
        -------
        dict of torch.Tensor
            Features, ``attention_mask`` where the extractor makes one, and ``labels``, float32,
            -100 in padding.
        """
        import torch

        name = self.extractor.model_input_names[0]
        batch = self.extractor.pad(
            [{name: row[name]} for row in rows], padding=True, return_tensors="pt"
        )
        labels = [torch.as_tensor(np.asarray(row["labels"]), dtype=torch.float32) for row in rows]
        labels = torch.nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=-100.0)
        return {**batch, "labels": labels}
