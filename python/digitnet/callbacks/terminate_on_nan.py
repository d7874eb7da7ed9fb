"""Ends a training that has diverged."""

from __future__ import annotations

import math

from digitnet._checks import flag
from digitnet.callbacks.callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Ends the training when the loss is NaN or infinite.

    It looks at the mean over the epoch so far about every 50 ms and at the epoch's end, and so
    costs nothing; where `fit` goes from batch to batch, after every batch, as in Keras.

    Parameters
    ----------
    raise_error : bool
        Raise RuntimeError at once, so that no callback's ``on_train_end`` is called.

    Raises
    ------
    TypeError
        ``raise_error`` is not a bool.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = flag(raise_error, "raise_error")
        self._reported = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Forget the epoch before."""
        self._reported = False

    def on_train_progress(self, samples: int, logs: Logs) -> None:
        """Look at the loss so far."""
        self._look(f"after {samples} samples of an epoch", logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the epoch's loss, unless it has been reported that the training ends for it."""
        if not (self._reported and self.model.stop_training):  # another may have stopped it, too
            self._look(f"in epoch {epoch + 1}", logs or {})

    def _look(self, when: str, logs: Logs) -> None:
        loss = logs.get("loss", 0.0)
        if math.isfinite(loss):
            return
        sentence = f"The training has diverged: the loss is {loss} {when}"
        if self.raise_error:
            raise RuntimeError(sentence)
        print(sentence)
        self._reported = self.model.stop_training = True
