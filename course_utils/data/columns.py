"""The columns that every data set here has: ``audio``, not decoded, and ``label``, a ClassLabel."""

from course_utils.errors import CourseError


class DataError(CourseError, ValueError):
    """A data set that cannot be loaded or split as asked; the message says what to do about it."""


def undecoded(dataset):
    """Return the data set with ``{"bytes", "path"}`` in the column ``audio``."""
    # Audio(decode=False) from the start would make `datasets` ask for torchcodec.
    import datasets

    return dataset.cast_column("audio", datasets.Audio(decode=False))


def with_class_labels(dataset):
    """Return the data set with its label names, if any, as a ClassLabel in alphabetical order.

    A row that is not labelled has None there, and not -1, by which `datasets` marks it.
    """
    import datasets

    kind = dataset.features.get("label")
    if isinstance(kind, datasets.ClassLabel):
        labels = dataset.select_columns("label")[:]["label"]
        if -1 not in labels:
            return dataset
        labels = [None if label == -1 else label for label in labels]
        return dataset.remove_columns("label").add_column("label", labels, feature=kind)
    if kind is None:
        return dataset
    names = sorted({str(name) for name in dataset.unique("label") if name is not None})
    if not names:
        return dataset.remove_columns("label")
    return dataset.cast_column("label", datasets.ClassLabel(names=names))
