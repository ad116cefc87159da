"""Text files that people give: read as UTF-8, with one sentence where that fails."""

from pathlib import Path


def read(path, error_class):
    """Return what a file holds, or raise ``error_class`` with its name and the way out.

    Parameters
    ----------
    path : str or os.PathLike
        The file; a byte order mark is dropped.
    error_class : type
        What to raise, made of a message.

    Returns
    -------
    str
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise error_class(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise error_class(f"{path} is not UTF-8 text: save it as UTF-8 first.") from error
