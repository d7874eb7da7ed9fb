"""What the batches of an epoch come from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._data import Data
from digitnet._warnings import warn


class Source:
    """Batches, in passes over the data that may take several epochs.

    ``done`` counts the batches of the present pass that were handed out. Passes are counted by the
    core, whose ``epochs`` is the number of the present one: it makes the order of a shuffled pass.
    """

    samples: int | None = None  # in a pass
    length: int | None = None  # batches in a pass, if known
    batch_size: int | None = None
    done = 0
    steady = True  # whether every epoch has the same data

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

    def begin_epoch(self, epoch: int) -> None:
        """Prepare the data of epoch number ``epoch``, which may have begun before."""

    def batches(self, core: _core.Model, step: int = 0) -> Iterator[Data]:
        """Yield what is left of an epoch after ``step`` batches of it."""
        raise NotImplementedError

    def finish_epoch(self, core: _core.Model, steps_made: int) -> None:
        """Begin the next pass where this one is through."""
        if self._given_steps is not None and steps_made < self._given_steps:
            warn(
                f"x ran out of data: an epoch had {steps_made} of the {self._given_steps} batches "
                "that steps_per_epoch asks for"
            )
        if self.done == self.length:
            self.begin_pass(core)

    def end(self, made: int, name: str, argument: str) -> None:
        """Warn where a test made fewer batches than were asked for."""
        if self._given_steps is not None:
            check_end(made, self._given_steps, name, argument)

    def begin_pass(self, core: _core.Model) -> None:
        """Count the pass that was begun, and go back to its first batch."""
        if self.done:
            core.epochs += 1
        self.restart()

    def require_batch(self) -> None:
        """Raise a ValueError where there is no batch at all."""

    def end_pass(self) -> None:
        """Note that nothing more is read of the present pass."""

    def restart(self) -> None:
        """Go back to the first batch."""
        self.done, self._order = 0, None

    def _pass_order(self, core: _core.Model, count: int) -> NDArray[np.intp] | None:
        if self.shuffle and self._order is None:
            order = _core.shuffled_order(count, core.seed, core.epochs)
            self._order = np.array(order, dtype=np.intp)
        return self._order


def check_end(made: int, wanted: int, name: str, argument: str) -> None:
    """Warn where data gave fewer batches than were asked for."""
    if made < wanted:
        warn(
            f"{name} ran out of data: it gave {made} of the {wanted} batches that {argument} asks "
            "for"
        )
