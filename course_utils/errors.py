"""The root of the package's errors, lines to read, and files with one sentence on failure."""

import errno
import os
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path


class CourseError(Exception):
    """Root of all errors of this package; the message says what to do."""


class WriteError(CourseError, OSError):
    """A file that cannot be written; the message is one sentence with its name and the way out."""


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Error numbers of a full disk, a used-up quota and a file that is too large."""
_REFUSED = FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR}
_REFUSED |= {errno.EEXIST}  # a folder is to be made where a file is


def read(path, error_class):
    """Return the text of a UTF-8 file, without a byte order mark, or raise ``error_class``."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise error_class(f"{shown(path)} is not UTF-8 text: save it as UTF-8 first.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise error_class(f"cannot read {shown(path)}: {reason}.") from error


def write(path, content, error_class=WriteError):
    """Write a file atomically: readers find the old content or the new, even after a crash.

    Parameters
    ----------
    path : str or os.PathLike
        The target of a link is replaced, not the link. A device or a pipe is written directly.
    content : bytes or str
        Text is written as UTF-8, its line ends as they are.
    error_class : type
        Raised with one sentence if the file cannot be written.
    """
    try:
        content = content.encode("utf-8") if isinstance(content, str) else content
        if os.path.exists(path) and not os.path.isfile(path):
            Path(path).write_bytes(content)
        else:
            with replacing(path) as new:
                new.write_bytes(content)
    except (OSError, ValueError) as error:
        raise error_class(_sentence(path, error)) from error


@contextmanager
def replacing(path):
    """Yield the path of a temporary file, which replaces `path` if the block ends without an error.

    For libraries that write files themselves; `write` is shorter for bytes and text. The temporary
    file is in the same folder, hidden, and ends in ``.new``, so that no reader opens it.
    """
    path = Path(os.path.realpath(path))
    new = path.with_name(f".{path.name[:20]}.{secrets.token_hex(4)}.new")
    try:
        yield new
        with suppress(FileNotFoundError):  # the new file gets the mode of the old one
            new.chmod(path.stat().st_mode & 0o777)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


@contextmanager
def writing(path, error_class=WriteError):
    """Raise ``error_class`` where a library finds the disk full or read-only; other errors pass.

    The message names ``path`` unless the error names a file itself.
    """
    try:
        yield
    except error_class:
        raise
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        raise error_class(_sentence(error.filename or path, error)) from error
    except Exception as error:
        # Libraries in other languages: safetensors quotes the number, PyTorch names its writer.
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number and int(number[1]) in _REFUSED:
            cause = OSError(int(number[1]), os.strerror(int(number[1])))
        elif re.search("PytorchStreamWriter|inline_container", str(error)):
            cause = OSError(errno.ENOSPC, "PyTorch could not write all of it")
        else:
            raise
        raise error_class(_sentence(path, cause)) from error


def _sentence(path, error):
    reason = getattr(error, "strerror", None) or one_line(error)
    full = getattr(error, "errno", None) in FULL
    way_out = "free some space" if full else "check that its folder exists and is yours"
    return f"{shown(path)}: cannot be written ({reason}); {way_out}, or choose another path"


def shown(path):
    """Return a path or a name for a message, on one line.

    Control characters, line ends and marks of the text's direction become escapes.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:  # the name of a file object can be a number
        text = str(path)
    return text if text and text.isprintable() else ascii(text)


def one_line(error):
    """Return an exception's message on one line, at most 200 characters."""
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def is_first():
    """Tell whether this is the only process, or the first of those that accelerate launched."""
    return os.environ.get("RANK", "0") == "0"


def notice(text):
    """Print a line, in the first process only."""
    if is_first():
        print(text, flush=True)
