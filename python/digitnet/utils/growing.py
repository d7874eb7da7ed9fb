"""A file that grows by whole lines: a reader, `tail -f` too, sees each, and never a part of one."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from digitnet.utils.atomic import explained, flush_folder


class GrowingFile:
    """A file at whose end is written; also a pipe or a device, which is not cut and not flushed.

    Parameters
    ----------
    path : str
        The file; one that is missing is made.

    Raises
    ------
    OSError
        It cannot be opened for writing.
    """

    def __init__(self, path: str) -> None:
        missing = not os.path.exists(path)
        self._path = path
        try:
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise explained(error, "cannot write the file", path) from None
        self.regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        if missing:
            flush_folder(os.path.dirname(os.path.abspath(path)))

    def size(self) -> int:
        """Return how many bytes it holds; 0 for a pipe or a device."""
        return os.fstat(self._file.fileno()).st_size if self.regular else 0

    def first_line(self) -> bytes:
        """Return the first line, if there is one."""
        if not self.regular:
            return b""
        with open(self._path, "rb") as file:
            return file.readline()

    def ends_a_line(self) -> bool:
        """Return whether what is written next begins a line."""
        size = self.size()
        if size == 0:
            return True
        with open(self._path, "rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"

    def cut(self, size: int) -> None:
        """Keep the first so many bytes alone."""
        if self.regular:
            os.ftruncate(self._file.fileno(), size)

    def append(self, data: bytes) -> None:
        """Write all of the data and flush them to the disk, or none of them.

        Raises
        ------
        OSError
            The disk, or whoever reads the pipe, refused; the file is what it was.
        """
        before, left = self.size(), memoryview(data)
        try:
            while left:  # once, but on a full disk or into a pipe: the next call says why
                left = left[os.write(self._file.fileno(), left) :]
            if self.regular:
                os.fsync(self._file.fileno())
        except BaseException as error:  # also Ctrl-C
            with suppress(OSError):
                self.cut(before)
            if isinstance(error, OSError):
                raise explained(error, "cannot write the file", self._path) from None
            raise

    def close(self) -> None:
        """Close it."""
        self._file.close()
