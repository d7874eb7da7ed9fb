"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable

from digitnet._errors import shown
from digitnet._identifiers import unknown
from digitnet.callbacks.callback import Callback, Logs

_MORE = frozenset(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """A callback made of functions, each with the arguments of the method it stands for.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_begin, on_train_end : callable, optional
        See `Callback`.
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called as ``function(batch, logs)``.
    **kwargs : callable
        Any other hook of `Callback`, such as ``on_test_end``.

    Raises
    ------
    TypeError
        An argument is neither None nor callable.
    ValueError
        `Callback` has no hook of that name.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Logs | None], object] | None = None,
        on_epoch_end: Callable[[int, Logs | None], object] | None = None,
        on_train_begin: Callable[[Logs | None], object] | None = None,
        on_train_end: Callable[[Logs | None], object] | None = None,
        on_train_batch_begin: Callable[[int, Logs | None], object] | None = None,
        on_train_batch_end: Callable[[int, Logs | None], object] | None = None,
        **kwargs: Callable[..., object] | None,
    ) -> None:
        super().__init__()
        given: dict[str, Callable[..., object] | None] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if name not in _MORE:
                raise unknown("the name of a hook", name, sorted(_MORE))
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"{name} must be callable. Received: {shown(function)}")
            setattr(self, name, function)
