"""Classes: what a classifier's targets are, as numbers for the core and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet._errors import shown


@dataclass(frozen=True)
class Classes:
    """The classes of a training, sorted, and what they ask of the network."""

    values: NDArray[Any]  # (n_classes,), or 0 … n_labels - 1
    multilabel: bool  # targets are (n, n_labels), 0 or 1

    @classmethod
    def of(cls, y: NDArray[Any], multilabel: bool, wanted: Any = None) -> Classes:
        """Return the classes in ``y``, or those that are ``wanted``.

        Raises
        ------
        ValueError
            There is but one.
        """
        if multilabel:
            return cls(np.arange(y.shape[1]), True)
        values = np.unique(y if wanted is None else wanted)
        if len(values) < 2:
            raise ValueError(
                f"y must hold at least 2 classes. Received: 1 class, {shown(values[0])}"
            )
        return cls(values, False)

    @property
    def logistic(self) -> bool:
        """Whether each output is a probability of its own; else they are one softmax."""
        return self.multilabel or len(self.values) == 2

    @property
    def outputs(self) -> int:
        """How many outputs the network has; two classes share one."""
        return 1 if self.logistic and not self.multilabel else len(self.values)

    @property
    def loss(self) -> str:
        """The name of digitnet's loss."""
        return "binary_crossentropy" if self.logistic else "sparse_categorical_crossentropy"

    def encoded(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the core's targets: indices of classes (n,), or rows of 0 or 1, (n, outputs).

        Raises
        ------
        ValueError
            A class that is not among these, another number of labels, or one that is not 0 or 1.
        """
        if (y.ndim == 2) != self.multilabel or (self.multilabel and y.shape[1] != self.outputs):
            expected = (
                f"0 and 1 for each of {self.outputs} labels" if self.multilabel else "classes"
            )
            raise ValueError(
                f"y must hold {expected}, as in the first call. Received: shape {y.shape}"
            )
        if self.multilabel:
            wrong = np.argwhere((y != 0) & (y != 1))
            if len(wrong):
                i, j = wrong[0]
                raise ValueError(
                    "y must hold 0 or 1 for each label. "
                    f"Received: y[{i}, {j}] = {shown(y[i, j])} (multilabel-indicator targets)"
                )
            return y.astype(np.float32)
        known = np.isin(y, self.values)
        if not known.all():
            at = int(known.argmin())
            raise ValueError(
                f"y must hold only classes of the first call, {self.values}. "
                f"Received: y[{at}] = {shown(y[at])}"
            )
        indices = np.searchsorted(self.values, y)
        if self.logistic:
            return indices.astype(np.float32)[:, np.newaxis]
        return indices.astype(np.int32)

    def decided(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """Return indices of classes (n,), or 0 or 1 for each label (n, outputs)."""
        if not self.logistic:
            return np.asarray(outputs.argmax(axis=1), dtype=np.int64)
        above = (outputs > 0.5).astype(np.int64)
        return above if self.multilabel else above[:, 0]
