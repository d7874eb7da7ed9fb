"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from digitnet._errors import shown
from digitnet.callbacks.callback import Callback, Logs

_TRAIN_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class CallbackList(Callback):
    """Several callbacks as one, called in their order; a single one is a list of one.

    Those with ``runs_last`` come after the others. The callbacks of a list in the list are taken
    out of it.

    Raises
    ------
    TypeError
        An item is not a Callback.
    """

    def __init__(self, callbacks: Iterable[Callback] | Callback | None) -> None:
        super().__init__()
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        elif callbacks is not None and not isinstance(callbacks, Iterable):
            raise TypeError(
                "callbacks must be a list of digitnet.callbacks.Callback objects. "
                f"Received: {shown(callbacks)} ({type(callbacks).__name__})"
            )
        self.callbacks: list[Callback] = []
        for callback in callbacks or ():
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks must hold digitnet.callbacks.Callback objects. "
                    f"Received: {shown(callback)} ({type(callback).__name__})"
                )
            # A list overrides every hook and has no state: `fit` is to see what is in it. But a
            # subclass may do more than to call its callbacks.
            inner = callback.callbacks if type(callback) is CallbackList else [callback]
            self.callbacks += inner
        self.callbacks.sort(key=lambda callback: callback.runs_last)  # stable
        self._begun: list[Callback] = []

    def waits_for(self, *names: str) -> bool:
        """Return whether some callback overrides one of these hooks."""
        return any(
            name in vars(callback)  # as LambdaCallback sets them
            or getattr(type(callback), name) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in names
        )

    @property
    def waits_for_train_batches(self) -> bool:
        """Whether some callback wants to be called for every batch of the training."""
        return self.waits_for(*_TRAIN_BATCH)

    def set_model(self, model: Any) -> None:
        """Hand the model to every callback."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand the settings to every callback."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        self._begun = []
        for callback in self.callbacks:
            self._begun.append(callback)
            callback.on_train_begin(logs)

    def on_train_interrupted(self, error: BaseException) -> None:
        """Call every callback that began; what one of them raises does not keep the others."""
        failure: BaseException | None = None
        for callback in reversed(self._begun):
            try:
                callback.on_train_interrupted(error)
            except BaseException as later:  # its context is ``error``
                failure = failure or later
        if failure is not None:
            raise failure

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_progress(self, samples: int, logs: Logs) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_train_progress(samples, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_predict_end(logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Call every callback."""
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs)
