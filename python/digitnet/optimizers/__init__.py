"""Optimizers: how a step changes the weights. Formulas, names and defaults are those of Keras 3."""

from __future__ import annotations

from typing import Any

from digitnet._identifiers import resolve
from digitnet._identifiers import serialize as _serialize
from digitnet.optimizers import schedules
from digitnet.optimizers.adam import Adam, AdamW
from digitnet.optimizers.optimizer import Optimizer
from digitnet.optimizers.sgd import SGD

__all__ = ["SGD", "SLOTS", "Adam", "AdamW", "Optimizer", "get", "schedules", "serialize"]

_CLASSES: dict[str, type[Optimizer]] = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}
_NAMES = {name.lower(): cls for name, cls in _CLASSES.items()}

SLOTS = tuple(dict.fromkeys(slot for cls in _CLASSES.values() for slot in cls.slots))
"""The names of all that optimizers keep beside the weights; see `Optimizer.slots`."""


def get(identifier: object) -> Optimizer:
    """Return the optimizer for a name ("adam"), an instance, a class or a saved configuration.

    Raises
    ------
    ValueError
        The name is unknown; the message lists the known ones.
    TypeError
        ``identifier`` is none of these, or of a class of the user's own.
    """
    return resolve(identifier, Optimizer, _NAMES, _CLASSES, "optimizer")


def serialize(item: Optimizer) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal optimizer.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "optimizer")
