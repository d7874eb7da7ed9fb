"""Weights and velocities as Keras stores them: HDF5 groups ``layers/dense_1/vars`` with 0 and 1.

The groups of `Dense` layers are counted in the model's order, whatever the layers' names are; 0 is
the kernel (in, units), 1 the bias (units,), as in digitnet. Of the optimizer, ``optimizer/vars``
holds the steps taken (0), the learning rate (1; not with a schedule) and, for each weight, what the
optimizer keeps beside it: a velocity (SGD with momentum), or m and v (Adam).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from digitnet._arrays import FloatArray
from digitnet._data import Shape
from digitnet._keras_format.hdf5 import File, Group
from digitnet.saving import Tensors

_VARIABLES = {"kernel": "0", "bias": "1"}


class OptimizerState(NamedTuple):
    """What the optimizer has come to: steps taken, and tensors by slot and name of the weight."""

    iterations: int
    slots: Tensors


def read_weights(data: bytes, shapes: Mapping[str, Shape]) -> Tensors:
    """Return the weights with these names ("layers.2.kernel") and shapes from an HDF5 file.

    Raises
    ------
    ValueError
        The file is damaged, or holds weights of another model.
    """
    size = 4 * sum(prod(shape) for shape in shapes.values())
    if size > len(data):  # before any is read: several could point at the same bytes
        raise ValueError(f"it must hold {size} bytes of weights, and has {len(data)} in all")
    layers = _layers(File(data).root())
    places = _places(shapes)
    _check_counts(layers, places)
    return {
        name: _float32(layers[layer], variable, shapes[name])
        for name, (layer, variable) in places.items()
    }


def read_optimizer(
    data: bytes, shapes: Mapping[str, Shape], slots: Sequence[str], scheduled: bool
) -> OptimizerState:
    """Return the state of an optimizer with these slots, for weights of these names and shapes.

    Where the file has none, nothing has been done yet.

    Raises
    ------
    ValueError
        The file is damaged, or the state is not that of such an optimizer.
    """
    group = _variables(File(data).root().group("optimizer"))
    if group is None or "0" not in group:
        return OptimizerState(0, {})
    steps = group.array("0")
    if steps.shape != () or steps.dtype != np.int64 or steps < 0:
        raise ValueError("optimizer/vars/0 must be the number of steps taken, 0 or more")
    first = 1 if scheduled else 2
    if str(first) not in group:  # nothing is kept before the first step
        return OptimizerState(int(steps), {})
    places = [(f"{slot}.{name}", shape) for name, shape in shapes.items() for slot in slots]
    kept = {name: _float32(group, str(i), s) for i, (name, s) in enumerate(places, start=first)}
    return OptimizerState(int(steps), kept)


def write_weights(tensors: Tensors, optimizer: Iterable[ArrayLike] = ()) -> bytes:
    """Return the HDF5 file with these weights and variables of the optimizer.

    Raises
    ------
    ImportError
        h5py is not installed.
    """
    buffer = io.BytesIO()
    with require_h5py().File(buffer, "w") as file:
        for name in ("vars", "layers"):
            file.create_group(name)
        for name, (layer, variable) in _places(tensors).items():
            file[f"layers/{layer}/vars/{variable}"] = tensors[name]
        for i, value in enumerate(optimizer):
            file[f"optimizer/vars/{i}"] = value
    return buffer.getvalue()


def require_h5py() -> Any:
    """Return the module h5py.

    Raises
    ------
    ImportError
        It is not installed; the sentence says what to install.
    """
    try:
        return import_module("h5py")
    except ImportError as error:
        message = 'files for Keras need h5py: pip install h5py (the extra "keras")'
        raise ImportError(message) from error


def _layers(root: Group) -> dict[str, Group]:
    """Return the variables of every layer that has some, by the name of its group."""
    layers = root.group("layers")
    if layers is None:
        raise ValueError(
            "it must hold a group 'layers', as files of Keras 3 do (those of Keras 2 have none)"
        )
    found = {name: _variables(layers.group(name)) for name in layers}
    return {name: group for name, group in found.items() if group is not None and list(group)}


def _variables(group: Group | None) -> Group | None:
    return None if group is None else group.group("vars")


def _check_counts(layers: Mapping[str, Group], places: Mapping[str, tuple[str, str]]) -> None:
    """Raise ValueError unless the file has the model's layers, with as many variables each."""
    expected = Counter(layer for layer, _ in places.values())
    received = {name: len(list(group)) for name, group in layers.items()}
    if received != expected:
        differing = sorted(set(received.items()) ^ set(expected.items()))[0][0]
        raise ValueError(
            f"it must hold one array for each weight of the model, {expected[differing]} in "
            f"layers/{differing}. Received: {received.get(differing, 0)}"
        )


def _float32(group: Group, variable: str, shape: Shape) -> FloatArray:
    """Return a float32 array of the group, of this shape and finite."""
    values, path = group.array(variable), f"{group.path}/{variable}"
    if values.shape != shape:
        raise ValueError(
            f"it must hold {path} with shape {shape}, as the model has it. "
            f"Received: shape {values.shape}"
        )
    if values.dtype != np.float32 or not np.isfinite(values).all():
        raise ValueError(f"{path} must hold finite float32 numbers only")
    return values.astype(np.float32, copy=False)


def _places(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the group and the variable in it for every weight: dense, dense_1, …; 0 or 1."""
    layers: list[str] = []
    places = {}
    for name in names:
        layer, _, weight = name.rpartition(".")
        if layer not in layers:
            layers.append(layer)
        position = layers.index(layer)
        places[name] = (f"dense_{position}" if position else "dense", _VARIABLES[weight])
    return places
