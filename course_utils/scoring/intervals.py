"""How far a score can be trusted: confidence intervals of error rates."""

from importlib import import_module

import numpy as np

# metric -> module of this package with its `counts` and `rate`, and the options that it takes.
# Imported on demand: who scores texts needs no pyannote.metrics, who scores turns no jiwer.
_METRICS = {
    "wer": ("transcription", ()),
    "cer": ("transcription", ()),
    "cpwer": ("meetings", ()),
    "der": ("diarization", ("collar", "skip_overlap")),
    "jer": ("diarization", ("collar", "skip_overlap")),
}


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
    """Bootstrap the interval in which an error rate lies, or the difference of two.

    The utterances, or for diarization the recordings, are drawn again with replacement and scored,
    many times; the interval spans the middle ``level`` of those scores (Bisani and Ney, Bootstrap
    estimates for confidence intervals in ASR performance evaluation, ICASSP 2004). With fewer than
    about twenty of them it comes out too narrow.

    Parameters
    ----------
    references, predictions : sequence, shape (n,)
        What is true and what was recognised: texts of utterances, or lists of turns of recordings.
    versus : sequence, shape (n,), optional
        What another model recognised in the same. The interval is then that of
        ``rate(predictions) - rate(versus)``, both rates from the same draws: below 0 throughout,
        the first model is better.
    metric : {"wer", "cer", "cpwer", "der", "jer"}, default "wer"
        Which rate.
    groups : sequence, shape (n,), optional
        Speaker of each utterance. Whole speakers are then drawn, since utterances of one speaker
        go wrong together; without it, the interval holds for these speakers only.
    level : float, default 0.95
        Between 0 and 1.
    resamples : int, default 2000
        Number of draws.
    seed : int, default 0
        Seed of the draws.
    **options
        ``collar`` and ``skip_overlap`` of the metrics ``"der"`` and ``"jer"``.

    Returns
    -------
    (float, float)
        Lower and upper end.

    Raises
    ------
    ValueError
        If an argument does not fit.

    Examples
    --------
    >>> confidence_interval(["a b c d"] * 10, ["a b c x"] * 10)
    (0.25, 0.25)
    """
    if metric not in _METRICS:
        raise ValueError(f"metric is {metric!r}; choose one of {', '.join(_METRICS)}.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1.")
    module, known = _METRICS[metric]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"{metric} takes {' and '.join(known) or 'no options'}, not {', '.join(unknown)}."
        )
    scored = import_module(f".{module}", __package__)
    sides = [scored.counts(references, predictions, metric, **options)]
    if versus is not None:
        sides.append(scored.counts(references, versus, metric, **options))
    member = _members(groups, len(sides[0]))
    units = member.max() + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    rates = []
    for counts in sides:
        sums = np.zeros((units, 2))
        np.add.at(sums, member, counts)
        rates.append(scored.rate(*(times @ sums).T, metric))
    spread = rates[0] - rates[1] if versus is not None else rates[0]
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _members(groups, count):
    """Return the number of the group of each of `count` references, int, shape (count,)."""
    groups = range(count) if groups is None else list(groups)
    if len(groups) != count:
        raise ValueError(f"There are {len(groups)} groups for {count} references.")
    return np.unique(np.asarray(groups), return_inverse=True)[1]
