"""Settings of an optimizer: those that change while it is in use, and those that may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digitnet import optimizers
from digitnet._errors import shown
from digitnet.optimizers import Optimizer


def saved_settings(saved: object, present: Optimizer) -> dict[str, Any]:
    """Return the settings in what `serialize` made of an optimizer like ``present``.

    Raises
    ------
    ValueError
        It is of another class, or has other settings where they cannot change in use.
    TypeError, ValueError
        Another form, or a setting of another type or out of range.
    """
    if not isinstance(saved, Mapping):
        raise ValueError(f"its optimizer must be a mapping. Received: {shown(saved)}")
    optimizer = optimizers.get(saved)
    before, now = optimizer.get_config(), present.get_config()
    if type(optimizer) is not type(present):
        differing = ["learning_rate"]
    else:
        differing = [
            name
            for name in now
            if before[name] != now[name] and _is_fixed(optimizer, present, name)
        ]
    if differing:
        raise ValueError(
            f"the backup is of {_call(optimizer, differing)}, "
            f"compile was given {_call(present, differing)}"
        )
    return before


def _is_fixed(one: Optimizer, other: Optimizer, name: str) -> bool:
    """Return whether a setting cannot be changed in use: a schedule takes the rate's place."""
    if name == "learning_rate":
        return any(isinstance(each.get_config()[name], Mapping) for each in (one, other))
    return not isinstance(getattr(type(one), name, None), property)


def _call(optimizer: Optimizer, names: list[str]) -> str:
    """Return the call that makes the optimizer, with these of its settings."""
    config = optimizer.get_config()
    return f"{type(optimizer).__name__}({', '.join(f'{n}={shown(config[n])}' for n in names)})"


def take_settings(optimizer: Optimizer, config: Mapping[str, Any]) -> None:
    """Set what differs from ``config``, which ``get_config`` of such an optimizer returned.

    Raises
    ------
    ValueError
        ``config`` is of an optimizer with other settings.
    TypeError, ValueError
        A setting of another type or out of range.
    """
    present = optimizer.get_config()
    if set(present) != set(config):
        raise ValueError(
            f"the optimizer must have the settings {', '.join(config)}. "
            f"Received: {', '.join(present)}"
        )
    for name, value in config.items():
        if value != present[name]:
            setattr(optimizer, name, value)
