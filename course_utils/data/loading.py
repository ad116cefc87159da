"""Data sets of the catalogue, and Parquet files."""

from course_utils import catalog
from course_utils.data import hub
from course_utils.data.columns import DataError, undecoded
from course_utils.data.splits import SPLITS
from course_utils.errors import one_line, shown


def load(name, split=None):
    """Return a data set of the catalogue, in the active profile.

    Parameters
    ----------
    name : str
        For instance "sounds" or "genres".
    split : {"train", "validation", "test"}, optional
        By default all of them.

    Returns
    -------
    datasets.Dataset or datasets.DatasetDict
        With the column ``audio``, ``label`` or ``text`` or both, and others of the data set.
        Pocket data sets are read into memory and write nothing to the disk.

    Raises
    ------
    DataError
        If there is no such split.
    course_utils.catalog.CatalogError
        If there is no such data set, or it cannot be fetched from the Hub.

    Examples
    --------
    >>> load("sounds", split="test").features["label"].names  # doctest: +SKIP
    ['cat', 'dog', ...]
    """
    import datasets

    entry = catalog.find(name)
    if entry.kind != "data":
        raise DataError(f"{name} is a model, not a data set; catalog.model({name!r}) gives it")
    if catalog.original(name):
        splits, read = hub.load(entry), lambda dataset: dataset
    else:
        files = {name: catalog.where(entry.name) / f"{name}.parquet" for name in SPLITS}
        splits = {name: path for name, path in files.items() if path.is_file()}
        read = load_parquet
    if split is None:
        return datasets.DatasetDict({name: read(part) for name, part in splits.items()})
    if split not in splits:
        raise DataError(f"{name} has no split {split!r}; it has {', '.join(splits) or 'none'}")
    return read(splits[split])


def load_parquet(path):
    """Return the data set in a Parquet file with a column ``audio``, or raise `DataError`.

    It is read into memory: no copy in a cache, so a read-only disk is no obstacle.
    """
    import datasets
    import pyarrow.parquet

    try:
        return undecoded(datasets.Dataset(pyarrow.parquet.read_table(path)))
    except (OSError, LookupError, TypeError, ValueError, pyarrow.ArrowException) as error:
        reason = f"cannot be read ({one_line(error)})"
        raise DataError(f"{shown(path)}: {reason}; restore or reinstall it") from error
