"""Arrays, cut into batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from digitnet import _core
from digitnet._checks import real
from digitnet._data import Data
from digitnet._model.source import Source
from digitnet._sparse import CsrRows

# data, batch size, whether to shuffle
Train: TypeAlias = Callable[[Data, int, bool], _core.Result]


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
