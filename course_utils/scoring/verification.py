"""Score of speaker verification, which asks whether two recordings hold the same voice."""

import numpy as np


def equal_error_rate(scores, same):
    """Find the rate at which wrong voices are accepted as often as right ones are rejected.

    A pair is accepted if its score reaches a threshold. Raising the threshold over all scores
    trades one error for the other in steps; between two steps, both rates and the threshold are
    interpolated linearly, which joins the points of the ROC curve by straight lines.

    Parameters
    ----------
    scores : sequence of float, shape (n,)
        How alike the two voices of each pair are: higher is more alike, on any scale.
    same : sequence of bool, shape (n,)
        Whether they are one person's.

    Returns
    -------
    (float, float)
        The rate, from 0 to 1, and the threshold. Where the scores leave a range of thresholds, it
        is in the middle of it.

    Raises
    ------
    ValueError
        If the two differ in length, hold something else than finite numbers and bools, or all
        pairs are of one kind.

    Examples
    --------
    >>> equal_error_rate([0.9, 0.75, 0.25, 0.1], [True, True, False, False])
    (0.0, 0.5)
    """
    scores, same = _checked(scores, same)
    # One point of the curve for each score that occurs, the highest first, and one before them:
    # nothing is accepted there.
    levels, place = np.unique(-scores, return_inverse=True)
    levels = -levels
    false_accepts = np.r_[0, np.cumsum(np.bincount(place, ~same))] / (~same).sum()
    false_rejects = 1 - np.r_[0, np.cumsum(np.bincount(place, same))] / same.sum()
    # All thresholds from one score down to the next, this one excluded, give the same point.
    thresholds = np.r_[levels[0], (levels[:-1] + levels[1:]) / 2, levels[-1]]
    gap = false_accepts - false_rejects  # from -1 to 1, rising at every point
    after = int(np.argmax(gap >= 0))
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    rate, threshold = (
        line[after - 1] + share * (line[after] - line[after - 1])
        for line in (false_accepts, thresholds)
    )
    return float(rate), float(threshold)


def _checked(scores, same):
    """Return float64 and bool, both of shape (n,), or raise ValueError."""
    scores, same = np.asarray(scores), np.asarray(same)
    if scores.ndim != 1 or scores.dtype.kind not in "iuf" or not np.isfinite(scores).all():
        raise ValueError("scores must be a sequence of finite numbers, one a pair of voices.")
    if same.shape != scores.shape:
        raise ValueError(f"same has shape {same.shape}; give one bool for each of {scores.shape}.")
    if not np.isin(same, (0, 1)).all():
        raise ValueError("same must hold True for one person's voices and False for two people's.")
    same = same.astype(bool)
    if same.all() or not same.any():
        raise ValueError(
            f"All {len(same)} pairs are of {'one person' if same.any() else 'two people'}: an "
            "equal error rate needs pairs of both kinds."
        )
    return scores.astype(np.float64), same
