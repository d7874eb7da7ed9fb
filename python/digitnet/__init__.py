"""digitnet: fast, small and clear multilayer perceptrons, with the names of Keras.

>>> from digitnet.models import Sequential
>>> from digitnet.layers import Dense
>>> model = Sequential([Dense(500, activation="relu", input_dim=784), Dense(10, "softmax")])
"""

from typing import TYPE_CHECKING, Any

from digitnet import (
    activations,
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    saving,
    utils,
)
from digitnet.config import devices
from digitnet.layers import Input
from digitnet.models import Sequential

if TYPE_CHECKING:
    from digitnet import augmentation as augmentation
    from digitnet import datasets as datasets
    from digitnet import plot as plot

    __version__: str

__all__ = [
    "Input",
    "Sequential",
    "activations",
    "callbacks",
    "config",
    "constraints",
    "devices",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]

_LATER = ("augmentation", "datasets", "plot")  # not needed to train: imported at their first use


def __dir__() -> list[str]:
    return sorted({*__all__, *_LATER, *(name for name in globals() if name.startswith("__"))})


def __getattr__(name: str) -> Any:
    if name in _LATER:
        import importlib

        return importlib.import_module(f"digitnet.{name}")
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("digitnet")
        except PackageNotFoundError:  # run from the source tree
            return "0+unknown"
    raise AttributeError(f"module 'digitnet' has no attribute {name!r}")
