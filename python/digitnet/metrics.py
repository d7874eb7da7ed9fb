"""Metrics: what training reports beside the loss. They ignore sample weights, as in Keras 3.

Called on arrays, a metric is computed here in float64 with plain NumPy; in a model, by the core.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from digitnet._arrays import as_array
from digitnet._checks import text
from digitnet._identifiers import CoreKind, resolve
from digitnet._identifiers import serialize as _serialize
from digitnet._pairs import label_pair, value_pair


class Metric(CoreKind):
    """Base of all metrics; call one as ``metric(y_true, y_pred)``.

    Parameters
    ----------
    name : str, optional
        Key in ``History.history`` and in the progress line; default: the metric's own name.

    Raises
    ------
    TypeError, ValueError
        ``name`` is not a non-empty string.
    """

    takes_labels: ClassVar[bool] = False
    direction: ClassVar[str] = "min"
    """Which is better, less ("min") or more ("max"): callbacks that watch a metric ask."""

    def __init__(self, name: str | None = None) -> None:
        self.name = self.kind if name is None else text(name, "name")

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return the mean over all samples.

        ``y_pred`` is (n, outputs); ``y_true`` has its shape, or is (n,) for labels.

        Raises
        ------
        ValueError, TypeError
            Shapes that do not fit, labels out of range, or arrays that do not hold numbers.
        """
        raise NotImplementedError

    def for_model(self, labels: bool, outputs: int) -> Metric:
        """Return the metric to use where targets are labels (or rows) and outputs so many."""
        return self

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest output is at their label (n,)."""

    kind = "sparse_categorical_accuracy"
    direction = "max"
    takes_labels = True

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return a share in [0, 1]."""
        labels, output = label_pair(y_true, y_pred)
        return float((output.argmax(axis=1) == labels).mean())


class CategoricalAccuracy(Metric):
    """Share of samples whose largest output is where their one-hot row (n, classes) is largest."""

    kind = "categorical_accuracy"
    direction = "max"

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return a share in [0, 1]."""
        targets, output = value_pair(y_true, y_pred)
        return float((output.argmax(axis=1) == targets.argmax(axis=1)).mean())


class BinaryAccuracy(Metric):
    """Share of outputs on the same side of 0.5 as their target: ``(y > 0.5) == t``."""

    kind = "binary_accuracy"
    direction = "max"

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return a share in [0, 1]."""
        targets, output = value_pair(y_true, y_pred)
        return float(((output > 0.5) == targets).mean())


class MeanSquaredError(Metric):
    """``mean_c (y_c - t_c)**2``, the mean over all samples."""

    kind = "mean_squared_error"

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return the mean, in squared units of the targets."""
        targets, output = value_pair(y_true, y_pred)
        return float(((output - targets) ** 2).mean())


class MeanAbsoluteError(Metric):
    """``mean_c |y_c - t_c|``, the mean over all samples."""

    kind = "mean_absolute_error"

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return the mean, in units of the targets."""
        targets, output = value_pair(y_true, y_pred)
        return float(np.abs(output - targets).mean())


class Accuracy(Metric):
    """The accuracy that fits the targets, as Keras 3 reads the name "accuracy".

    One output: BinaryAccuracy. Labels: SparseCategoricalAccuracy. Else: CategoricalAccuracy.
    """

    kind = "accuracy"
    direction = "max"

    def for_model(self, labels: bool, outputs: int) -> Metric:
        """Return the accuracy for these targets, under this metric's name."""
        if labels:
            return SparseCategoricalAccuracy(self.name)
        return BinaryAccuracy(self.name) if outputs == 1 else CategoricalAccuracy(self.name)

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike) -> float:
        """Return a share in [0, 1]."""
        targets, output = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
        outputs = 1 if output.ndim == 1 else output.shape[-1]
        labels = outputs > 1 and (targets.ndim == 1 or targets.shape[-1] == 1)
        return self.for_model(labels, outputs)(targets, output)


_ALL: tuple[type[Metric], ...] = (
    Accuracy, SparseCategoricalAccuracy, CategoricalAccuracy, BinaryAccuracy,
    MeanSquaredError, MeanAbsoluteError,
)  # fmt: skip
_NAMES = {cls.kind: cls for cls in _ALL} | {
    "acc": Accuracy, "mse": MeanSquaredError, "mae": MeanAbsoluteError,
}  # fmt: skip
_CLASSES = {cls.__name__: cls for cls in _ALL} | {
    "MSE": MeanSquaredError, "MAE": MeanAbsoluteError,
}  # fmt: skip


def get(identifier: object) -> Metric:
    """Return the metric for a name, an instance, a class or a saved configuration.

    A metric given by name keeps that name: "acc" is reported as "acc".

    Raises
    ------
    ValueError
        The name is unknown; the message lists the known ones.
    TypeError
        ``identifier`` is none of these, or of a class of the user's own.
    """
    metric = resolve(identifier, Metric, _NAMES, _CLASSES, "metric")
    return type(metric)(identifier) if isinstance(identifier, str) else metric


def serialize(item: Metric) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal metric.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "metric")
