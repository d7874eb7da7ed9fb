"""Loss functions: what training minimises.

A loss is the mean over the samples of a row loss; formulas are those of Keras 3. Called on arrays,
a loss is computed here in float64 with plain NumPy; in a model the core computes it.

Probabilities are clipped to [1e-7, 1 - 1e-7] before the logarithm, as in Keras. Not so where a
model's last step is softmax or sigmoid and the loss the cross-entropy that belongs to it: the core
then computes the loss from the values z before that step, in the stable form log-sum-exp
(``log sum_c exp z_c - sum_c t_c z_c``), as if ``from_logits`` were given. Keras clips there too, on
its JAX and PyTorch backends; the two differ only where a probability is below 1e-7.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet import _core
from digitnet._checks import flag, real, text
from digitnet._data import as_sample_weight
from digitnet._identifiers import CoreKind, resolve
from digitnet._identifiers import serialize as _serialize
from digitnet._pairs import label_pair, value_pair

EPSILON = 1e-7  # probabilities are clipped to [EPSILON, 1 - EPSILON] before the logarithm

Float64Array = NDArray[np.float64]


class Loss(CoreKind):
    """Base of all losses; call one as ``loss(y_true, y_pred, sample_weight=None)``.

    Parameters
    ----------
    name : str, optional
        Only for the saved configuration; a string of one line.
    """

    takes_labels: ClassVar[bool] = False  # targets are class indices (n,) instead of rows

    def __init__(self, *, name: str | None = None) -> None:
        self.name = self.kind if name is None else text(name, "name")

    def rows(self, y_true: ArrayLike, y_pred: ArrayLike) -> Float64Array:
        """Return the loss of every sample, float64 (n,).

        ``y_pred`` is (n, outputs); ``y_true`` has its shape, or is (n,) if the loss takes labels.

        Raises
        ------
        ValueError, TypeError
            Shapes that do not fit, labels out of range, or arrays that do not hold numbers.
        """
        pair = label_pair if self.takes_labels else value_pair
        return np.asarray(self._rows(*pair(y_true, y_pred)))

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        """Compute `rows` from labels (n,) or rows (n, outputs), and outputs (n, outputs)."""
        raise NotImplementedError

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return ``sum(sample_weight * rows) / n`` (weights 1 if not given), as Keras 3 reduces.

        Raises
        ------
        ValueError, TypeError
            As ``rows``; or ``sample_weight`` is not (n,) or (n, 1), finite and >= 0.
        """
        losses = self.rows(y_true, y_pred)
        if sample_weight is None:
            return float(losses.mean())
        weights = as_sample_weight(sample_weight, "sample_weight", len(losses))
        return float((weights * losses).mean())

    def _parameters(self) -> dict[str, Any]:
        """Return what the core must know."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**self._parameters(), "name": self.name}

    def core_loss(self) -> _core.Loss:
        """Return the core's description of this loss."""
        return _core.Loss(self.kind, **self._parameters())


class _Crossentropy(Loss):
    """What the cross-entropies share.

    Parameters
    ----------
    from_logits : bool
        ``y_pred`` holds logits z instead of probabilities.
    label_smoothing : float in [0, 1]
        How far the targets move towards an equal share for every class.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.from_logits = flag(from_logits, "from_logits")
        self.label_smoothing = real(label_smoothing, "label_smoothing", minimum=0, maximum=1)

    def _parameters(self) -> dict[str, Any]:
        return {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}

    def _categorical(self, targets: Float64Array, output: Float64Array) -> Any:
        smooth = targets * (1 - self.label_smoothing) + self.label_smoothing / output.shape[1]
        if self.from_logits:
            z = output - output.max(axis=1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        else:  # Keras 3 rescales every row of probabilities to sum 1
            p = output / output.sum(axis=1, keepdims=True)
            log_p = np.log(np.clip(p, EPSILON, 1 - EPSILON))
        return -(smooth * log_p).sum(axis=1)


class CategoricalCrossentropy(_Crossentropy):
    """``-sum_c t_c log p_c`` with one-hot targets t, or any distribution over the classes.

    Label smoothing s replaces t by ``t (1 - s) + s / classes`` (Szegedy et al., 2016).
    """

    kind = "categorical_crossentropy"

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        return self._categorical(targets, output)


class SparseCategoricalCrossentropy(_Crossentropy):
    """``-log p_label`` with integer targets (n,); label smoothing as CategoricalCrossentropy."""

    kind = "sparse_categorical_crossentropy"
    takes_labels = True

    def __init__(  # Keras has another argument in the second place
        self, from_logits: bool = False, *, label_smoothing: float = 0.0, name: str | None = None
    ) -> None:
        super().__init__(from_logits, label_smoothing, name=name)

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        return self._categorical(np.eye(output.shape[1])[targets], output)


class BinaryCrossentropy(_Crossentropy):
    """``mean_c -(t_c log p_c + (1 - t_c) log(1 - p_c))`` with targets in [0, 1].

    Label smoothing s replaces t by ``t (1 - s) + s / 2``.
    """

    kind = "binary_crossentropy"

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        t = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        if self.from_logits:  # the same, without overflow
            terms = np.maximum(output, 0) - output * t + np.log1p(np.exp(-np.abs(output)))
        else:
            p = np.clip(output, EPSILON, 1 - EPSILON)
            terms = -(t * np.log(p) + (1 - t) * np.log(1 - p))
        return terms.mean(axis=1)


class MeanSquaredError(Loss):
    """``mean_c (y_c - t_c)**2``."""

    kind = "mean_squared_error"

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        return ((output - targets) ** 2).mean(axis=1)


class MeanAbsoluteError(Loss):
    """``mean_c |y_c - t_c|``."""

    kind = "mean_absolute_error"

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        return np.abs(output - targets).mean(axis=1)


class Huber(Loss):
    """``mean_c h(y_c - t_c)``: h(e) = e² / 2 where |e| <= delta, else delta |e| - delta² / 2.

    Source: Huber, "Robust estimation of a location parameter", 1964.

    Raises
    ------
    TypeError, ValueError
        ``delta`` is not a finite number > 0.
    """

    kind = "huber"

    def __init__(self, delta: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.delta = real(delta, "delta", above=0)

    def _parameters(self) -> dict[str, Any]:
        return {"delta": self.delta}

    def _rows(self, targets: NDArray[Any], output: Float64Array) -> Any:
        e = np.abs(output - targets)
        return np.where(e <= self.delta, e**2 / 2, self.delta * (e - self.delta / 2)).mean(axis=1)


_ALL: tuple[type[Loss], ...] = (
    CategoricalCrossentropy, SparseCategoricalCrossentropy, BinaryCrossentropy,
    MeanSquaredError, MeanAbsoluteError, Huber,
)  # fmt: skip
_NAMES = {cls.kind: cls for cls in _ALL} | {
    "bce": BinaryCrossentropy, "mse": MeanSquaredError, "mae": MeanAbsoluteError,
}  # fmt: skip
_CLASSES = {cls.__name__: cls for cls in _ALL} | {
    "BCE": BinaryCrossentropy, "MSE": MeanSquaredError, "MAE": MeanAbsoluteError,
}  # fmt: skip


def get(identifier: object) -> Loss:
    """Return the loss for a name, an instance, a class or a saved configuration.

    Raises
    ------
    ValueError
        The name is unknown; the message lists the known ones.
    TypeError
        ``identifier`` is none of these, or of a class of the user's own.
    """
    return resolve(identifier, Loss, _NAMES, _CLASSES, "loss")


def serialize(item: Loss) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal loss.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "loss")
