"""Confidence intervals of error rates."""

import numpy as np

from course_utils import scoring

_METRICS = ("wer", "cer", "cpwer", "der", "jer")


def confidence_interval(
    references,
    predictions,
    versus=None,
    metric="wer",
    groups=None,
    level=0.95,
    resamples=2000,
    seed=0,
    **options,
):
    """Return the bootstrap confidence interval of an error rate, or of the difference of two.

    The result is its lower and upper end, two floats.
    Utterances, or for diarization recordings, are drawn with replacement and scored many times;
    the interval spans the middle ``level`` of those scores (Bisani and Ney, Bootstrap estimates
    for confidence intervals in ASR performance evaluation, ICASSP 2004). With fewer than about
    twenty of them it comes out too narrow.

    Parameters
    ----------
    references, predictions : sequence, shape (n,)
        Texts of utterances, or lists of turns of recordings, as the metric takes them.
    versus : sequence, shape (n,), optional
        Predictions of another model for the same references. The interval is then that of
        ``rate(predictions) - rate(versus)``, both rates from the same draws: if it lies below 0,
        the first model is better.
    metric : {"wer", "cer", "cpwer", "der", "jer"}, default "wer"
    groups : sequence, shape (n,), optional
        Speaker of each utterance. Whole speakers are then drawn, since errors are correlated
        within a speaker; without it, the interval holds for these speakers only.
    level : float, default 0.95
        Between 0 and 1.
    resamples, seed : int, default 2000 and 0
        Number of draws, and their seed.
    **options
        ``collar`` and ``skip_overlap`` of the metrics ``"der"`` and ``"jer"``.
    """
    if metric not in _METRICS:
        raise ValueError(f"metric is {metric!r}; choose one of {', '.join(_METRICS)}.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1.")
    scorer = scoring.load(metric)
    unknown = sorted(set(options) - set(scorer.options))
    if unknown:
        known = " and ".join(scorer.options) or "no options"
        raise ValueError(f"{metric} takes {known}, not {', '.join(unknown)}.")
    systems = [predictions] if versus is None else [predictions, versus]
    counts = [scorer.counts(*scorer.pair(references, side), **options) for side in systems]
    groups = range(len(counts[0])) if groups is None else list(groups)
    if len(groups) != len(counts[0]):
        raise ValueError(f"There are {len(groups)} groups for {len(counts[0])} references.")
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    units = len(names)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    rates = []
    for side in counts:
        sums = np.zeros((units, 2))
        np.add.at(sums, member, side)
        rates.append(scorer.rate(*(times @ sums).T))
    spread = rates[0] if versus is None else rates[0] - rates[1]
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
