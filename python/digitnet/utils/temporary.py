"""Temporary files of which a killed process leaves none for good.

Who writes one keeps it locked. A file that nobody has locked belongs to a process that has ended,
and the next one that writes into the folder deletes it.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCKS = fcntl is not None
"""Whether an open file can be locked, and renamed while it is."""

_NAME = re.compile(r"\.digitnet-[0-9a-f]{16}\.tmp")
_DAY = 86400.0  # seconds
_swept: set[str] = set()  # folders: once in a process will do, what ends is other processes


def create(folder: str) -> tuple[int, str]:
    """Open a new temporary file in the folder, for reading and writing; return it and its path.

    Raises
    ------
    OSError
        The folder is missing, or may not be written.
    """
    # 0o666 leaves the permissions to the user's umask, which tempfile would not.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        path = os.path.join(folder, f".digitnet-{os.urandom(8).hex()}.tmp")
        descriptor = os.open(path, flags, 0o666)
        try:
            if _lock(descriptor):
                return descriptor, path
        except BaseException:  # Ctrl-C
            os.close(descriptor)
            raise
        os.close(descriptor)  # swept away before it was locked


def _lock(descriptor: int) -> bool:
    """Lock a new file; return False where another process has deleted it just before."""
    if not LOCKS:
        return True
    with suppress(OSError):  # a file system without locks: nothing is swept there
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.fstat(descriptor).st_nlink > 0


def sweep(folder: str) -> None:
    """Delete the temporary files that ended processes have left in the folder."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                _delete_if_left(entry.path)


def _delete_if_left(path: str) -> None:
    with suppress(OSError):  # at work, somebody else's, or gone
        if not LOCKS:
            if time.time() - os.path.getmtime(path) > _DAY:
                os.unlink(path)
            return
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)
