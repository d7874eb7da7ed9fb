"""Layers: the steps of a `Sequential` model."""

from collections.abc import Mapping
from typing import Any

from digitnet._errors import shown
from digitnet._identifiers import class_name as _class_name
from digitnet._identifiers import deserialize as _deserialize
from digitnet._identifiers import serialize as _serialize
from digitnet.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from digitnet.layers.dense import Dense
from digitnet.layers.dropout import Dropout
from digitnet.layers.flatten import Flatten
from digitnet.layers.input_layer import Input, InputLayer
from digitnet.layers.layer import Layer
from digitnet.layers.rescaling import Rescaling

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "ReLU",
    "Rescaling",
    "Softmax",
    "deserialize",
    "serialize",
]

_CLASSES: Mapping[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Activation, Dense, Dropout, ELU, Flatten, InputLayer, LeakyReLU, ReLU, Rescaling, Softmax,
    )
}  # fmt: skip


def deserialize(config: object) -> Layer:
    """Build the layer that ``{"class_name": …, "config": …}`` describes.

    Raises
    ------
    TypeError, ValueError
        Another form, an unknown class or wrong arguments.
    """
    return _deserialize(config, _CLASSES, "layer")


def serialize(layer: Layer) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `deserialize` makes an equal layer.

    Raises
    ------
    TypeError
        ``layer`` is of a class of the user's own.
    """
    return _serialize(layer, _CLASSES, "layer")


def checked(item: object) -> Layer:
    """Return ``item`` if it is a layer that the core knows.

    Raises
    ------
    TypeError
        It is no layer, or of a class of the user's own, whose methods would never be called.
    """
    if not isinstance(item, Layer):
        raise TypeError(
            "layers must be objects of digitnet.layers. "
            f"Received: {shown(item)} ({type(item).__name__})"
        )
    _class_name(type(item), _CLASSES, "layer")
    return item
