"""What users pass as data, checked once and handed to the core without needless copies."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet import _core
from digitnet._arrays import FloatArray, as_array, as_float32, check_finite
from digitnet._foreign import check_uncopied
from digitnet._sparse import CsrMatrix, as_csr, csr_samples

Shape: TypeAlias = tuple[int, ...]
SamplesLike: TypeAlias = ArrayLike | CsrMatrix


class Data(NamedTuple):
    """Samples with their targets and weights, as the core takes them."""

    x: _core.Samples
    y: _core.Targets
    sample_weight: FloatArray | None


def sample_shape_of(x: object, name: str = "x") -> Shape:
    """Return the shape of one sample: ``x.shape`` without its first axis; (1,) for a 1-D array.

    Raises
    ------
    TypeError, ValueError
        As ``as_array`` and ``as_csr``.
    """
    matrix = as_csr(x, name)
    shape = as_array(x, name).shape if matrix is None else matrix.shape
    return shape[1:] or (1,)


def as_samples(x: object, name: str, shape: Shape, copy: bool | None = None) -> _core.Samples:
    """Return ``x`` of shape (n, *shape) as (n, features), CSR or an array, uint8 or float32.

    uint8 and native float32 arrays are not copied where a view will do; booleans become uint8,
    others float32. As in Keras, a last axis of size 1 may be missing or in excess.

    Raises
    ------
    TypeError
        ``x`` does not hold real numbers, or is sparse but not CSR.
    ValueError
        Another shape, no samples, a value that is not finite in float32, or ``copy`` is False and
        the samples cannot be read as they lie.
    """
    matrix = as_csr(x, name)
    if matrix is not None:
        _check_shape(matrix.shape, name, shape)
        return csr_samples(matrix, name, copy)
    array = as_array(x, name, copy)
    _check_shape(array.shape, name, shape)
    if copy is False:
        check_uncopied(array, name, (np.uint8, np.float32), contiguous=False)
    rows = array
    if array.dtype == np.bool_:  # no view: foreign memory may hold other bytes than 0 and 1
        rows = array.astype(np.uint8)
    elif array.dtype != np.uint8:
        rows = as_float32(array)
    rows = rows.reshape(len(array), -1)
    if rows.dtype != np.uint8:
        check_finite(rows, array, name)
    return rows


def _check_shape(found: Shape, name: str, shape: Shape) -> None:
    received = found[1:]
    if received != shape and received != (*shape, 1) and (*received, 1) != shape:
        expected = ", ".join(str(size) for size in shape)
        raise ValueError(f"{name} must have shape (n, {expected}). Received: shape {found}")


def as_labels(y: object, name: str, classes: int, copy: bool | None = None) -> NDArray[np.int32]:
    """Return class labels of shape (n,) or (n, 1) as contiguous int32 (n,).

    Raises
    ------
    TypeError
        ``y`` does not hold real numbers.
    ValueError
        Another shape, a label that is not an integer in [0, classes), or ``copy`` is False and they
        are not such an array already.
    """
    array = as_array(y, name, copy)
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 1):
        hint = ""
        if array.ndim == 2 and array.shape[1] == classes:
            hint = " (one-hot rows go with loss='categorical_crossentropy')"
        raise ValueError(
            f"{name} must hold class labels of shape (n,) or (n, 1) for a sparse loss. "
            f"Received: shape {array.shape}{hint}"
        )
    if copy is False:
        check_uncopied(array, name, (np.int32,))
    array = array.reshape(-1)
    wrong = None
    if array.dtype.kind == "f":
        inside = (array >= 0) & (array < classes)  # False for NaN
        inside[inside] = array[inside] == np.floor(array[inside])
        wrong = None if inside.all() else int(inside.argmin())
        labels = np.where(inside, array, -1).astype(np.int32)
    elif array.dtype.itemsize > 4 or array.dtype == np.uint32:  # clip first: 2**32 + 3 is not 3
        least = array.dtype.type(0) if array.dtype.kind == "u" else array.dtype.type(-1)
        labels = np.clip(array, least, array.dtype.type(classes)).astype(np.int32)
    else:
        labels = np.require(array, np.int32, ["C", "A"])
    if wrong is None:
        wrong = _core.first_label_outside(labels, classes)
    if wrong is not None:
        raise ValueError(
            f"{name} must hold integer labels in [0, {classes}), one for each output of the model. "
            f"Received: {name}[{wrong}] = {array[wrong]}"
        )
    return labels


def as_rows(y: object, name: str, outputs: int, copy: bool | None = None) -> FloatArray:
    """Return targets of shape (n, outputs) as float32; (n,) is accepted for one output.

    Raises
    ------
    TypeError
        ``y`` does not hold real numbers.
    ValueError
        Another shape, a value that is not finite in float32, or ``copy`` is False and they are not
        such an array in C order.
    """
    array = as_array(y, name, copy)
    if array.ndim == 1 and outputs == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or array.shape[1] != outputs:
        hint = ""
        if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
            hint = (
                " (class labels go with loss='sparse_categorical_crossentropy', "
                "or through utils.to_categorical)"
            )
        raise ValueError(
            f"{name} must have shape (n, {outputs}), one value for each output of the model. "
            f"Received: shape {array.shape}{hint}"
        )
    if copy is False:
        check_uncopied(array, name, (np.float32,))
    rows = as_float32(array)
    check_finite(rows, array, name)
    return np.ascontiguousarray(rows)


def as_sample_weight(
    values: object, name: str, samples: int, copy: bool | None = None
) -> FloatArray:
    """Return one weight for each sample, given as (n,) or (n, 1), as float32 (n,).

    Raises
    ------
    TypeError
        ``values`` does not hold real numbers.
    ValueError
        Another shape, a weight that is negative or not finite in float32, or ``copy`` is False and
        they are not such an array already.
    """
    array = as_array(values, name, copy)
    if array.shape == (samples, 1):
        array = array[:, 0]
    if array.shape != (samples,):
        raise ValueError(
            f"{name} must have shape ({samples},), one weight for each sample. "
            f"Received: shape {array.shape}"
        )
    if copy is False:
        check_uncopied(array, name, (np.float32,))
    weights = np.ascontiguousarray(as_float32(array))
    check_finite(weights[:, np.newaxis], array, name)
    if (weights < 0).any():
        i = int((weights < 0).argmax())
        raise ValueError(f"{name} must not be negative. Received: {name}[{i}] = {array[i]}")
    return weights


def as_data(
    x: object,
    y: object,
    sample_weight: object,
    *,
    shape: Shape,
    outputs: int,
    labels: bool,
    names: tuple[str, str, str] = ("x", "y", "sample_weight"),
    copy: bool | None = None,
) -> Data:
    """Check samples, targets and weights, and that they are equally many.

    ``labels`` tells whether the loss takes class indices; ``names`` are for messages; where
    ``copy`` is False, what cannot be read as it lies is an error.

    Raises
    ------
    TypeError, ValueError
        As ``as_samples``, ``as_labels``, ``as_rows`` and ``as_sample_weight``; or ``y`` is None, or
        lengths differ.
    """
    samples = as_samples(x, names[0], shape, copy)
    if y is None:
        raise TypeError(f"{names[1]} must be given where {names[0]} is an array. Received: None")
    targets: _core.Targets
    targets = (as_labels if labels else as_rows)(y, names[1], outputs, copy)
    if len(samples) != len(targets):
        raise ValueError(
            f"{names[0]} and {names[1]} must hold equally many samples. "
            f"Received: {len(samples)} and {len(targets)}"
        )
    weights = None
    if sample_weight is not None:
        weights = as_sample_weight(sample_weight, names[2], len(samples), copy)
    return Data(samples, targets, weights)
