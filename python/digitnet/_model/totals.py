"""Sums over the batches of an epoch or of a test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from digitnet import _core


class Totals(NamedTuple):
    """Loss and metrics summed over samples."""

    samples: int = 0
    sums: tuple[float, ...] = ()

    def plus(self, samples: int, means: Iterable[float]) -> Totals:
        """Return the totals with these samples, whose means are given, added."""
        more = [mean * samples for mean in means]
        old = self.sums or (0.0,) * len(more)
        both = tuple(a + b for a, b in zip(old, more, strict=True))
        return Totals(self.samples + samples, both)

    def plus_result(self, result: _core.Result) -> Totals:
        """Return the totals with what the core returned added."""
        return self.plus(result.samples, [result.loss, *result.metrics])

    def means(self) -> list[float]:
        """Return loss and metrics, means over the samples."""
        return [value / self.samples for value in self.sums]
