"""Writes the epochs' logs to a table."""

from __future__ import annotations

import io
import os

from digitnet._checks import flag
from digitnet._errors import shown
from digitnet.callbacks._state import count_of
from digitnet.callbacks.callback import Callback, Logs, State
from digitnet.utils.atomic import atomic_write


class CSVLogger(Callback):
    """Writes a row for every epoch to a CSV file: ``epoch``, counted from 0, and the logs by name.

    The names, sorted, are those of the first epoch's logs; without validation in it, the same with
    ``val_`` follow, as in Keras, and a value that an epoch lacks is "NA". Each row is on the disk
    when `on_epoch_end` returns: the file is replaced in one step. A folder that is missing is made.

    Parameters
    ----------
    filename : str or path
        The file.
    separator : str
        One character between the values.
    append : bool
        Add to a file that is there, whose header then counts; else it is replaced.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or form.
    OSError
        When the training begins, or later: the file cannot be written.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        path = os.fspath(filename) if isinstance(filename, (str, os.PathLike)) else None
        if not isinstance(path, str) or not path:
            raise TypeError(f"filename must be a path. Received: {shown(filename)}")
        if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n"':
            raise ValueError(f"separator must be one character. Received: {shown(separator)}")
        self.filename = path
        self.separator = separator
        self.append = flag(append, "append")
        self._names: list[str] | None = None
        self._size: int | None = None  # of what is to be kept; None: all

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out that the file can be written, before hours are spent."""
        folder = os.path.dirname(self.filename)
        if folder:
            os.makedirs(folder, exist_ok=True)
        content = self._content()
        atomic_write(self.filename, content)
        self._size = len(content) if self.append else 0
        self._names = self._header(content) if self._size else None

    def _content(self) -> bytes:
        """Return what the file holds; nothing where there is none yet."""
        try:
            with open(self.filename, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def _header(self, content: bytes) -> list[str] | None:
        """Return the names in the first line, without ``epoch``."""
        import csv  # here: `import digitnet` should not pay for it

        line = content.split(b"\n", 1)[0].decode("utf-8", "replace")
        first = next(csv.reader([line], delimiter=self.separator), [])
        return first[1:] if first[:1] == ["epoch"] else None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row, and the header before the first."""
        import csv

        logs = logs or {}
        rows: list[list[object]] = []
        if self._names is None:
            self._names = sorted(logs)
            if not any(name.startswith("val_") for name in logs):
                self._names += [f"val_{name}" for name in sorted(logs)]
            if not self._size:
                rows.append(["epoch", *self._names])
        rows.append([epoch, *(logs.get(name, "NA") for name in self._names)])
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator).writerows(rows)
        content = self._content()[: self._size]  # rows of an earlier training, or a lost epoch, go
        content += text.getvalue().encode()
        atomic_write(self.filename, content)
        self._size = len(content)

    def get_state(self) -> State:
        """Return the names and the file's size: what was written after a backup is written anew."""
        return {"names": self._names or [], "size": self._size}

    def set_state(self, state: State) -> None:
        """Go on with the file, whether or not it was to be replaced."""
        names = state["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"names must be a list of strings. Received: {shown(names)}")
        if state["size"] is None:  # nothing was written yet
            return
        size = count_of(state, "size")
        if os.path.exists(self.filename) and os.path.getsize(self.filename) >= size:
            self._size, self._names = size, names or None
