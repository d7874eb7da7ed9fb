"""Constraints: what a layer's weights are made to fulfil after every step."""

from __future__ import annotations

from typing import Any

from digitnet._checks import integer, real
from digitnet._identifiers import Configurable, resolve
from digitnet._identifiers import serialize as _serialize


class Constraint(Configurable):
    """Base of all constraints."""


class MaxNorm(Constraint):
    """Scales the weights into each unit, a column of the kernel, to a norm up to ``max_value``.

    As in Keras 3, every column is multiplied by ``min(norm, max_value) / (1e-7 + norm)``. Source:
    Srivastava et al. 2014, section 5.1. It is not there on device "cuda"; a model on device "auto"
    computes on the CPU instead.

    Parameters
    ----------
    max_value : float
        >= 0.
    axis : int
        Must be 0, the axis of a column.

    Raises
    ------
    TypeError, ValueError
        ``max_value`` is not a finite number >= 0, or ``axis`` another than 0.
    """

    def __init__(self, max_value: float = 2, axis: int = 0) -> None:
        self.max_value = real(max_value, "max_value", minimum=0)
        self.axis = integer(axis, "axis", 0, 0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


max_norm = MaxNorm


_CLASSES = {"MaxNorm": MaxNorm}


def get(identifier: object) -> MaxNorm | None:
    """Return the constraint for None, a name ("max_norm"), an instance or a saved configuration.

    Raises
    ------
    ValueError, TypeError
        ``identifier`` is none of these.
    """
    if identifier is None:
        return None
    return resolve(identifier, MaxNorm, {"max_norm": MaxNorm}, _CLASSES, "constraint")


def serialize(item: MaxNorm) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal constraint.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "constraint")
