"""Checks of single arguments: each returns the plain Python value or raises one clear sentence."""

from __future__ import annotations

import numbers
import operator
import os

import numpy as np

from digitnet._errors import shown

MAX_INT = 2**31 - 1
MAX_WIDTH = 2**30  # units of a layer, values of a sample: the core's limit
_MAX_FLOAT = float(np.finfo(np.float32).max)  # what the core's arithmetic can hold


def integer(value: object, name: str, minimum: int = 1, maximum: int = MAX_INT) -> int:
    """Return ``value`` as an int in [minimum, maximum]; NumPy integers pass, booleans do not.

    Raises
    ------
    TypeError
        ``value`` is not an integer.
    ValueError
        ``value`` is out of range.
    """
    expected = {0: "an integer, 0 or more", 1: "a positive integer"}.get(
        minimum, f"an integer, {minimum} or more"
    )
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be {expected}. Received: {shown(value)} (a boolean)")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"{name} must be {expected}. Received: {shown(value)} ({type(value).__name__})"
        ) from None
    if number < minimum:
        raise ValueError(f"{name} must be {expected}. Received: {number}")
    if number > maximum:
        raise ValueError(f"{name} must be at most {maximum}. Received: {number}")
    return number


def optional_integer(value: object, name: str) -> int | None:
    """Return None for None, else a positive integer; raises as `integer`."""
    return None if value is None else integer(value, name)


def real(
    value: object,
    name: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
) -> float:
    """Return ``value`` as a float that is finite in float32 and lies within the given bounds.

    Raises
    ------
    TypeError
        ``value`` is not a real number (booleans are not).
    ValueError
        ``value`` is not finite or out of bounds.
    """
    bounds = [
        (minimum, ">=", operator.ge),
        (above, ">", operator.gt),
        (maximum, "<=", operator.le),
        (below, "<", operator.lt),
    ]
    limits = " and ".join(f"{sign} {bound:g}" for bound, sign, _ in bounds if bound is not None)
    expected = f"a number {limits}" if limits else "a finite number"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} must be {expected}. Received: {shown(value)} ({type(value).__name__})"
        )
    try:
        number = float(value)
    except OverflowError:  # an int beyond float64
        number = float("inf")
    inside = all(holds(number, bound) for bound, _, holds in bounds if bound is not None)
    if not inside or not abs(number) <= _MAX_FLOAT:
        raise ValueError(f"{name} must be {expected}, finite in float32. Received: {shown(value)}")
    return number


def flag(value: object, name: str) -> bool:
    """Return ``value`` as a bool.

    Raises
    ------
    TypeError
        ``value`` is not True or False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False. Received: {shown(value)} ({type(value).__name__})"
        )
    return bool(value)


def no_copy(value: object) -> bool | None:
    """Return the argument ``copy``: None, where data are copied as needed, or False: never.

    Raises
    ------
    TypeError
        It is anything else.
    """
    if value is None:
        return None
    if not isinstance(value, (bool, np.bool_)) or value:
        raise TypeError(
            f"copy must be None (only where needed) or False (never). Received: {value!r}"
        )
    return False


def text(value: object, name: str) -> str:
    """Return ``value`` if it is a non-empty string of one line.

    Raises
    ------
    TypeError
        ``value`` is not a string.
    ValueError
        ``value`` is empty, or holds line breaks or other characters that cannot be printed.
    """
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be a string. Received: {shown(value)} ({type(value).__name__})"
        )
    if not value:
        raise ValueError(f"{name} must not be empty. Received: ''")
    if not value.isprintable():
        raise ValueError(f"{name} must hold printable characters only. Received: {shown(value)}")
    return value


def sample_shape(value: object, name: str) -> tuple[int, ...]:
    """Return ``value``, the shape of one sample without the batch axis, as a tuple of ints.

    Raises
    ------
    TypeError
        ``value`` is not a tuple or list of integers.
    ValueError
        It is empty, holds a size below 1, or is larger than the core can index.
    """
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{name} must be a tuple of positive integers, such as (784,). Received: {shown(value)}"
        )
    if not value:
        raise ValueError(
            f"{name} must hold at least one size, such as (784,). Received: {shown(value)}"
        )
    shape = tuple(integer(size, f"{name}[{axis}]") for axis, size in enumerate(value))
    total = 1
    for size in shape:
        total *= size
    if total > MAX_WIDTH:
        raise ValueError(f"{name} must hold at most {MAX_WIDTH} values. Received: {shown(value)}")
    return shape


def physical_memory() -> int:
    """Return the machine's memory in bytes; where the system does not say, more than any has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 2**63
