"""The checks of what is drawn: each gives a plain value or raises one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._arrays import as_real
from digitnet._checks import integer


def finite(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return real, finite numbers as an array of any shape.

    Raises
    ------
    TypeError
        They are not real numbers.
    ValueError
        Some are NaN or infinite, or rows differ in length.
    """
    array = as_real(values, f"`{name}`")
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        if bad.any():
            place = ", ".join(str(int(axis[0])) for axis in np.nonzero(bad))
            raise ValueError(
                f"`{name}` must be finite. Received: {array[bad].flat[0]}"
                + (f" at [{place}]" if place else "")
            )
    return array


def as_images(images: ArrayLike, name: str = "images") -> NDArray[Any]:
    """Return images as (n, rows, columns); flat ones, (n, side²), become square.

    Raises
    ------
    TypeError, ValueError
        As `finite`; or the shape is not that of one or more grey images.
    """
    array = finite(images, name)
    shape = array.shape
    if array.ndim == 4 and shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side == array.shape[1]:
            array = array.reshape(-1, side, side)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"`{name}` must be a non-empty array (n, rows, columns) or (n, side * side). "
            f"Received: an array of shape {shape}"
        )
    return array


def as_image(image: ArrayLike, name: str = "image") -> NDArray[Any]:
    """Return one image as (rows, columns); (side²,), (1, …) and (…, 1) will do.

    Raises
    ------
    TypeError, ValueError
        As `as_images`; or there are several.
    """
    array = finite(image, name)
    shape = array.shape
    if array.ndim == 3 and shape[-1] == 1:
        array = array[..., 0]
    # (1, side²) could be one flat image or one row of pixels: only the first is a square.
    flat = array.ndim == 1 or (array.ndim == 2 and shape[0] == 1)
    side = math.isqrt(array.size)
    if flat and side * side == array.size:
        array = array.reshape(side, side)
    elif array.ndim in (3, 4) and shape[0] == 1:
        array = array.reshape(array.shape[1:3]) if array.size == np.prod(shape[1:3]) else array
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"`{name}` must be one image (rows, columns) or (side * side,). "
            f"Received: an array of shape {shape}"
        )
    return array


def as_labels(labels: ArrayLike, count: int, name: str = "labels") -> NDArray[np.int64]:
    """Return labels, (n,) or (n, 1) class numbers or (n, classes) one-hot rows, as (n,).

    Raises
    ------
    TypeError, ValueError
        As `finite`; there are not exactly `count` of them; or they are not 0, 1, 2 ….
    """
    array = finite(labels, name)
    if array.ndim == 2 and array.shape[1]:
        array = array[:, 0] if array.shape[1] == 1 else array.argmax(axis=1)
    if array.shape != (count,):
        raise ValueError(
            f"`{name}` must hold one label for each of the {count} samples. "
            f"Received: an array of shape {np.shape(labels)}"
        )
    whole = array.astype(np.int64)
    wrong = (whole != array) | (whole < 0)
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(
            f"`{name}` must be class numbers 0, 1, 2 … Received: {array[at]} at [{at}]"
        )
    return whole


def as_probabilities(probabilities: ArrayLike, labels: NDArray[np.int64]) -> NDArray[Any]:
    """Return probabilities, (n, classes), one row for each of the labels.

    Raises
    ------
    TypeError, ValueError
        As `finite`; another shape; numbers outside 0 to 1; or a label beyond the classes.
    """
    table = finite(probabilities, "probabilities")
    if table.ndim != 2 or len(table) != len(labels) or table.shape[1] < 2:
        raise ValueError(
            f"`probabilities` must have shape ({len(labels)}, classes). "
            f"Received: an array of shape {table.shape}"
        )
    if table.min() < -1e-6 or table.max() > 1 + 1e-6:
        raise ValueError(
            "`probabilities` must lie between 0 and 1, as softmax gives them. "
            f"Received: numbers from {table.min():g} to {table.max():g}"
        )
    if labels.max() >= table.shape[1]:
        raise ValueError(
            f"`labels` must be below {table.shape[1]}, the classes of `probabilities`. "
            f"Received: {labels.max()} at [{int(labels.argmax())}]"
        )
    return table


def as_names(class_names: Sequence[str] | None, classes: int) -> list[str]:
    """Return the name of each class: its number where no names are given.

    Raises
    ------
    TypeError
        Not a list or tuple of strings.
    ValueError
        There are fewer names than classes.
    """
    if class_names is None:
        return [str(number) for number in range(classes)]
    if isinstance(class_names, str) or not all(isinstance(name, str) for name in class_names):
        raise TypeError(f"`class_names` must be a list of strings. Received: {class_names!r}")
    if len(class_names) < classes:
        raise ValueError(
            f"`class_names` must hold a name for each of the {classes} classes. "
            f"Received: {len(class_names)} names"
        )
    # A dollar sign would begin a formula for matplotlib.
    return [name.replace("$", r"\$") for name in class_names]


def at_most(count: object, available: int, name: str = "count") -> int:
    """Return how many to show: `count`, or all that there are.

    Raises
    ------
    TypeError, ValueError
        `count` is not a positive integer.
    """
    return min(integer(count, f"`{name}`"), available)
