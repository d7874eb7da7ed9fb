"""Write a file so that a reader sees the old content or the new one, never a part of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from digitnet.utils import temporary


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the ``with`` block ends well.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the
    temporary file is then renamed over `path`. If the block raises, the temporary file is
    removed and `path` stays as it was; so it does if the process is killed, and the next process
    that writes into the folder removes the temporary file. Several threads and processes may write
    the same `path`: the last one to finish wins.

    Args:
        path: the file to write. A symbolic link is followed, and the permissions of an existing
            file are kept.

    Yields:
        A file open for binary writing and reading.

    Raises:
        TypeError: `path` is neither a str nor an os.PathLike of one.
        FileNotFoundError: the folder of `path` does not exist.
        OSError: `path` is a folder or a device, or the disk refused the write.
    """
    target = os.path.realpath(_checked_path(path))
    mode = _existing_mode(target)
    folder = os.path.dirname(target)
    temporary.sweep(folder)
    try:
        descriptor, name = temporary.create(folder)
    except OSError as error:
        raise explained(error, "cannot write in the folder", folder) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            if mode is not None:
                os.chmod(name, mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if temporary.LOCKS:  # it is ours until it is closed
                os.replace(name, target)
        if not temporary.LOCKS:
            os.replace(name, target)
        flush_folder(folder)
    except BaseException as error:  # also Ctrl-C: nothing may be left behind
        with suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise explained(error, "cannot write the file", target) from None
        raise


def atomic_write(path: str | os.PathLike[str], data: bytes | bytearray | memoryview) -> None:
    """Replace the content of `path` by `data` in one step; see `atomic_file` for what it raises."""
    with atomic_file(path) as file:
        file.write(data)


def explained(error: OSError, what: str, path: str) -> OSError:
    """Return the error with what was tried, and on which path."""
    return type(error)(error.errno, f"{what}: {error.strerror}", path)


def flush_folder(folder: str) -> None:
    """Flush the new name to the disk, too, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some file systems refuse; the file itself is in its place
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _checked_path(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise TypeError(
            f"path must be a str or an os.PathLike of one. Received: {type(path).__name__}"
        )
    return name


def _existing_mode(target: str) -> int | None:
    """Permissions of the file to replace, None if there is none yet."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{target}: expected a file to write. Received: a folder")
    if not stat.S_ISREG(mode):  # a rename would put an ordinary file where /dev/null was
        raise OSError(f"{target}: expected an ordinary file to write. Received: a device or a pipe")
    return stat.S_IMODE(mode)
