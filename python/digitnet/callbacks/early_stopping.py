"""Ends a training that no longer gets better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digitnet._arrays import FloatArray
from digitnet._checks import flag, integer, real
from digitnet._weights import as_weights
from digitnet.callbacks._state import count_of, value_of
from digitnet.callbacks.callback import Logs, State
from digitnet.callbacks.monitor import MonitorCallback


class _Best(NamedTuple):
    """The best epoch so far; one object, so that an interruption finds all of it or nothing."""

    value: float | None
    epoch: int
    weights: list[FloatArray] | None


class EarlyStopping(MonitorCallback):
    """Stops the training when a value has not improved for some epochs.

    Parameters
    ----------
    monitor, mode, min_delta, verbose
        See `MonitorCallback`.
    patience : int
        How many epochs without improvement end the training; 0 is as 1.
    baseline : float, optional
        A value that has to be reached: patience begins anew only with an improvement beyond it.
    restore_best_weights : bool
        Give the model the weights of its best epoch when the training ends, however it ends: after
        the last epoch, stopped early, by Ctrl-C or by an error in another callback. Where no epoch
        was finished, the weights stay as they are. Then, an epoch whose last step left weights that
        are not finite does not count as an improvement.
    start_from_epoch : int
        Number of the first epoch that counts.

    Attributes
    ----------
    stopped_epoch : int
        Number of the epoch after which training was stopped; 0 if it was not.
    best_epoch : int
        Number of the best epoch.
    best : float or None
        Its value.
    wait : int
        Epochs since the last improvement.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience = integer(patience, "patience", 0)
        self.baseline = None if baseline is None else real(baseline, "baseline")
        self.restore_best_weights = flag(restore_best_weights, "restore_best_weights")
        self.start_from_epoch = integer(start_from_epoch, "start_from_epoch", 0)
        self._reset()

    def _reset(self) -> None:
        self._best = _Best(None, 0, None)
        self.wait = self.stopped_epoch = 0

    @property
    def best(self) -> float | None:
        """The best value so far."""
        return self._best.value

    @property
    def best_epoch(self) -> int:
        """Number of the best epoch so far."""
        return self._best.epoch

    @property
    def best_weights(self) -> list[FloatArray] | None:
        """The weights after the best epoch, if they are to be restored."""
        return self._best.weights

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training."""
        self._reset()
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare; keep the weights of a better epoch, or lose patience."""
        value = self.monitored(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        kept = None
        better = self.improves(value, self.best)
        if better and self.restore_best_weights:
            kept = self.model.get_weights()
            # The loss is of before the last step, which may have been one too many.
            better = all(np.isfinite(array).all() for array in kept)
        if better:
            self._best = _Best(value, epoch, kept)
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights."""
        if self.stopped_epoch:
            self.say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        self._restore()

    def on_train_interrupted(self, error: BaseException) -> None:
        """Restore the best weights."""
        self._restore()

    def _restore(self) -> None:
        if self._best.weights is not None:
            self.model.set_weights(self._best.weights)
            self.say(f"Weights are those after epoch {self.best_epoch + 1}, the best")

    def get_state(self) -> State:
        """Return the best epoch and the patience that is left."""
        value, epoch, weights = self._best
        state = {"best": value, "epoch": epoch, "wait": self.wait, "stopped": self.stopped_epoch}
        return state if weights is None else state | {"weights": weights}

    def set_state(self, state: State) -> None:
        """Go on with them."""
        weights = state.get("weights")
        if weights is not None:
            shapes = [array.shape for array in self.model.get_weights()]
            weights = as_weights(weights, shapes, "weights")
        best = _Best(value_of(state, "best"), count_of(state, "epoch"), weights)
        self.wait, self.stopped_epoch = count_of(state, "wait"), count_of(state, "stopped")
        self._best = best
