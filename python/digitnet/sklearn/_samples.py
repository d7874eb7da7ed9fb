"""Samples, targets and weights on their way from scikit-learn's forms to digitnet's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digitnet._data import as_sample_weight, as_samples
from digitnet._sparse import as_csr

Weights: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingSet:
    """Samples (n, features), array or CSR; labels (n,) or rows (n, outputs); weights (n,)."""

    x: Any
    y: NDArray[Any]
    weight: Weights | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    @property
    def total_weight(self) -> float:
        """The sum of the weights; 1 for each sample where there are none."""
        return float(len(self.y)) if self.weight is None else float(self.weight.sum())

    def take(self, rows: NDArray[Any]) -> TrainingSet:
        """Return the samples at these positions (int) or where it is true (bool)."""
        return TrainingSet(
            self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows]
        )


def core_samples(x: Any) -> Any:
    """Return an array or CSR matrix (n, features) as digitnet reads it: uint8, or else float32.

    What is of these dtypes already is not copied.

    Raises
    ------
    ValueError
        A value that is not finite in float32.
    """
    shape = x.shape[1:]
    if as_csr(x, "X") is None:
        return as_samples(x, "X", shape)
    if x.dtype not in (np.uint8, np.float32):
        with np.errstate(over="ignore"):  # infinity is found in the next line but one
            x = x.astype(np.float32)
    as_samples(x, "X", shape)
    return x


def weights_of(values: object, name: str, samples: int) -> Weights:
    """Return weights as float64 (n,).

    Raises
    ------
    TypeError, ValueError
        As ``as_sample_weight``; or all of them are zero.
    """
    weight = as_sample_weight(values, name, samples).astype(np.float64)
    if not weight.any():
        raise ValueError(
            f"{name} must hold at least one weight that is not zero. Received: all are zero"
        )
    return weight


def without_zero_weights(data: TrainingSet) -> TrainingSet:
    """Return the samples that count."""
    if data.weight is None or data.weight.all():
        return data
    return data.take(data.weight != 0)


def merged(data: TrainingSet) -> TrainingSet:
    """Return the same samples in an order of their own, equal ones once, with their weights summed.

    For a batch that holds all of them, sums over the batch stay what they are, and their rounding
    depends neither on the order of the samples nor on whether one comes twice or weighs twice.
    """
    where: dict[bytes, int] = {}
    weight: dict[bytes, float] = {}
    for i, key in enumerate(_keys(data)):
        where.setdefault(key, i)
        weight[key] = weight.get(key, 0.0) + (1.0 if data.weight is None else data.weight[i])
    keys = sorted(where)
    kept = data.take(np.array([where[key] for key in keys]))
    return replace(kept, weight=np.array([weight[key] for key in keys]))


def _keys(data: TrainingSet) -> Iterator[bytes]:
    """Yield 16 bytes for every sample, equal where samples and targets are, in either form."""
    every_column = np.arange(data.x.shape[1])
    for i, target in enumerate(data.y):
        if isinstance(data.x, np.ndarray):
            columns, values = every_column, data.x[i]
        else:
            inside = slice(data.x.indptr[i], data.x.indptr[i + 1])
            columns, values = data.x.indices[inside], data.x.data[inside]
        stored = values != 0
        parts = (columns[stored].astype(np.int32), values[stored], target)
        yield blake2b(b"".join(part.tobytes() for part in parts), digest_size=16).digest()


@dataclass(frozen=True)
class Batches:
    """Samples, and how an epoch goes through them."""

    data: TrainingSet
    size: int
    shuffle: bool

    @classmethod
    def of(cls, data: TrainingSet, size: int | str, shuffle: bool, *, merge: bool) -> Batches:
        """Return the batches of at most ``size`` samples; ``merge`` allows `merged`."""
        at_most = min(200 if isinstance(size, str) else int(size), len(data))
        if at_most < len(data):
            return cls(data, at_most, bool(shuffle))
        data = merged(data) if merge else data
        return cls(data, len(data), False)  # one batch has no order

    def l2(self, alpha: float) -> float:
        """Return digitnet's penalty for scikit-learn's ``alpha``.

        They add ``l2 |W|²`` and ``alpha / 2 |W|² / w`` to the mean loss of a batch, where w is the
        sum of the batch's weights: here, its mean over the batches.
        """
        weight_of_batch = self.size * self.data.total_weight / len(self.data)
        return alpha / 2 / weight_of_batch

    def sample_weight(self, scale: float) -> Weights | None:
        """Return the weights divided by their mean, so that digitnet's mean loss is weighted too.

        ``scale`` multiplies the loss.
        """
        if self.data.weight is None:
            return None if scale == 1 else np.full(len(self.data), float(scale))
        return self.data.weight * (scale * len(self.data) / self.data.total_weight)
