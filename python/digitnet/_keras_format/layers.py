"""Layers of Keras as digitnet's, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet import layers as layer_module
from digitnet._data import Shape
from digitnet._errors import shown
from digitnet._keras_format.objects import Config, keras_object, opened, taken

_RANDOM = ("seed",)
_INITIALIZERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Zeros", "Ones"), ()),
    "Constant": ("value",),
    "RandomNormal": ("mean", "stddev", *_RANDOM),
    "TruncatedNormal": ("mean", "stddev", *_RANDOM),
    "RandomUniform": ("minval", "maxval", *_RANDOM),
    **dict.fromkeys(
        ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal"),
        _RANDOM,
    ),
}
_MAX_SEED = 2**32  # Keras' backends take no more

# The settings that both have, of every class that both have.
_LAYERS: dict[str, tuple[str, ...]] = {
    "Dense": (
        "units", "activation", "use_bias", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "kernel_constraint",
    ),
    "Activation": ("activation",),
    "ReLU": ("negative_slope",),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
    "Softmax": (),
    "Dropout": ("rate",),
    "Flatten": (),
    "Rescaling": ("scale", "offset"),
}  # fmt: skip
_ONLY: dict[str, tuple[Any, ...]] = {
    "trainable": (True,),
    "threshold": (0.0, 0),  # ReLU
    "axis": (-1, 1),  # Softmax: samples are flat
    "data_format": ("channels_last",),  # Flatten
}
_IGNORED = ("name", "dtype", "seed")  # dtype is checked apart; a model of digitnet has one seed


def layer_from_keras(saved: object) -> Config:
    """Return ``{"class_name": …, "config": …}`` of the digitnet layer that computes the same.

    Raises
    ------
    ValueError
        digitnet has no such layer, or not with these settings; the sentence names layer and
        setting.
    """
    name, config = opened(saved, "a layer")
    what = f"layer {shown(config.get('name'))}"
    if name not in _LAYERS:
        raise ValueError(
            f"{what} must be of a class that digitnet has: InputLayer first, {', '.join(_LAYERS)}. "
            f"Received: {shown(name)}"
        )
    check_dtype(config.get("dtype"), what)
    settings = taken(config, what, _LAYERS[name], _ONLY, _IGNORED)
    if name == "ReLU":
        slope = settings.pop("negative_slope", None)
        if slope:
            name, settings["negative_slope"] = "LeakyReLU", slope
    if isinstance(settings.get("activation"), dict):
        raise ValueError(
            f"{what}: activation must be a name; put an activation with settings into a layer of "
            f"its own. Received: {shown(settings['activation'])}"
        )
    for key in ("kernel_initializer", "bias_initializer"):
        if key in settings:
            settings[key] = _initializer(settings[key], f"{what}: {key}")
    for key, read in (("kernel_regularizer", _regularizer), ("kernel_constraint", _constraint)):
        if settings.get(key) is not None:
            settings[key] = read(settings[key], f"{what}: {key}")
    layer = {"class_name": name, "config": {"name": config.get("name"), **settings}}
    try:
        layer_module.deserialize(layer)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: {error}") from None
    return layer


def layer_to_keras(layer: Config, input_shape: Shape) -> Config:
    """Return the Keras layer for ``{"class_name": …, "config": …}`` of digitnet.

    Raises
    ------
    ValueError
        Keras takes no such name or seed.
    """
    config = {**layer["config"], "trainable": True, "dtype": "float32"}
    check_name(config["name"])
    for key in ("kernel_initializer", "bias_initializer"):
        if key in config:
            config[key] = _keras_initializer(config[key], f"layer {config['name']!r}: {key}")
    for module in ("regularizers", "constraints"):
        key = f"kernel_{module[:-1]}"
        if config.get(key) is not None:
            config[key] = keras_object(module, **config[key])
    return keras_object("layers", layer["class_name"], config) | {
        "build_config": {"input_shape": [None, *input_shape]}
    }


def check_name(name: str) -> None:
    """Raise ValueError for a name of a layer or model that Keras would not take."""
    if "/" in name:
        raise ValueError(
            f"names must hold no '/', which Keras does not take. Received: {shown(name)}"
        )


def check_dtype(dtype: object, what: str) -> None:
    """Raise ValueError unless a layer's dtype, or the name of its policy, is float32."""
    name: object = dtype
    if isinstance(dtype, dict):
        config = dtype.get("config")
        name = config.get("name") if isinstance(config, dict) else dtype
    if name not in (None, "float32"):
        raise ValueError(
            f"{what}: dtype must be 'float32', which digitnet computes in. Received: {shown(name)}"
        )


def input_to_keras(shape: Sequence[int], names: Sequence[str]) -> Config:
    """Return the InputLayer for samples of this shape, with a name that is not among ``names``."""
    name = "input_layer"
    while name in names:
        name += "_0"
    config = {
        "batch_shape": [None, *shape], "dtype": "float32", "sparse": False, "ragged": False,
        "name": name,
    }  # fmt: skip
    return keras_object("layers", "InputLayer", config)


def _initializer(saved: object, what: str) -> Config:
    name, config = opened(saved, what)
    if name not in _INITIALIZERS:
        raise ValueError(
            f"{what} must be one of {', '.join(_INITIALIZERS)}. Received: {shown(name)}"
        )
    return {"class_name": name, "config": taken(config, what, _INITIALIZERS[name], {})}


def _keras_initializer(saved: Config, what: str) -> Config:
    seed = saved["config"].get("seed")
    if seed is not None and seed >= _MAX_SEED:
        raise ValueError(f"{what} must have a seed below 2**32 for Keras. Received: {seed}")
    return keras_object("initializers", **saved)


def _regularizer(saved: object, what: str) -> Config:
    """Return L2 for L2, and for the L1L2 that is nothing but that."""
    name, config = opened(saved, what)
    if name not in ("L2", "L1L2"):
        raise ValueError(f"{what} must be L2. Received: {shown(name)}")
    settings = taken(config, what, ("l2",), {"l1": (0.0, 0)})
    return {"class_name": "L2", "config": settings}


def _constraint(saved: object, what: str) -> Config:
    name, config = opened(saved, what)
    if name != "MaxNorm":
        raise ValueError(f"{what} must be MaxNorm. Received: {shown(name)}")
    return {"class_name": name, "config": taken(config, what, ("max_value", "axis"), {})}
