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
    """Return the data set with its label names, if any, as a ClassLabel in alphabetical order."""
    import datasets

    kind = dataset.features.get("label")
    if kind is None or isinstance(kind, datasets.ClassLabel):
        return dataset
    names = sorted({str(name) for name in dataset.unique("label")})
    return dataset.cast_column("label", datasets.ClassLabel(names=names))
