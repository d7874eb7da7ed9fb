"""Penalties on the weights, added to the loss."""

from __future__ import annotations

from typing import Any

from digitnet._checks import real
from digitnet._identifiers import Configurable, resolve
from digitnet._identifiers import serialize as _serialize


class Regularizer(Configurable):
    """Base of all regularizers."""


class L2(Regularizer):
    """Adds ``l2 * sum(w ** 2)`` to the loss, and so ``2 * l2 * w`` to the gradient.

    Raises
    ------
    TypeError, ValueError
        ``l2`` is not a finite number >= 0.
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = real(l2, "l2", minimum=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": self.l2}


l2 = L2


_CLASSES = {"L2": L2}


def get(identifier: object) -> L2 | None:
    """Return the regularizer for None, a name ("l2"), an instance or a saved configuration.

    Raises
    ------
    ValueError, TypeError
        ``identifier`` is none of these.
    """
    if identifier is None:
        return None
    return resolve(identifier, L2, {"l2": L2}, _CLASSES, "regularizer")


def serialize(item: L2) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal regularizer.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "regularizer")
