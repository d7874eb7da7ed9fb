"""The line that shows how an epoch goes, in the look of Keras 1 and 2."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from digitnet import _core
from digitnet._errors import shown
from digitnet._model.bar import is_seen, open_bar

if TYPE_CHECKING:
    from tqdm import tqdm

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
    raise error(f"verbose must be 0, 1, 2 or 'auto'. Received: {shown(verbose)}")


class ProgressLine:
    """One epoch's line, written when it is done; where somebody looks on, a bar until then.

    The bar is tqdm's where it is installed (the extra ``progress``), else the line itself, which a
    terminal rewrites in place.

    Parameters
    ----------
    samples : int or None
        Samples in the epoch, if known.
    metric_names : list of str
        Names of the metrics that `update` receives.
    verbose : int
        As `verbosity` returns it.
    stream : text file, optional
        Default: what ``sys.stdout`` is now.
    """

    def __init__(
        self,
        samples: int | None,
        metric_names: list[str],
        verbose: int,
        stream: TextIO | None = None,
    ) -> None:
        self._samples = samples
        self._names = ["loss", *metric_names]
        self._verbose = verbose
        self._stream = sys.stdout if stream is None else stream
        self._start = time.perf_counter()
        self._shown = 0  # width of what stands on the terminal's line
        self._done = samples or 0
        self._draw: _core.Progress | None = None  # how `update` shows it
        self._bar: tqdm[Any] | None = None

    @property
    def callback(self) -> _core.Progress | None:
        """What the core calls now and then; None where nobody would see it."""
        return self.update if self._verbose == 1 and is_seen(self._stream) else None

    def update(self, done: int, loss: float, metrics: list[float]) -> None:
        """Show how it stands after ``done`` samples."""
        self._done = self._samples or done
        if self._draw is None:  # here: short epochs do without tqdm
            elapsed = time.perf_counter() - self._start
            self._bar = open_bar(self._samples, self._stream, elapsed)
            self._draw = self._rewrite if self._bar is None else self._move_bar
        self._draw(done, loss, metrics)

    def _move_bar(self, done: int, loss: float, metrics: list[float]) -> None:
        assert self._bar is not None
        values = _values(dict(zip(self._names, [loss, *metrics], strict=True)))
        self._bar.n = done
        self._bar.set_postfix_str(values.removeprefix(" - "), refresh=False)
        self._bar.refresh()

    def _rewrite(self, done: int, loss: float, metrics: list[float]) -> None:
        """Rewrite the line, cut to the terminal's width."""
        elapsed = time.perf_counter() - self._start
        left = elapsed * (self._samples - done) / done if done and self._samples else 0.0
        values = _values(dict(zip(self._names, [loss, *metrics], strict=True)))
        eta = f" - ETA: {left:.0f}s" if self._samples else ""
        line = f"{self._count(done)}{eta}{values}"[: _columns(self._stream) - 1]
        self._write("\r" + line.ljust(self._shown))
        self._shown = len(line)

    def finish(self, logs: Mapping[str, float], samples: int | None = None) -> None:
        """Write the line for good; ``samples`` is how many there were, if that was not known."""
        self._close_bar()
        if not self._verbose:
            return
        elapsed = time.perf_counter() - self._start
        count = self._count(self._done if samples is None else samples)
        line = f"{count} - {elapsed:.0f}s{_values(logs)}"
        self._write(("\r" if self._shown else "") + line.ljust(self._shown) + "\n")
        self._shown = 0

    def _close_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def __enter__(self) -> ProgressLine:
        """Begin the work whose progress is shown."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """After an exception, leave the unfinished line as it stands and begin the next."""
        self._close_bar()
        if kind is not None and self._shown:
            self._write("\n")
            self._shown = 0

    def _count(self, done: int) -> str:
        if self._samples is None:
            return f"{done} samples"
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
