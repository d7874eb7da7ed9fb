"""Lists of weights or gradients, checked before anything changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitnet._arrays import FloatArray, as_array, as_float32, check_finite
from digitnet._data import Shape


def as_weights(values: object, shapes: Sequence[Shape], name: str) -> list[FloatArray]:
    """Return one float32 array for each of ``shapes``: weights or gradients in the model's order.

    Raises
    ------
    TypeError
        ``values`` is not a list of arrays of real numbers.
    ValueError
        Another number of arrays, another shape, or a value that is not finite in float32.
    """
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a list of arrays. Received: {type(values).__name__}")
    if len(values) != len(shapes):
        raise ValueError(f"{name} must hold {len(shapes)} arrays. Received: {len(values)}")
    arrays = []
    for i, (value, shape) in enumerate(zip(values, shapes, strict=True)):
        array = as_array(value, f"{name}[{i}]")
        if array.shape != shape:
            raise ValueError(f"{name}[{i}] must have shape {shape}. Received: shape {array.shape}")
        converted = as_float32(array)
        check_finite(converted.reshape(len(array), -1), array, f"{name}[{i}]")
        arrays.append(np.ascontiguousarray(converted))
    return arrays
