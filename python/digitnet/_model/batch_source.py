"""Batches that the caller makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from digitnet import _core
from digitnet._data import Data
from digitnet._model.source import Source


class BatchSource(Source):
    """Batches that the caller makes: a list, a `keras.utils.PyDataset`, a loader, a generator.

    ``check(batch, i)`` returns the batch's data or raises; ``name`` is the argument's.
    """

    def __init__(
        self,
        x: Any,
        check: Callable[[object, int], Data],
        steps: int | None,
        shuffle: bool = False,
        name: str = "x",
    ) -> None:
        self._indexed = hasattr(x, "__getitem__") and hasattr(x, "__len__")
        super().__init__(steps, shuffle and self._indexed)
        self._x, self.check, self._name = x, check, name
        self._one_shot = isinstance(x, Iterator)
        self._iterator: Iterator[object] | None = None
        self._ahead: list[object] = []
        self._begun = False  # whether the data were told of the present pass
        try:
            self.length = len(x)
        except TypeError:  # generators, and loaders of what has no length
            self.length = None

    def require_batch(self) -> None:
        """Raise a ValueError where there is no batch at all; of an iterator, this draws one."""
        if self.length == 0 or not self.has_more():
            raise ValueError(
                f"{self._name} must give at least one batch. "
                f"Received: an empty {type(self._x).__name__}"
            )

    def peek(self) -> object:
        """Return the first batch, unchecked; raises as `require_batch`."""
        self.require_batch()
        self._begin()
        return self._x[0] if self._indexed else self._ahead[0]

    def ready(self, core: _core.Model) -> bool:
        """Return whether another epoch can begin: all but a one-shot iterator can begin anew."""
        if not self.has_more() and not self._one_shot:
            self.end_pass()
            self.begin_pass(core)
        return self.has_more()

    def has_more(self) -> bool:
        """Return whether there is another batch, and keep it at hand."""
        if self._indexed or self._ahead:
            return True
        if self._iterator is None:
            self._iterator = iter(self._x)
        self._ahead = list(islice(self._iterator, 1))
        return bool(self._ahead)

    def batches(self, core: _core.Model, step: int = 0) -> Iterator[Data]:
        """Yield what is left of an epoch after ``step`` batches of it."""
        left = self.left(step)
        if left != 0:
            self._begin()
        while left is None or left > 0:
            if not self._indexed and not self.has_more():
                break
            data = self.check(self._draw(core), self.done)
            self.done += 1
            left = None if left is None else left - 1
            yield data

    def _draw(self, core: _core.Model) -> object:
        if not self._indexed:
            return self._ahead.pop()
        order = self._pass_order(core, self.length or 0)
        return self._x[self.done if order is None else int(order[self.done])]

    def finish_epoch(self, core: _core.Model, steps_made: int) -> None:
        """Begin the next pass where this one is through."""
        cut_short = steps_made < (self._given_steps or steps_made + 1)
        through = cut_short or self.done == self.length
        if through:
            self.end_pass()
        super().finish_epoch(core, steps_made)
        if through and self.done:
            self.begin_pass(core)

    def _begin(self) -> None:
        """Tell the data, once in a pass."""
        if not self._begun:
            self._begun = True
            tell(self._x, "on_epoch_begin")

    def end_pass(self) -> None:
        """Tell the data, if they were told of the pass's begin."""
        if self._begun:
            self._begun = False
            tell(self._x, "on_epoch_end")

    def restart(self) -> None:
        """Go back to the first batch; a one-shot iterator goes on."""
        super().restart()
        if not self._one_shot:
            self._iterator, self._ahead = None, []

    def skip(self) -> None:
        """Pass over the ``done`` batches that an interrupted run has seen of this pass."""
        if not self._indexed and not self._one_shot:
            for _ in range(self.done):
                if self.has_more():
                    self._ahead.pop()


def tell(x: object, hook: str) -> None:
    """Call the hook of what gives batches, if it has one, as a `keras.utils.PyDataset` does."""
    if hasattr(x, hook):
        getattr(x, hook)()
