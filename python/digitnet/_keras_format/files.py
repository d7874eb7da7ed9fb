"""From the bytes of a Keras file to digitnet's settings and tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from digitnet import layers as layer_module
from digitnet import optimizers
from digitnet._checks import sample_shape
from digitnet._data import Shape
from digitnet._keras_format import archive, hdf5, weights
from digitnet._keras_format.model import model_from_keras, model_to_keras
from digitnet._keras_format.objects import Config
from digitnet._keras_format.training import compile_from_keras, compile_to_keras
from digitnet._model.layer_list import walk, weight_shapes
from digitnet._warnings import warn
from digitnet.optimizers import SLOTS, Optimizer
from digitnet.saving import ModelFile, Tensors
from digitnet.utils.random_seed import next_seed


def read_model(data: bytes, path: object) -> ModelFile:
    """Return what a .keras file holds, as `digitnet.saving.read` would for digitnet's own.

    Warns (UserWarning) where digitnet has not the optimizer, loss or metrics; the model is then not
    compiled.

    Raises
    ------
    ValueError
        The file is damaged, or describes a model that digitnet cannot compute.
    """
    if data.startswith(hdf5.SIGNATURE):
        raise ValueError(
            "it is HDF5: weights alone (use load_weights), or a model of Keras 2, which Keras 3 "
            "loads and saves as .keras"
        )
    config, stored = archive.unpacked(data)
    model = model_from_keras(config)
    shapes = _shapes(model)
    tensors = weights.read_weights(stored, shapes)
    compiled, state = None, weights.OptimizerState(0, {})
    try:
        compiled = compile_from_keras(config.get("compile_config"))
    except (TypeError, ValueError) as error:
        warn(f"{path} is loaded without its compile settings: {error}")
    if compiled is not None:
        state = weights.read_optimizer(
            stored, shapes, *_kept(optimizers.get(compiled["optimizer"]))
        )
    training = {
        "iterations": state.iterations,
        "optimizer_iterations": state.iterations,
        "epochs": 0,
        "seed": next_seed(),
    }
    return ModelFile(
        {"model": model, "compile": compiled, "training": training}, {**tensors, **state.slots}
    )


def read_weights(data: bytes, shapes: Mapping[str, Shape]) -> Tensors:
    """Return the weights with these names and shapes from a .weights.h5 or .keras file.

    Raises
    ------
    ValueError
        The file is damaged, or holds weights of another model.
    """
    if data.startswith(archive.SIGNATURE):
        data = archive.unpacked(data).weights
    return weights.read_weights(data, shapes)


def model_file(settings: Mapping[str, Any], tensors: Tensors) -> bytes:
    """Return the .keras file of a built model; settings and tensors as `digitnet.saving.write`.

    Warns (UserWarning) where Keras has not the loss' settings; the file then has no compile
    settings.

    Raises
    ------
    ImportError
        h5py is not installed.
    ValueError
        Keras takes no such name or seed.
    """
    config = model_to_keras(settings["model"])
    compiled, variables = settings["compile"], []
    own = {name: value for name, value in tensors.items() if name.split(".")[0] not in SLOTS}
    if compiled is not None:
        try:
            config["compile_config"] = compile_to_keras(compiled, _outputs(settings["model"]))
            variables = _optimizer_variables(settings, own, tensors)
        except ValueError as error:
            warn(f"the file for Keras has no compile settings: {error}")
    return archive.packed(config, weights.write_weights(own, variables))


def weights_file(tensors: Tensors) -> bytes:
    """Return the .weights.h5 file with these tensors; ImportError where h5py is not installed."""
    return weights.write_weights(tensors)


def _optimizer_variables(
    settings: Mapping[str, Any], own: Tensors, tensors: Tensors
) -> list[ArrayLike]:
    """Return what Keras' optimizer keeps, in its order (`weights.read_optimizer`)."""
    optimizer = optimizers.get(settings["compile"]["optimizer"])
    slots, scheduled = _kept(optimizer)
    variables: list[ArrayLike] = [np.int64(settings["training"]["optimizer_iterations"])]
    if not scheduled:
        variables.append(np.float32(optimizer.learning_rate))
    for name, value in own.items():
        variables += [tensors.get(f"{slot}.{name}", np.zeros_like(value)) for slot in slots]
    return variables


def _kept(optimizer: Optimizer) -> tuple[tuple[str, ...], bool]:
    """Return what Keras keeps beside each weight, and whether a schedule says the rate."""
    scheduled = not isinstance(optimizer.get_config()["learning_rate"], float)
    plain = isinstance(optimizer, optimizers.SGD) and not optimizer.momentum
    return () if plain else optimizer.slots, scheduled


def _shapes(model: Config) -> dict[str, Shape]:
    layers = [layer_module.deserialize(layer) for layer in model["layers"]]
    return weight_shapes(layers, sample_shape(model["input_shape"], "batch_shape[1:]"))


def _outputs(model: Config) -> int:
    layers = [layer_module.deserialize(layer) for layer in model["layers"]]
    return prod(walk(layers, tuple(model["input_shape"]))[-1])
