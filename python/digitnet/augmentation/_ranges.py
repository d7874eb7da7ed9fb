"""The checks of an augmentation's arguments: ranges to draw from, and shapes of images."""

from __future__ import annotations

import numpy as np

from digitnet._checks import real, sample_shape

_MAX_SIDE = 2**15 - 1  # rows, columns: the core's limit


def as_range(
    value: object, name: str, low: float, high: float, middle: float = 0.0
) -> tuple[float, float]:
    """Return the range that a number or a pair stands for.

    Raises
    ------
    TypeError, ValueError
        Neither of the two, or beyond ``low`` or ``high``.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} must be a number or a pair (low, high). Received: {value!r}")
        first = real(value[0], f"{name}[0]", minimum=low, maximum=high)
        return first, real(value[1], f"{name}[1]", minimum=first, maximum=high)
    if not np.isscalar(value):
        raise TypeError(
            f"{name} must be a number or a pair (low, high). "
            f"Received: {value!r} ({type(value).__name__})"
        )
    half = real(value, name, minimum=0, maximum=min(high - middle, middle - low))
    return middle - half, middle + half


def as_image_shape(value: object) -> tuple[int, ...]:
    """Return (rows, columns) or (rows, columns, channels).

    Raises
    ------
    TypeError, ValueError
        ``value`` is neither of the two, or too large.
    """
    shape = sample_shape(value, "image_shape")
    if len(shape) not in (2, 3):
        raise ValueError(
            f"image_shape must be (rows, columns) or (rows, columns, channels). Received: {value!r}"
        )
    check_sides(shape, "image_shape")
    return shape


def image_shape_of(shape: tuple[int, ...], known: tuple[int, ...] | None) -> tuple[int, int, int]:
    """Return rows, columns and channels of images in an array of the given shape.

    Raises
    ------
    ValueError
        It is not a shape of images, or another one than what is known of them.
    """
    image = shape[1:]
    if known is not None:
        rows, columns, channels = (*known, 1)[:3]
        size = rows * columns * channels
        if image not in ((size,), known, (*known, 1)):
            expected = f"(n, {size}) or (n, {', '.join(map(str, known))})"
            raise ValueError(f"x must have shape {expected}. Received: shape {shape}")
        return rows, columns, channels
    if len(image) not in (2, 3):
        hint = " (image_shape says what flat images are)" if len(image) == 1 else ""
        raise ValueError(
            "x must have shape (n, rows, columns) or (n, rows, columns, channels). "
            f"Received: shape {shape}{hint}"
        )
    check_sides(image, "x")
    return image[0], image[1], image[2] if len(image) == 3 else 1


def check_sides(shape: tuple[int, ...], name: str) -> None:
    """Raise a ValueError where there are more rows or columns than the core can place."""
    if max(shape[:2]) > _MAX_SIDE:
        raise ValueError(
            f"{name} must have at most {_MAX_SIDE} rows and columns. "
            f"Received: {shape[0]} and {shape[1]}"
        )
