"""Values of a callback's state as a file can hold them, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from digitnet._checks import integer
from digitnet._errors import shown
from digitnet.saving import Tensors

_KINDS = "None, a bool, a number, a string, a list of these or a list of float32 arrays"


def packed(value: Any, what: str, name: str, tensors: Tensors) -> Any:
    """Return the value as JSON has it; arrays go into ``tensors``, their names begin with ``name``.

    Raises
    ------
    TypeError
        It is of a kind that `unpacked` could not give back; the sentence calls it ``what``.
    """
    items = value if isinstance(value, list) else [value]
    if items and isinstance(value, list) and all(_is_tensor(item) for item in items):
        tensors |= {f"{name}{j}": array for j, array in enumerate(items)}
        return {"arrays": len(items)}
    plain = [_plain(item) for item in items]
    if not all(item is None or isinstance(item, (int, float, str)) for item in plain):
        raise TypeError(f"{what} must be {_KINDS}. Received: {shown(value)} ({_kind(value)})")
    numbers = [_number(item) for item in plain]
    return numbers if isinstance(value, list) else numbers[0]


def unpacked(value: Any, name: str, tensors: Tensors) -> Any:
    """Return what `packed` was given.

    Raises
    ------
    ValueError, TypeError
        `packed` returns nothing like it, or a tensor is missing.
    """
    if isinstance(value, list):
        return [unpacked(item, name, {}) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"float"} and value["float"] in ("nan", "inf", "-inf"):
        return float(value["float"])
    if set(value) != {"arrays"}:
        raise ValueError(f"a state's values must be {_KINDS}. Received: {shown(value)}")
    arrays = []
    for j in range(integer(value["arrays"], "arrays")):
        if f"{name}{j}" not in tensors:
            raise ValueError(f"{name}{j} is missing")
        arrays.append(tensors[f"{name}{j}"])
    return arrays


def _is_tensor(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float32


def _plain(value: Any) -> Any:
    """Return a scalar of NumPy as one of Python."""
    if isinstance(value, np.floating):  # item() of a long double is no float
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def _number(value: Any) -> Any:
    """Return what JSON has no number for in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _kind(value: object) -> str:
    """Return what a user has to know of a value's type."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array"
    if isinstance(value, list):
        kinds = ("list" if isinstance(item, list) else _kind(item) for item in value)
        return f"list of {', '.join(dict.fromkeys(kinds))}"
    return type(value).__name__
