"""A stack of layers with its weights and its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from digitnet import layers as layer_module
from digitnet._arrays import FloatArray
from digitnet._checks import integer, sample_shape, text
from digitnet._data import Shape
from digitnet._errors import shown
from digitnet._identifiers import unknown
from digitnet._model.layer_list import weight_shapes
from digitnet._model.machine import Machine, machine
from digitnet._model.stack import LayerStack
from digitnet._model.summary import summary_lines
from digitnet._weights import as_weights
from digitnet.layers import Dense, InputLayer, Layer

N = TypeVar("N", bound="Network")


class Network(LayerStack):
    """What a model is, apart from training: weights, a summary and a configuration."""

    def _weight_shapes(self) -> dict[str, Shape]:
        """Return name and shape of every weight, in the order of `get_weights`."""
        return weight_shapes(self._layers, self._input_shape) if self._input_shape else {}

    @property
    def trainable(self) -> bool:
        """True, and read-only: weights cannot be frozen."""
        return True

    def get_weights(self) -> list[FloatArray]:
        """Return copies of all weights: kernel (in, units), bias (units,) of every Dense in turn.

        An empty list before the model is built.
        """
        return [] if self._core is None else self._core.get_weights()

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Replace all weights; order and shapes as `get_weights`.

        Raises
        ------
        TypeError
            ``weights`` is not a list of arrays of real numbers.
        ValueError
            The model is not built, or number, shapes or values do not fit; nothing is changed then.
        """
        core = self._require_core("set_weights")
        core.set_weights(as_weights(weights, list(self._weight_shapes().values()), "weights"))

    def count_params(self) -> int:
        """Return the number of all weights.

        Raises
        ------
        ValueError
            The model is not built.
        """
        self._require_core("count_params")
        return sum(int(np.prod(shape)) for shape in self._weight_shapes().values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer with the given name, or at the given position among `layers`.

        Raises
        ------
        ValueError
            No such layer; or neither, or both, of the arguments are given.
        TypeError
            ``index`` is not an integer.
        """
        if (name is None) == (index is None):
            raise ValueError(
                f"get_layer needs either name or index. Received: {shown(name)} and {shown(index)}"
            )
        if not self._layers:
            raise ValueError(f"get_layer needs a model with layers; {self.name!r} has none")
        if index is not None:
            position = integer(index, "index", -len(self._layers), len(self._layers) - 1)
            return self._layers[position]
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise unknown("name", name, [layer.name for layer in self._layers])

    def summary(self, *, print_fn: Callable[[str], object] | None = None) -> None:
        """Print a table of the layers, their output shapes and their numbers of weights.

        Parameters
        ----------
        print_fn : callable, optional
            Called with each line; default: print.
        """
        shapes: list[Shape] = []
        if self._core is not None and self._input_shape is not None:
            shapes = self._shapes(self._input_shape)[1:]
        for line in summary_lines(self.name, self._layers, shapes):
            (print_fn or print)(line)

    def to(self: N, device: str, *, precision: str | None = None) -> N:
        """Move the model to another device, weights and state of training with it; return it.

        Parameters
        ----------
        device : {"auto", "cpu", "cuda"}
            As for `Sequential`.
        precision : {"float32", "tf32", "bfloat16"}, optional
            As for `Sequential`; if not given, it stays, but on the CPU it becomes "float32".

        Raises
        ------
        TypeError, ValueError
            An argument that does not fit.
        RuntimeError
            The device cannot be used here, or the model is fitting; nothing is changed then.
        """
        self._require_rest("to")
        if precision is None:
            precision = "float32" if device == "cpu" else self._machine.precision
        chosen = machine(device, precision)
        self._move(self._possible(chosen))
        self._machine = chosen
        return self

    def _move(self, chosen: Machine) -> None:
        if self._core is None or self._input_shape is None:
            return
        old = self._core
        core = self._new_core(self._layers, self._input_shape, old.seed, chosen)
        core.set_weights(old.get_weights())
        core.set_slots(old.get_slots())
        core.iterations, core.epochs = old.iterations, old.epochs
        for layer in self._layers:
            if layer.place is not None:
                layer.place = layer.place._replace(core=core)
        self._core = core

    def engine_report(self) -> dict[str, Any]:
        """Return how the model computed last: which path, instruction set, threads and tiles.

        Returns
        -------
        dict
            ``device``; ``precision``; ``isa``, the instruction set or the GPU's name; ``threads``
            that shared the last call (0 before the first; of a GPU, its multiprocessors);
            ``density``, the share of its samples' values that are not zero, as estimated from some
            hundred of them (1 before the first call, and on a GPU); ``layers``, by name for
            each Dense: its ``path``, "sparse" where the samples' zeros were skipped, else "dense",
            and ``tile``, the (rows, columns) of outputs summed side by side; and
            ``hidden_skip_below``: between the layers, the zeros of ReLU and dropout are skipped in
            each block of values of which less than that share is not zero (0: never).

        Raises
        ------
        ValueError
            The model is not built.
        """
        report = self._require_core("engine_report").report()
        layers = {}
        for i, layer in enumerate(layer for layer in self._layers if isinstance(layer, Dense)):
            sparse = i == 0 and report["skips_zeros"]
            tile = report["sparse" if sparse else "dense"]
            layers[layer.name] = {"path": "sparse" if sparse else "dense", "tile": tile}
        return {
            "device": self.device,
            "precision": self.precision,
            "isa": report["isa"],
            "threads": report["threads"],
            "density": report["density"],
            "layers": layers,
            "hidden_skip_below": report["hidden_skip_below"],
        }

    def get_config(self) -> dict[str, Any]:
        """Return name, layers and input shape as JSON-ready values; no weights."""
        return {
            "name": self.name,
            "layers": [layer_module.serialize(layer) for layer in self._layers],
            "input_shape": None if self._input_shape is None else list(self._input_shape),
        }

    @classmethod
    def from_config(
        cls: type[N],
        config: Mapping[str, Any],
        *,
        device: str = "auto",
        precision: str = "float32",
    ) -> N:
        """Build a model, with new weights, from what `get_config` returned.

        Raises
        ------
        TypeError, ValueError
            ``config`` has another form, or describes no model.
        """
        name, layers, input_shape = parse_config(config)
        first = [] if input_shape is None else [InputLayer(input_shape)]
        return cls([*first, *layers], device=device, precision=precision, name=name)


def parse_config(config: object) -> tuple[str, list[Layer], Shape | None]:
    """Return name, new layers and input shape from what `Network.get_config` returned.

    Raises
    ------
    TypeError, ValueError
        ``config`` has another form, or describes no layers.
    """
    if not isinstance(config, Mapping) or set(config) != {"name", "layers", "input_shape"}:
        raise ValueError(
            f"config must be a mapping with name, layers and input_shape. Received: {shown(config)}"
        )
    if not isinstance(config["layers"], (list, tuple)):
        raise ValueError(f"config['layers'] must be a list. Received: {shown(config['layers'])}")
    layers = [layer_module.deserialize(item) for item in config["layers"]]
    shape = config["input_shape"]
    name = text(config["name"], "name")
    return name, layers, None if shape is None else sample_shape(shape, "input_shape")
