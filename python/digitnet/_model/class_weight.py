"""Weights of classes, which `fit` turns into weights of samples."""

from __future__ import annotations

import operator
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._checks import real
from digitnet._data import Data
from digitnet._model.array_source import ArraySource
from digitnet._model.batch_source import BatchSource
from digitnet._model.source import Source


class ClassWeight:
    """How much the samples of each class count; classes that are not named count 1.

    Parameters
    ----------
    weights : dict of int to float
        By class: the label, the position of the largest target of a row, or, for one output, 0 or
        1, whichever is nearer.
    outputs : int
        Of the model.

    Raises
    ------
    TypeError
        ``weights`` is no such dict.
    ValueError
        A class that the model does not have, or a weight that is negative or not finite.
    """

    def __init__(self, weights: object, outputs: int) -> None:
        if not isinstance(weights, Mapping):
            shown = repr(weights) if isinstance(weights, str) else f"a {type(weights).__name__}"
            raise TypeError(
                "class_weight must be a dict from classes to weights, such as {0: 1.0, 1: 2.5} or "
                f"dict(enumerate(weights)). Received: {shown}"
            )
        self._table = np.ones(max(outputs, 2))  # one output: two classes
        for key, value in weights.items():
            label = _class(key, len(self._table))
            self._table[label] = real(value, f"class_weight[{label}]", minimum=0)

    def over(self, source: Source) -> Source:
        """Return the source with its weights multiplied."""
        if isinstance(source, ArraySource):
            return source.over(self.times(source.data))
        assert isinstance(source, BatchSource)
        check = source.check
        source.check = lambda batch, i: self.times(check(batch, i), f"y of x's batch {i}")
        return source

    def times(self, data: Data, name: str = "y") -> Data:
        """Return the samples with weights multiplied by those of their classes.

        Raises
        ------
        ValueError
            A target of a model with one output is nearer to another number than 0 and 1, or a
            product is beyond float32.
        """
        weights = self._table[_classes(data.y, name)]
        if data.sample_weight is not None:
            weights *= data.sample_weight
        with np.errstate(over="ignore"):
            product = weights.astype(np.float32)
        finite = np.isfinite(product)
        if not finite.all():
            i = int(finite.argmin())
            raise ValueError(
                "class_weight times sample_weight must be finite in float32. "
                f"Received: {weights[i]:g} for the sample of {name}[{i}]"
            )
        return data._replace(sample_weight=product)


def _class(key: object, classes: int) -> int:
    expected = f"class_weight's keys must be classes, integers in [0, {classes})"
    try:
        if isinstance(key, (bool, np.bool_)):
            raise TypeError
        label = operator.index(key)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{expected}. Received: {key!r} ({type(key).__name__})") from None
    if not 0 <= label < classes:
        raise ValueError(f"{expected}. Received: {key!r}")
    return label


def _classes(y: _core.Targets, name: str) -> NDArray[np.integer]:
    """Return the class of every sample, as Keras finds it."""
    if y.ndim == 1:
        labels: NDArray[np.integer] = y  # type: ignore[assignment]
        return labels
    if y.shape[1] > 1:
        largest: NDArray[np.integer] = y.argmax(axis=1)
        return largest
    nearest = np.round(y[:, 0])
    inside = (nearest == 0) | (nearest == 1)
    if not inside.all():
        i = int(inside.argmin())
        raise ValueError(
            f"{name} must hold 0 or 1 where class_weight is given and the model has one output. "
            f"Received: {name}[{i}] = {y[i, 0]}"
        )
    return nearest.astype(np.int64)
