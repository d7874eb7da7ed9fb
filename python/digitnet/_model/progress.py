"""The line that shows how an epoch goes, in the look of Keras 1 and 2."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TextIO

import numpy as np

from digitnet import _core

_BAR = 30  # characters between the brackets


def verbosity(verbose: object) -> int:
    """Return 0 (silent), 1 (a bar) or 2 (a line without bar); "auto" is 1.

    Raises
    ------
    ValueError
        ``verbose`` is another number or string.
    TypeError
        ``verbose`` is neither an integer, a boolean nor a string.
    """
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if isinstance(verbose, (int, np.integer, np.bool_)) and verbose in (0, 1, 2):
        return int(verbose)
    error = ValueError if isinstance(verbose, (int, np.integer, str)) else TypeError
    raise error(f"verbose must be 0, 1, 2 or 'auto'. Received: {verbose!r}")


class ProgressLine:
    """One epoch's line: rewritten in place on a terminal, written once elsewhere.

    Parameters
    ----------
    samples : int
        Samples in the epoch.
    metric_names : list of str
        Names of the metrics that `update` receives.
    verbose : int
        As `verbosity` returns it.
    stream : text file, optional
        Default: what ``sys.stdout`` is now.
    """

    def __init__(
        self, samples: int, metric_names: list[str], verbose: int, stream: TextIO | None = None
    ) -> None:
        self._samples = samples
        self._names = ["loss", *metric_names]
        self._verbose = verbose
        self._stream = sys.stdout if stream is None else stream
        self._start = time.perf_counter()
        self._shown = 0  # width of what stands on the terminal's line

    @property
    def callback(self) -> _core.Progress | None:
        """What the core calls now and then; None where nobody would see it."""
        seen = self._verbose == 1 and getattr(self._stream, "isatty", None)
        return self.update if seen and seen() else None

    def update(self, done: int, loss: float, metrics: list[float]) -> None:
        """Rewrite the line after ``done`` samples, cut to the terminal's width."""
        elapsed = time.perf_counter() - self._start
        left = elapsed * (self._samples - done) / done if done else 0.0
        values = _values(dict(zip(self._names, [loss, *metrics], strict=True)))
        line = f"{self._count(done)} - ETA: {left:.0f}s{values}"[: _columns(self._stream) - 1]
        self._write("\r" + line.ljust(self._shown))
        self._shown = len(line)

    def finish(self, logs: Mapping[str, float]) -> None:
        """Write the line for good."""
        if not self._verbose:
            return
        elapsed = time.perf_counter() - self._start
        count = self._count(self._samples)
        line = f"{count} - {elapsed:.0f}s{_values(logs)}"
        self._write(("\r" if self._shown else "") + line.ljust(self._shown) + "\n")
        self._shown = 0

    def __enter__(self) -> ProgressLine:
        """Begin the work whose progress is shown."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """After an exception, leave the unfinished line as it stands and begin the next."""
        if kind is not None and self._shown:
            self._write("\n")
            self._shown = 0

    def _count(self, done: int) -> str:
        count = f"{done:>{len(str(self._samples))}}/{self._samples}"
        if self._verbose == 2:
            return count
        full = _BAR * done // self._samples
        bar = "=" * full if full == _BAR else ("=" * full)[:-1] + ">" * bool(full)
        return f"{count} [{bar.ljust(_BAR, '.')}]"

    def _write(self, text: str) -> None:
        if self._stream is not None:  # None: a Windows program without a console
            self._stream.write(text)
            if hasattr(self._stream, "flush"):  # what takes the place of stdout may just write
                self._stream.flush()


def say(text: str, verbose: int) -> None:
    """Print a line unless silent."""
    if verbose:
        print(text)


def _values(logs: Mapping[str, float]) -> str:
    return "".join(
        f" - {name}: {value:.4f}" if abs(value) > 1e-3 or value == 0 else f" - {name}: {value:.4e}"
        for name, value in logs.items()
    )


def _columns(stream: TextIO) -> int:
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 20)
    except (AttributeError, OSError, ValueError):  # no terminal of the system's
        return 80
