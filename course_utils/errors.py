"""Files that people give are read with one sentence where that fails; files are written whole."""

import errno
import os
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path


class CourseError(Exception):
    """Root of all errors of this package; the message says what to do."""


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Error numbers of a disk, a quota or a file that takes no more."""
REFUSED = FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR}
"""Error numbers of a place where nothing can be written."""


class WriteError(CourseError, OSError):
    """A file that cannot be written; the message is one sentence with its name and the way out."""


def read(path, error_class):
    """Return what a text file holds, or raise ``error_class`` with its name and the way out.

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
        raise error_class(f"cannot read {shown(path)}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise error_class(f"{shown(path)} is not UTF-8 text: save it as UTF-8 first.") from error
    except ValueError as error:  # a NUL in the name
        raise error_class(f"cannot read {shown(path)}: {error}.") from error


def write(path, content, error_class=WriteError):
    """Write a file whole or not at all: beside its place first, then renamed.

    Whoever reads the file, whenever the process is killed, finds the old content or the new one.
    A device or a pipe is written in place.

    Parameters
    ----------
    path : str or os.PathLike
        The file. A link is followed; the file that it names is replaced.
    content : bytes or str
        Text is written as UTF-8, its line ends as they are.
    error_class : type
        What to raise, made of a message.
    """
    try:
        content = content.encode("utf-8") if isinstance(content, str) else content
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_file():
            place.write_bytes(content)
            return
        # Hidden, and with a suffix of its own, so that no one takes it for one of their files.
        beside = place.with_name(f".{place.name[:20]}.{secrets.token_hex(4)}.new")
        try:
            beside.write_bytes(content)
            with suppress(FileNotFoundError):  # the new file has the rights of the old one
                beside.chmod(place.stat().st_mode & 0o777)
            os.replace(beside, place)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except (OSError, ValueError) as error:
        raise error_class(sentence(path, error)) from error


@contextmanager
def writing(path, error_class=WriteError):
    """Raise ``error_class`` with a sentence where a library finds the disk full or read-only.

    Other errors pass. Libraries in other languages say it with exceptions of their own: safetensors
    quotes the number of the error, PyTorch names the part of it that writes.

    Parameters
    ----------
    path : str or os.PathLike
        What is being written; an error that names a file itself is told with that.
    error_class : type
        What to raise, made of a message.
    """
    try:
        yield
    except error_class:
        raise
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        raise error_class(sentence(error.filename or path, error)) from error
    except Exception as error:
        quoted = re.search(r"\(os error (\d+)\)", str(error))
        if quoted and int(quoted[1]) in REFUSED:
            told = OSError(int(quoted[1]), os.strerror(int(quoted[1])))
            raise error_class(sentence(path, told)) from error
        if re.search("PytorchStreamWriter|inline_container", str(error)):
            told = OSError(errno.ENOSPC, "PyTorch could not write all of it")
            raise error_class(sentence(path, told)) from error
        raise


def sentence(path, error):
    """Say in one sentence that a path cannot be written, and what to do about it."""
    number = getattr(error, "errno", None)
    said = getattr(error, "strerror", None) or one_line(error)
    way_out = "free some space" if number in FULL else "check that its folder exists and is yours"
    return f"{shown(path)}: cannot be written ({said}); {way_out}, or choose another place"


def shown(path):
    """Return a path or a name for a message, on one line and without characters that disguise it.

    Letters of every script stay; control characters, line ends and marks that turn the direction
    of the text around become escapes.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:  # the name of a file object can be a number
        text = str(path)
    return text if text and text.isprintable() else ascii(text)


def one_line(error):
    """Return an exception's message as one short line."""
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
