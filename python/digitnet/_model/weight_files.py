"""Weights under the names of other libraries, and which of a model's weights each of them is.

A PyTorch file is the state of a ``torch.nn.Sequential`` of one module for each layer, and one more
for the activation of a Dense: ``{position}.weight``, (units, in), and ``{position}.bias``. A .npz
file has digitnet's own names ("layers.0.kernel"), PyTorch's, or ``arr_0``, ``arr_1``, …, as
``np.savez(path, *model.get_weights())`` gives them in Keras' order. Keras' own files are read and
written by `digitnet._keras_format`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from digitnet import _npz, activations, saving
from digitnet._arrays import FloatArray
from digitnet._checks import text
from digitnet._data import Shape
from digitnet._errors import sentence
from digitnet._identifiers import unknown
from digitnet._model import files
from digitnet._model import state as model_state
from digitnet.layers import Dense, Layer
from digitnet.saving import PathLike, Tensors
from digitnet.utils.atomic import atomic_write

FORMATS = ("digitnet", "torch")
_KERAS_SUFFIX = saving.WEIGHTS_SUFFIXES[2]

_TORCH_NAME = re.compile(r"(0|[1-9][0-9]{0,8})\.(weight|bias)")
_PARTS = {"kernel": "weight", "bias": "bias"}
_OWN_PARTS = {theirs: ours for ours, theirs in _PARTS.items()}
_KERAS_MEMBER = b"model.weights.h5"  # of a .keras file, a zip as .npz is
_ZIP_MAGIC = b"PK\x03\x04"


def write(path: PathLike, layers: Sequence[Layer], tensors: Tensors, format: str) -> None:
    """Write the weights, given under digitnet's names, as the format names and shapes them.

    Raises
    ------
    ValueError
        An unknown format, another ending than .safetensors, .npz or .weights.h5, or weights that
        are not finite.
    ImportError
        A .weights.h5 file is asked for, and h5py (the extra "keras") is not installed.
    TypeError
        ``path`` is not a path, or ``format`` not a string.
    OSError
        The file cannot be written.
    """
    if text(format, "format") not in FORMATS:
        raise unknown("format", format, map(repr, FORMATS))
    name = saving.checked_path(path, saving.WEIGHTS_SUFFIXES)
    named = torch_tensors(layers, tensors) if format == "torch" else tensors
    if name.endswith(_KERAS_SUFFIX):
        if format == "torch":
            raise ValueError("format 'torch' has no .weights.h5 files: use .safetensors or .npz")
        from digitnet import _keras_format

        saving.check_finite(tensors)
        atomic_write(path, _keras_format.weights_file(tensors))
    elif name.endswith(_npz.SUFFIX):
        _npz.write(path, named)
    elif format == "torch":
        saving.write_tensors(path, named, {"format": "pt"})  # as PyTorch's own files say it
    else:
        saving.write(path, {}, named)


def read(path: PathLike, shapes: Mapping[str, Shape]) -> list[FloatArray]:
    """Return the weights with these names and shapes, in their order, from a file of any format.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        The file is damaged, or holds weights of another model.
    TypeError
        ``path`` is not a path.
    """
    keras = None if saving.file_name(path).endswith(_npz.SUFFIX) else files.keras_bytes(path)
    if keras is not None and (keras[:4] != _ZIP_MAGIC or _KERAS_MEMBER in keras):
        return _from_keras(keras, path, shapes)
    if _is_zip(saving.file_name(path)):
        tensors = _npz.read(path, 4 * sum(map(prod, shapes.values())))
    else:
        tensors = saving.read_tensors(path)
    try:
        if tensors and all(map(_TORCH_NAME.fullmatch, tensors)):
            tensors = _from_torch(tensors, shapes)
        numbered = {f"arr_{i}": name for i, name in enumerate(shapes)}
        tensors = {numbered.get(name, name): tensor for name, tensor in tensors.items()}
        return model_state.pick(tensors, shapes)
    except ValueError as error:
        raise ValueError(f"{path} holds weights of another model: {sentence(error)}") from None


def _from_keras(data: bytes, path: PathLike, shapes: Mapping[str, Shape]) -> list[FloatArray]:
    from digitnet import _keras_format

    try:
        return list(_keras_format.read_weights(data, shapes).values())
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged, or holds weights of another model: {sentence(error)}"
        ) from None


def torch_tensors(layers: Sequence[Layer], tensors: Tensors) -> Tensors:
    """Return the weights as the ``state_dict`` of the ``torch.nn.Sequential`` with these layers."""
    named = {}
    position = 0
    for i, layer in enumerate(layers):
        for ours, theirs in _PARTS.items():
            if f"layers.{i}.{ours}" in tensors:
                values = tensors[f"layers.{i}.{ours}"]
                named[f"{position}.{theirs}"] = np.ascontiguousarray(values.T)
        active = isinstance(layer, Dense) and activations.serialize(layer.activation) != "linear"
        position += 2 if active else 1
    return named


def _from_torch(tensors: Tensors, shapes: Mapping[str, Shape]) -> Tensors:
    """Return the weights of Linear modules, in the order of their positions, as those of Dense.

    Modules without weights may stand anywhere, or be missing: only the order of the Linear counts.
    """
    positions = sorted({int(name.split(".")[0]) for name in tensors})
    prefixes = list(dict.fromkeys(name.rpartition(".")[0] for name in shapes))
    if len(positions) != len(prefixes):
        raise ValueError(
            f"it must hold the weights of {len(prefixes)} Linear modules, one for each Dense. "
            f"Received: {len(positions)}"
        )
    prefix_at = dict(zip(positions, prefixes, strict=True))
    found = {}
    for name, tensor in tensors.items():
        position, _, part = name.partition(".")
        own = f"{prefix_at[int(position)]}.{_OWN_PARTS[part]}"
        expected = shapes.get(own, tensor.shape[::-1])[::-1]
        if tensor.shape != expected:
            raise ValueError(
                f"it must hold {name} with shape {expected}, for {own} of the model. "
                f"Received: shape {tensor.shape}"
            )
        found[own] = np.ascontiguousarray(tensor.T)
    return found


def _is_zip(path: str) -> bool:
    """Tell whether the file begins as a zip file does, or should: its name ends in .npz."""
    with open(path, "rb") as file:
        return path.endswith(_npz.SUFFIX) or file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
