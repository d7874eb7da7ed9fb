"""Callbacks: code of the user's own that `fit` calls between epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from digitnet._checks import real

Logs: TypeAlias = dict[str, float]

# Whole epochs run inside the core, so nobody would call these; better an error than silence.
_NEVER_CALLED = tuple(
    f"on_{part}_{when}"
    for part in ("batch", "train_batch", "test_batch", "predict_batch", "test", "predict")
    for when in ("begin", "end")
)


class Callback:
    """Base of all callbacks; override what is needed.

    ``logs`` holds the epoch's loss and metrics; what a callback adds to it reaches the history.
    Setting ``self.model.stop_training = True`` ends the training after the epoch.

    Attributes
    ----------
    model : Sequential
        The model being trained.
    params : dict
        ``epochs``, ``steps`` (batches in an epoch), ``samples`` and ``verbose``.
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Take the model that is about to be trained."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the settings of the training."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run once, before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run once, after the last epoch; ``logs`` are that epoch's."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before epoch number ``epoch``, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after epoch number ``epoch``, counted from 0."""


class History(Callback):
    """What `fit` returns: the loss and metrics of every epoch.

    Attributes
    ----------
    history : dict of str to list of float
        ``loss``, the metrics under the names given to ``compile``, and the same with ``val_``.
    epoch : list of int
        The numbers of the finished epochs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the epoch's values."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


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
            raise TypeError(f"schedule must be callable. Received: {schedule!r}")
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


class LambdaCallback(Callback):
    """A callback made of functions, each with the arguments of the method it stands for.

    Raises
    ------
    TypeError
        An argument is neither None nor callable.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Logs | None], object] | None = None,
        on_epoch_end: Callable[[int, Logs | None], object] | None = None,
        on_train_begin: Callable[[Logs | None], object] | None = None,
        on_train_end: Callable[[Logs | None], object] | None = None,
    ) -> None:
        super().__init__()
        given: Mapping[str, Callable[..., object] | None] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        for name, function in given.items():
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"{name} must be callable. Received: {function!r}")
            setattr(self, name, function)


class CallbackList(Callback):
    """Several callbacks as one, called in their order; a single one is a list of one.

    Raises
    ------
    TypeError
        An item is not a Callback.
    ValueError
        A callback waits for batches or tests, which are never announced.
    """

    def __init__(self, callbacks: Iterable[Callback] | Callback | None) -> None:
        super().__init__()
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        elif callbacks is not None and not isinstance(callbacks, Iterable):
            raise TypeError(
                "callbacks must be a list of digitnet.callbacks.Callback objects. "
                f"Received: {callbacks!r} ({type(callbacks).__name__})"
            )
        self.callbacks = list(callbacks or ())
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks must hold digitnet.callbacks.Callback objects. "
                    f"Received: {callback!r} ({type(callback).__name__})"
                )
            for name in _NEVER_CALLED:
                if hasattr(callback, name):
                    raise ValueError(
                        f"callbacks must not define {name}: digitnet runs whole epochs in its core "
                        f"and calls back between them. Received: {type(callback).__name__}"
                    )

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
        for callback in self.callbacks:
            callback.on_train_begin(logs)

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
