"""What `fit` returns."""

from __future__ import annotations

from typing import Any

from digitnet.callbacks.callback import Callback, Logs


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
        """Keep the epoch's values: all or, where Ctrl-C comes between, none."""
        named = [(self.history.setdefault(name, []), value) for name, value in (logs or {}).items()]
        lists: list[list[Any]] = [self.epoch, *(values for values, _ in named)]
        lengths = [len(values) for values in lists]
        try:
            for values, value in named:
                values.append(value)
            self.epoch.append(epoch)
        except BaseException:
            for kept, length in zip(lists, lengths, strict=True):
                del kept[length:]
            raise
