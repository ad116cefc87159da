"""Splits in which no speaker or recording is on both sides."""

import warnings

from course_utils.data.columns import DataError

SPLITS = ("train", "validation", "test")
"""Names of the splits of a data set."""
_SHUFFLES = 10  # attempts of grouped_split to have each class on both sides


def grouped_split(dataset, group, stratify="label", test_size=0.2, seed=0):
    """Split so that no group is on both sides, and both sides have the same mix of classes.

    A group is whatever must not leak: the clips of one speaker, or cut from one recording. The
    folds of scikit-learn's ``StratifiedGroupKFold`` are joined to the wanted size.

    Parameters
    ----------
    dataset : datasets.Dataset
    group : str
        Column with the group of each row.
    stratify : str or None, default "label"
        Column whose values are to have the same proportions on both sides.
    test_size : float, default 0.2
        Share of the rows for the test side, above 0 and below 1. Groups stay whole, so the share
        is met only as closely as their sizes allow.
    seed : int, default 0

    Returns
    -------
    datasets.DatasetDict
        ``{"train": ..., "test": ...}``, rows in their order.

    Raises
    ------
    DataError
        If a column is missing, there are fewer than two groups, or a class comes in too few
        groups to be on both sides.
    """
    import datasets
    import numpy as np

    if isinstance(test_size, bool) or not 0 < test_size < 1:
        raise DataError(f"test_size is a share above 0 and below 1, not {test_size!r}")
    groups = np.unique(_column(dataset, group), return_inverse=True)[1]
    names, classes = np.zeros(1), np.zeros(len(groups), int)
    if stratify is not None:
        names, classes = np.unique(_column(dataset, stratify), return_inverse=True)
    if groups.max(initial=0) < 1:
        raise DataError(f"column {group!r} holds fewer than two groups; record more of them")
    totals = np.bincount(classes)
    lacking = np.ones(len(totals), bool)
    for test in _candidates(groups, classes, test_size, seed):
        counts = np.bincount(classes[test], minlength=len(totals))
        lacking = (counts == 0) | (counts == totals)
        if not lacking.any():
            train = np.setdiff1d(np.arange(len(groups)), test)
            return datasets.DatasetDict(train=dataset.select(train), test=dataset.select(test))
    values = ", ".join(str(name) for name in names[lacking][:5])
    raise DataError(
        f"too few groups in {group!r} to have {stratify or 'rows'} {values} on both sides; "
        "record them in more groups, or leave them out"
    )


def _candidates(groups, classes, test_size, seed):
    """Yield sorted row numbers of possible test sides: whole groups, about `test_size` of all."""
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    max_folds = min(10, int(groups.max()) + 1, int(np.bincount(classes).max()))
    if max_folds < 2:
        return  # every class has one row, which is on one side only

    def joined(folds):
        return min(max(round(folds * test_size), 1), folds - 1)

    def distance(folds):  # so that 0.2 takes 1 of 5 folds, and 0.3 takes 3 of 10
        return round(abs(joined(folds) / folds - test_size), 2), folds

    count = min(range(2, max_folds + 1), key=distance)
    cutter = StratifiedGroupKFold(count)
    for shuffle in range(_SHUFFLES):
        # The class's own shuffling mixes up the groups in scikit-learn 1.6; new numbers for the
        # groups make ties fall another way just as well.
        renamed = np.random.default_rng([seed, shuffle]).permutation(groups.max() + 1)[groups]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class smaller than the number of folds is fine
            parts = [test for _, test in cutter.split(groups, classes, renamed)]
        yield np.sort(np.concatenate(parts[: joined(count)]))


def _column(dataset, name):
    import numpy as np

    if name not in dataset.column_names:
        raise DataError(f"no column {name!r}; there are {', '.join(dataset.column_names)}")
    values = dataset.select_columns([name])[:][name]
    if any(value is None for value in values):
        raise DataError(f"column {name!r} has empty cells; fill them or leave those rows out")
    return np.asarray(values)
