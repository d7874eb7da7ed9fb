"""Write a file so that a reader sees the old content or the new one, never a part of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the ``with`` block ends well.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the
    temporary file is then renamed over `path`. If the block raises, the temporary file is
    removed and `path` stays as it was. Several threads and processes may write the same `path`:
    the last one to finish wins.

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
    temporary = os.path.join(os.path.dirname(target), f".digitnet-{os.urandom(8).hex()}.tmp")
    try:
        # 0o666 leaves the permissions to the user's umask, which tempfile would not.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, 0o666)
    except OSError as error:
        folder = os.path.dirname(target)
        raise type(error)(
            error.errno, f"cannot write in the folder: {error.strerror}", folder
        ) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # also Ctrl-C: nothing may be left behind
        with suppress(OSError):
            os.unlink(temporary)
        raise


def atomic_write(path: str | os.PathLike[str], data: bytes | bytearray | memoryview) -> None:
    """Replace the content of `path` by `data` in one step; see `atomic_file` for what it raises."""
    with atomic_file(path) as file:
        file.write(data)


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
