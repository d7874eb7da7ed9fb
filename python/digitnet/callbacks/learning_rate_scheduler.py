"""A learning rate that a function of the user's sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from digitnet._checks import real
from digitnet._errors import shown
from digitnet.callbacks.callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the optimizer's learning rate before every epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``, returning the new learning rate.
    verbose : int
        1 prints a line for every epoch.

    Raises
    ------
    TypeError
        ``schedule`` is not callable; during the training, if it does not return a number.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"schedule must be callable. Received: {shown(schedule)}")
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Ask the schedule and set the learning rate."""
        optimizer = self.model.optimizer
        arguments = (epoch, optimizer.learning_rate)[: _positional_count(self.schedule)]
        rate = real(self.schedule(*arguments), "the schedule's learning rate", minimum=0)
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the learning rate to the history."""
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


def _positional_count(function: Callable[..., Any]) -> int:
    """Return how many of (epoch, learning rate) the schedule takes."""
    import inspect  # here: `import digitnet` should not pay for it

    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return 1
    except ValueError:  # a built-in without a signature
        return 2
    return 2
