"""Class labels as one-hot rows (the old Keras address of ``to_categorical``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._arrays import as_real
from digitnet._checks import MAX_WIDTH, integer, physical_memory

__all__ = ["to_categorical"]


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Return one-hot rows for class labels.

    Parameters
    ----------
    x : array of integers, shape (n,), (n, 1) or any other
        Labels, 0 <= label < num_classes; floats with integral values are accepted.
    num_classes : int, optional
        Width of a row; the largest label plus one if not given.

    Returns
    -------
    float64 array of shape (n, num_classes)
        In general the shape of ``x``, less a last axis of size 1, with ``num_classes`` appended.

    Raises
    ------
    TypeError
        ``x`` does not hold real numbers.
    ValueError
        ``x`` is empty, a label is not integral or out of range, or there are more classes than the
        core takes outputs (2**30) or than rows of that width fit into the machine's memory.
    """
    labels = as_real(x, "x")
    if not labels.size:
        raise ValueError(f"x must hold at least one label. Received: shape {labels.shape}")
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    flat = labels.reshape(-1)
    if num_classes is not None:
        num_classes = integer(num_classes, "num_classes", maximum=MAX_WIDTH)
    limit = MAX_WIDTH if num_classes is None else num_classes
    wrong = ~((flat >= 0) & (flat < limit))  # also NaN
    if flat.dtype.kind == "f":
        wrong[~wrong] = flat[~wrong] != np.floor(flat[~wrong])
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"x must hold integer labels in [0, {limit}). Received: {flat[i]} at position {i}"
        )
    classes = int(flat.max()) + 1 if num_classes is None else num_classes
    if 8 * flat.size * classes > physical_memory():
        raise ValueError(
            f"x and num_classes must give rows that fit into memory. "
            f"Received: {flat.size} labels of {classes} classes, {8 * flat.size * classes} bytes"
        )
    one_hot = np.zeros((flat.size, classes))
    one_hot[np.arange(flat.size), flat.astype(np.intp)] = 1.0
    return one_hot.reshape(*shape, classes)
