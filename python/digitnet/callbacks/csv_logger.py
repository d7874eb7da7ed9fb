"""Writes the epochs' logs to a table."""

from __future__ import annotations

import io
import os

from digitnet._checks import flag
from digitnet._errors import shown
from digitnet.callbacks._state import count_of
from digitnet.callbacks.callback import Callback, Logs, State
from digitnet.utils.growing import GrowingFile


class CSVLogger(Callback):
    """Writes a row for every epoch to a CSV file: ``epoch``, counted from 0, and the logs by name.

    The names, sorted, are those of the first epoch's logs; without validation in it, the same with
    ``val_`` follow, as in Keras, and a value that an epoch lacks is "NA". Each row is added in one
    write and is on the disk when `on_epoch_end` returns, so that ``tail -f`` shows it. A row for
    which the disk has no space is not there in part. A folder that is missing is made.

    Parameters
    ----------
    filename : str or path
        The file, or a pipe or device, such as ``/dev/stdout``.
    separator : str
        One character between the values.
    append : bool
        Add to a file that is there, whose header then counts; else its content goes when the first
        row is written.

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
        self._file: GrowingFile | None = None  # while training
        self._begun = False  # a row is written
        self._kept: int | None = None  # bytes: what follows them goes then; None: all stay

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out that the file can be written, before hours are spent."""
        folder = os.path.dirname(self.filename)
        if folder:
            os.makedirs(folder, exist_ok=True)
        self._close()
        self._file = GrowingFile(self.filename)
        self._begun, self._kept = False, None if self.append else 0
        self._names = self._header(self._file.first_line()) if self.append else None

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def on_train_interrupted(self, error: BaseException) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _header(self, line: bytes) -> list[str] | None:
        """Return the names in the first line, without ``epoch``."""
        import csv  # here: `import digitnet` should not pay for it

        text = line.decode("utf-8", "replace")
        first = next(csv.reader([text], delimiter=self.separator), [])
        return first[1:] if first[:1] == ["epoch"] else None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row, and the header before the first."""
        import csv

        if self._file is None:
            raise RuntimeError("CSVLogger needs a running fit; its methods are for fit alone")
        logs = logs or {}
        start = "" if self._begun else self._start(self._file)
        rows: list[list[object]] = []
        if self._names is None:
            self._names = sorted(logs)
            if not any(name.startswith("val_") for name in logs):
                self._names += [f"val_{name}" for name in sorted(logs)]
            if not self._file.size():
                rows.append(["epoch", *self._names])
        rows.append([epoch, *(logs.get(name, "NA") for name in self._names)])
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator).writerows(rows)
        self._file.append((start + text.getvalue()).encode())
        self._begun = True

    def _start(self, file: GrowingFile) -> str:
        """Make room for the first row; return what must be written before it."""
        if self._kept is not None:  # rows of an earlier training, or of a lost epoch, go
            file.cut(self._kept)
            self._kept = None
        return "" if file.ends_a_line() else "\n"

    def get_state(self) -> State:
        """Return the names and the file's size: what was written after a backup is written anew."""
        size = self._kept
        if size is None and self._file is not None and self._file.regular:
            size = self._file.size()
        return {"names": self._names or [], "size": size}

    def set_state(self, state: State) -> None:
        """Go on with the file, whether or not it was to be replaced."""
        names = state["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"names must be a list of strings. Received: {shown(names)}")
        if state["size"] is None:  # nothing was written yet, or not to be read again
            return
        size = count_of(state, "size")
        if self._file is not None and self._file.size() >= size:
            self._kept, self._names = size, names or None
