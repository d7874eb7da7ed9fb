"""Lowers the learning rate where the training no longer gets better."""

from __future__ import annotations

from digitnet._checks import integer, real
from digitnet.callbacks._state import count_of, value_of
from digitnet.callbacks.callback import Logs, State
from digitnet.callbacks.monitor import MonitorCallback


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by ``factor`` when a value has not improved for some epochs.

    The history gets the learning rate of every epoch.

    Parameters
    ----------
    monitor, mode, min_delta, verbose
        See `MonitorCallback`.
    factor : float in [0, 1)
        ``learning_rate = max(learning_rate * factor, min_lr)``.
    patience : int
        How many epochs without improvement lower it; 0 is as 1.
    cooldown : int
        Epochs after a reduction in which patience rests.
    min_lr : float
        Lower bound of the learning rate.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.factor = real(factor, "factor", minimum=0, below=1)
        self.patience = integer(patience, "patience", 0)
        self.cooldown = integer(cooldown, "cooldown", 0)
        self.min_lr = real(min_lr, "min_lr", minimum=0)
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Return whether patience rests."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training; refuse an optimizer whose rate a schedule says."""
        self._reset()
        optimizer = self.model.optimizer
        try:
            optimizer.learning_rate = optimizer.learning_rate
        except TypeError as error:
            raise TypeError(f"ReduceLROnPlateau would set what it must not: {error}") from None
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, and lower the learning rate when patience is at its end."""
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate
        value = self.monitored(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self.cooldown_counter, self.wait = self.cooldown, 0
            self.say(f"Epoch {epoch + 1}: learning rate reduced to {optimizer.learning_rate:g}")

    def get_state(self) -> State:
        """Return the best value, patience and cooldown."""
        return {"best": self.best, "wait": self.wait, "cooldown": self.cooldown_counter}

    def set_state(self, state: State) -> None:
        """Go on with them."""
        self.best, self.wait = value_of(state, "best"), count_of(state, "wait")
        self.cooldown_counter = count_of(state, "cooldown")
