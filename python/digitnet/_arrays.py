"""Arrays that users pass: the one conversion to an array of real numbers, and its checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsInt, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._checks import MAX_INT
from digitnet._foreign import as_numpy

FloatArray: TypeAlias = NDArray[np.float32]

_PART = 1 << 21  # values that are converted in some milliseconds


def as_real(values: object, name: str, copy: bool | None = None) -> NDArray[Any]:
    """Return ``values`` as an array of real numbers of any shape, not copied if it is one.

    Raises
    ------
    TypeError
        The values are not real numbers (bool, int, float), some of them are masked, or as
        ``as_numpy``.
    ValueError
        A ragged list, missing values, or ``copy`` is False and it would take one.
    """
    if isinstance(values, np.ndarray) and hasattr(values, "mask"):  # numpy.ma need not be imported
        raise TypeError(
            f"{name} must not be a masked array, whose mask would be lost; fill or drop what is "
            f"masked. Received: {type(values).__name__}"
        )
    array = np.asarray(values) if isinstance(values, np.ndarray) else as_numpy(values, name, copy)
    if array.dtype == object and any(isinstance(v, (list, tuple, np.ndarray)) for v in array.flat):
        raise ValueError(
            f"{name} must be an array with rows of equal length. Received: rows of several lengths"
        )
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must be an array of real numbers (bool, integer or float). "
            f"Received: dtype {array.dtype} ({type(values).__name__})"
        )
    return array


def as_array(values: object, name: str, copy: bool | None = None) -> NDArray[Any]:
    """Return ``values`` as an array of real numbers with at least one sample, not copied if one.

    Raises
    ------
    TypeError, ValueError
        As ``as_real``; or a scalar, or no samples.
    """
    array = as_real(values, name, copy)
    if array.ndim == 0:
        raise ValueError(f"{name} must hold samples along its first axis. Received: a scalar")
    check_samples(array.shape, name)
    return array


def check_samples(shape: tuple[int, ...], name: str) -> None:
    """Raise a ValueError for a shape (n, …) with no samples, or with too many."""
    if 0 in shape:
        raise ValueError(f"{name} must hold at least one sample. Received: shape {shape}")
    if shape[0] > MAX_INT:
        raise ValueError(f"{name} must hold at most {MAX_INT} samples. Received: {shape[0]}")


def as_float32(array: NDArray[Any]) -> FloatArray:
    """Return ``array`` itself if it is native float32, else converted; too large becomes inf."""
    if array.dtype == np.float32 and array.flags.aligned:  # unaligned: a field of a packed record
        return array
    with np.errstate(over="ignore"):
        if array.ndim == 0 or array.size <= _PART:
            return array.astype(np.float32)
        result = np.empty_like(array, np.float32, subok=False)
        rows = max(_PART * len(array) // array.size, 1)
        for begin in range(0, len(array), rows):  # between two parts Ctrl-C comes through
            result[begin : begin + rows] = array[begin : begin + rows]
        return result


def check_finite(rows: FloatArray, original: NDArray[Any], name: str) -> None:
    """Raise a ValueError that names the first NaN, infinity or value too large for float32."""
    found = _core.first_nonfinite(rows)
    if found is not None:
        index = np.unravel_index(found[0] * rows.shape[1] + found[1], original.shape)
        raise not_finite(name, index, original[index])


def not_finite(name: str, index: Iterable[SupportsInt], value: object) -> ValueError:
    """Return the error for a value that is not finite."""
    position = ", ".join(str(int(i)) for i in index)
    return ValueError(
        f"{name} must hold finite numbers only (in float32). Received: {name}[{position}] = {value}"
    )
