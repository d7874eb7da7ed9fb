"""The architecture: a Sequential of Keras, or a Functional that is a chain, as digitnet's."""

from __future__ import annotations

from typing import Any

from digitnet import layers as layer_module
from digitnet._data import Shape
from digitnet._errors import shown
from digitnet._keras_format.layers import (
    check_dtype,
    check_name,
    input_to_keras,
    layer_from_keras,
    layer_to_keras,
)
from digitnet._keras_format.objects import Config, keras_object, opened, taken
from digitnet._model.layer_list import walk

# Of these, Keras computes with the same float32 numbers as digitnet, which has no dtype of inputs.
_INPUT_DTYPES = ("float32", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64")


def model_from_keras(saved: object) -> Config:
    """Return what `Sequential.get_config` of digitnet would, for the config.json of Keras.

    Raises
    ------
    ValueError
        It describes another kind of model, or one with layers that digitnet has not.
    """
    name, config = _opened_model(saved)
    items = config.get("layers")
    if not isinstance(items, list):
        raise ValueError(f"its layers must be a list. Received: {shown(items)}")
    if name == "Functional":
        _check_chain(config, items)
    shape = _built_shape(config)
    if items and _is_input(items[0]):
        shape = _input_shape(opened(items[0], "a layer")[1])
        items = items[1:]
    if shape is None:
        raise ValueError("it must be built: it has neither an Input nor weights")
    layers = [layer_from_keras(item) for item in items]
    return {"name": config.get("name"), "layers": layers, "input_shape": shape}


def model_to_keras(config: Config) -> Config:
    """Return the config.json of Keras, without compile settings, for a config of digitnet.

    Raises
    ------
    ValueError
        Keras takes no such name or seed.
    """
    shape: Shape = tuple(config["input_shape"])
    check_name(config["name"])
    names = [layer["config"]["name"] for layer in config["layers"]]
    received = walk([layer_module.deserialize(layer) for layer in config["layers"]], shape)
    layers = [
        layer_to_keras(layer, before)
        for layer, before in zip(config["layers"], received, strict=False)
    ]
    built = [None, *shape]
    return keras_object(
        "",
        "Sequential",
        {
            "name": config["name"],
            "trainable": True,
            "dtype": "float32",
            "layers": [input_to_keras(shape, names), *layers],
            "build_input_shape": built,
        },
    ) | {"build_config": {"input_shape": built}}


def _opened_model(saved: object) -> tuple[str, Config]:
    name, config = opened(saved, "the model")
    if name not in ("Sequential", "Functional"):
        raise ValueError(f"the model must be Sequential, or a chain. Received: {shown(name)}")
    taken(
        config,
        "the model",
        ("name", "layers", "build_input_shape", "input_layers", "output_layers"),
        {"trainable": (True,)},
        ("dtype",),
    )
    check_dtype(config.get("dtype"), "the model")
    return name, config


def _is_input(item: object) -> bool:
    return isinstance(item, dict) and item.get("class_name") == "InputLayer"


def _built_shape(config: Config) -> list[Any] | None:
    shape = config.get("build_input_shape")
    return shape[1:] if isinstance(shape, list) else None


def _input_shape(config: Config) -> list[Any]:
    what = f"layer {shown(config.get('name'))}"
    no = (False,)
    taken(
        config,
        what,
        ("batch_shape", "name"),
        {"dtype": _INPUT_DTYPES, "sparse": no, "ragged": no, "optional": no, "trainable": (True,)},
    )
    shape = config.get("batch_shape")
    sizes = shape[1:] if isinstance(shape, list) else []
    if not sizes or any(type(size) is not int for size in sizes):
        raise ValueError(
            f"{what}: batch_shape must be the batch and fixed sizes. Received: {shown(shape)}"
        )
    return sizes


def _check_chain(config: Config, items: list[Any]) -> None:
    """Raise ValueError unless every layer takes what the one before it gives, and nothing else."""
    if not all(isinstance(item, dict) for item in items):
        raise ValueError(f"its layers must be objects of Keras. Received: {shown(items)}")
    names = [item.get("name") for item in items]
    ends = [_flat(config.get(key)) for key in ("input_layers", "output_layers")]
    if not items or ends != [[names[0], 0, 0], [names[-1], 0, 0]]:
        raise ValueError("the model must be a chain of layers: one input, one output")
    before = None
    for name, item in zip(names, items, strict=True):
        nodes = item.get("inbound_nodes")
        if before is None:
            fits = nodes == []
        else:
            fits = isinstance(nodes, list) and len(nodes) == 1 and _takes(nodes[0], before)
        if not fits:
            raise ValueError(
                f"the model must be a chain of layers, each used once, after the one before it. "
                f"Received: another connection at layer {shown(name)}"
            )
        before = name


def _flat(ends: object) -> object:
    """Return the one end of ``[[name, 0, 0]]`` or ``[name, 0, 0]``."""
    return ends[0] if isinstance(ends, list) and len(ends) == 1 else ends


def _takes(node: object, before: object) -> bool:
    """Tell whether a node's only tensor is the output of the layer ``before``."""
    if not isinstance(node, dict):
        return False
    args, kwargs = node.get("args"), node.get("kwargs") or {}
    # "training" is what the layer was called with; fit and predict say it anew.
    if not isinstance(kwargs, dict) or any(
        value is not None and key != "training" for key, value in kwargs.items()
    ):
        return False
    if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
        return False
    tensor = args[0].get("config")
    return isinstance(tensor, dict) and tensor.get("keras_history") == [before, 0, 0]
