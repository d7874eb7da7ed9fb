"""Parts of a callback's state that came out of a file, checked one by one."""

from __future__ import annotations

from digitnet._checks import integer
from digitnet._errors import shown
from digitnet.callbacks.callback import State


def count_of(state: State, key: str) -> int:
    """Return a whole number, 0 or more.

    Raises
    ------
    ValueError, TypeError
        It is missing, or something else.
    """
    return integer(_part(state, key), key, 0)


def value_of(state: State, key: str) -> float | None:
    """Return a number, which may be NaN or infinite, or None.

    Raises
    ------
    ValueError, TypeError
        It is missing, or something else.
    """
    value = _part(state, key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{key} must be a number. Received: {shown(value)}")
    return float(value)


def _part(state: State, key: str) -> object:
    if key not in state:
        raise ValueError(f"a callback's {key} is missing")
    return state[key]
