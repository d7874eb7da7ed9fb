"""Settings of an optimizer that change while it is in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digitnet.optimizers import Optimizer


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
