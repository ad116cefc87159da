"""Equal error rate of speaker verification."""

import numpy as np
import sklearn.metrics


def equal_error_rate(scores, same):
    """Return the rate at which false acceptances and false rejections are equally frequent.

    A pair of recordings is accepted if its score reaches a threshold. Both rates come from
    scikit-learn's ROC curve; between its points they and the threshold are interpolated linearly.

    Parameters
    ----------
    scores : sequence of float, shape (n,)
        Similarity of the two voices in each pair: higher is more similar, on any scale.
    same : sequence of bool, shape (n,)
        Whether both recordings are of one speaker.

    Returns
    -------
    (float, float)
        The rate, from 0 to 1, and the threshold. Where a range of thresholds gives this rate, the
        threshold is its middle.
    """
    scores, same = np.asarray(scores), np.asarray(same)
    if scores.ndim != 1 or scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        raise ValueError("scores must be a sequence of finite numbers, one for each pair.")
    if same.shape != scores.shape:
        raise ValueError(f"same has shape {same.shape}; give one bool for each of {scores.shape}.")
    if not np.isin(same, (0, 1)).all():
        raise ValueError("same must be True for pairs of one speaker and False for other pairs.")
    same = same.astype(bool)
    if same.all() or not same.any():
        raise ValueError(
            f"All {len(same)} pairs are of {'one speaker' if same.any() else 'two speakers'}: an "
            "equal error rate needs pairs of both kinds."
        )
    curve = sklearn.metrics.roc_curve(same, scores.astype(np.float64), drop_intermediate=False)
    accepted, found, levels = curve
    levels = levels[1:]  # the first is infinite
    # All thresholds between two neighbouring scores give the same point of the curve.
    thresholds = np.r_[levels[0], (levels[:-1] + levels[1:]) / 2, levels[-1]]
    gap = accepted - (1 - found)  # false acceptances less false rejections, rising from -1 to 1
    return float(np.interp(0, gap, accepted)), float(np.interp(0, gap, thresholds))
