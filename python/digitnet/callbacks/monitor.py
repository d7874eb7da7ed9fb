"""What callbacks share that watch one value of the logs."""

from __future__ import annotations

from difflib import get_close_matches

from digitnet._checks import real, text
from digitnet._errors import shown
from digitnet._identifiers import unknown
from digitnet._warnings import warn
from digitnet.callbacks.callback import Callback, Logs

_MODES = ("auto", "min", "max")


class MonitorCallback(Callback):
    """Base of callbacks that ask whether one value of the epoch's logs has improved.

    Parameters
    ----------
    monitor : str
        Name of the value, such as "val_loss" or "accuracy".
    mode : {"auto", "min", "max"}
        Which direction is better; "auto" knows it of the loss and of the model's metrics.
    min_delta : float
        Least change that counts as an improvement, in units of the value; its sign is ignored.
    verbose : int
        1 prints a line for everything the callback does.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range; when the training begins, if "auto" does not
        know the direction.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        min_delta: float = 0.0,
        verbose: int = 0,
    ) -> None:
        super().__init__()
        self.monitor = text(monitor, "monitor")
        if mode not in _MODES:
            raise unknown("mode", mode, [repr(known) for known in _MODES])
        self.mode = mode
        self.min_delta = abs(real(min_delta, "min_delta"))
        self.verbose = verbose
        self._larger_is_better = mode == "max"
        self._missed = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out which direction is better."""
        self._missed = False
        if self.mode == "auto":
            self._larger_is_better = self._direction() == "max"

    def _direction(self) -> str:
        name = self.monitor.removeprefix("val_")
        known: str | None = self.model._metric_direction(name)
        if known is None:
            names = self.model.metrics_names
            near = get_close_matches(
                self.monitor, [*names, *(f"val_{name}" for name in names)], n=1
            )
            hint = f" (did you mean monitor={near[0]!r}?)" if near else ""
            raise ValueError(
                f"mode must be 'min' or 'max' for {type(self).__name__} with monitor="
                f"{self.monitor!r}, of which 'auto' knows no direction. Received: 'auto'{hint}"
            )
        return known

    def monitored(self, logs: Logs | None) -> float | None:
        """Return the watched value; where it is missing, None, after one warning per training.

        Raises
        ------
        TypeError
            It is not a number.
        """
        value = (logs or {}).get(self.monitor)
        if value is None and not self._missed:
            self._missed = True
            warn(
                f"{type(self).__name__} has nothing to go by: monitor must be one of "
                f"{', '.join(logs or ()) or 'the logs, which are empty'}. "
                f"Received: {shown(self.monitor)}"
            )
        try:
            return None if value is None else float(value)  # a callback may log NumPy's
        except (TypeError, ValueError):
            raise TypeError(
                f"{self.monitor} in the logs must be a number. Received: {shown(value)}"
            ) from None

    def improves(self, value: float, best: float | None) -> bool:
        """Return whether ``value``, NaN never, is better than ``best`` by more than min_delta."""
        if best is None:
            return value == value
        if self._larger_is_better:
            return value - self.min_delta > best
        return value + self.min_delta < best

    def say(self, sentence: str) -> None:
        """Print a line if verbose."""
        if self.verbose:
            print(sentence)
