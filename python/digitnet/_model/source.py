"""Where the batches of an epoch come from: arrays that lie there, or batches that come by."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._checks import real
from digitnet._data import Data
from digitnet._sparse import CsrRows

Train = Callable[[Data, int, bool], _core.Result]


class Source:
    """Batches, in passes over the data that may take several epochs.

    ``done`` counts the batches of the present pass that were handed out. Passes are counted by the
    core, whose ``epochs`` is the number of the present one: it makes the order of a shuffled pass.
    """

    samples: int | None = None  # in a pass
    length: int | None = None  # batches in a pass, if known
    batch_size: int | None = None
    done = 0

    def __init__(self, steps: int | None, shuffle: bool) -> None:
        self.shuffle = shuffle
        self._given_steps = steps
        self._order: NDArray[np.intp] | None = None

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, if known."""
        return self._given_steps or self.length

    def left(self, step: int = 0) -> int | None:
        """Return how many batches of an epoch are left after ``step`` of them; None if unknown."""
        known = [] if self.steps is None else [self.steps - step]
        known += [] if self.length is None else [self.length - self.done]
        return min(known, default=None)

    def ready(self, core: _core.Model) -> bool:
        """Return whether another epoch can begin."""
        return True

    def batches(self, core: _core.Model, step: int = 0) -> Iterator[Data]:
        """Yield what is left of an epoch after ``step`` batches of it."""
        raise NotImplementedError

    def finish_epoch(self, core: _core.Model, steps_made: int) -> None:
        """Begin the next pass where this one is through."""
        if self._given_steps is not None and steps_made < self._given_steps:
            warnings.warn(
                f"x ran out of data: an epoch had {steps_made} of the {self._given_steps} batches "
                "that steps_per_epoch asks for",
                stacklevel=2,
            )
        if self.done == self.length:
            self.begin_pass(core)

    def begin_pass(self, core: _core.Model) -> None:
        """Count the pass that was begun, and go back to its first batch."""
        if self.done:
            core.epochs += 1
        self.restart()

    def restart(self) -> None:
        """Go back to the first batch."""
        self.done, self._order = 0, None

    def _pass_order(self, core: _core.Model, count: int) -> NDArray[np.intp] | None:
        if self.shuffle and self._order is None:
            order = _core.shuffled_order(count, core.seed, core.epochs)
            self._order = np.array(order, dtype=np.intp)
        return self._order


class ArraySource(Source):
    """Checked arrays, cut into batches."""

    def __init__(self, data: Data, batch_size: int, shuffle: bool, steps: int | None) -> None:
        super().__init__(steps, shuffle)
        self.data, self._given_size = data, batch_size
        self.samples: int = len(data.x)
        self.batch_size: int = min(batch_size, self.samples)
        self.length = -(-self.samples // self.batch_size)

    def over(self, data: Data) -> ArraySource:
        """Return the same with other data."""
        return ArraySource(data, self._given_size, self.shuffle, self._given_steps)

    def batches(self, core: _core.Model, step: int = 0) -> Iterator[Data]:
        """Yield what is left of an epoch after ``step`` batches of it."""
        for _ in range(self.left(step) or 0):
            self.done += 1
            yield self._part(core, self.done - 1, self.done)

    def whole(self, core: _core.Model, step: int, train: Train) -> _core.Result:
        """Train what is left of an epoch in one call of the core, with the same bits."""
        begin, end = self.done, self.done + (self.left(step) or 0)
        if begin == 0 and end == self.length:  # the core draws the order and counts the pass
            return train(self.data, self.batch_size, self.shuffle)
        part, before = self._part(core, begin, end), core.epochs
        try:
            result = train(part, self.batch_size, False)
        finally:
            self.done = end
            core.epochs = before
        return result

    def first(self) -> Data:
        """Return the batches of one epoch, from the first, as one."""
        x, y, weights = self.data
        end = min((self.steps or 1) * (self.batch_size), len(x))
        return Data(x[:end], y[:end], None if weights is None else weights[:end])

    def _part(self, core: _core.Model, begin: int, end: int) -> Data:
        """Return batches begin .. end - 1 of the pass as one."""
        x, y, weights = self.data
        size = self.batch_size
        rows: Any = slice(begin * size, min(end * size, len(x)))
        order = self._pass_order(core, len(x))
        if order is None:
            samples = x[rows]
        else:
            rows = order[rows]
            samples = x.take(rows) if isinstance(x, CsrRows) else x[rows]
        return Data(samples, y[rows], None if weights is None else weights[rows])


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
        self._x, self.check = x, check
        self._one_shot = isinstance(x, Iterator)
        self._iterator: Iterator[object] | None = None
        self._ahead: list[object] = []
        try:
            self.length = len(x)
        except TypeError:  # generators, and loaders of what has no length
            self.length = None
        if self.length == 0 or not self.has_more():
            raise ValueError(f"{name} must give at least one batch. Received: an empty {_kind(x)}")

    def peek(self) -> object:
        """Return the first batch, unchecked."""
        return self._x[0] if self._indexed else self._ahead[0]

    def ready(self, core: _core.Model) -> bool:
        """Return whether another epoch can begin: all but a one-shot iterator can begin anew."""
        if not self.has_more() and not self._one_shot:
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
        super().finish_epoch(core, steps_made)
        if through and self.done:
            self.begin_pass(core)
        if through and hasattr(self._x, "on_epoch_end"):  # of a PyDataset
            self._x.on_epoch_end()

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


def _kind(x: object) -> str:
    return type(x).__name__


def split(
    source: Source, fraction: object, batch_size: int, steps: int | None
) -> tuple[Source, ArraySource | None]:
    """Return the data for training and, from their end, the given fraction for validation.

    Raises
    ------
    TypeError, ValueError
        ``fraction`` is not a number in [0, 1), leaves one of the two without samples, or there are
        no arrays to split.
    """
    share = real(fraction, "validation_split", minimum=0, below=1)
    if not share:
        return source, None
    if not isinstance(source, ArraySource):
        raise ValueError(
            f"validation_split must be 0 where x gives batches, which it cannot split; give "
            f"validation_data. Received: {share:g}"
        )
    data, samples = source.data, source.samples
    at = math.floor(samples * (1 - share))
    if not 0 < at < samples:
        raise ValueError(
            "validation_split must leave samples for training and for validation. "
            f"Received: {share:g} of {samples} samples"
        )
    weights = data.sample_weight
    left = Data(data.x[:at], data.y[:at], None if weights is None else weights[:at])
    right = Data(data.x[at:], data.y[at:], None if weights is None else weights[at:])
    return source.over(left), ArraySource(right, batch_size, False, steps)
