"""The layers of a model and the compiled core they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

from digitnet import _core
from digitnet._arrays import FloatArray
from digitnet._checks import sample_shape, text
from digitnet._data import Shape
from digitnet._errors import shown
from digitnet._model.layer_list import check_memory, checked_list, unique_names, walk
from digitnet._model.machine import CPU, Machine, machine
from digitnet.layers import InputLayer, Layer
from digitnet.layers import checked as checked_layer
from digitnet.layers.layer import Place
from digitnet.utils.random_seed import next_seed


class LayerStack:
    """A list of layers and, once the shape of a sample is known, the core that computes them.

    Every change is made in full or not at all: what can fail comes before what is kept.
    """

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        *,
        device: str = "auto",
        precision: str = "float32",
        name: str | None = None,
    ) -> None:
        self._machine = machine(device, precision)
        self.name = "sequential" if name is None else text(name, "name")
        self._layers: list[Layer] = []
        self._input_shape: Shape | None = None
        self._output_shape: Shape = ()  # for one sample, once there is a core
        self._core: _core.Model | None = None
        self._seed: int | None = None
        self._fitting = False  # while true, layers and settings stay as they are
        if layers is not None:
            self._extend(checked_list(layers))

    # --- the list of layers

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input; a new list."""
        return list(self._layers)

    def add(self, layer: Layer) -> None:
        """Append a layer; the layers before it keep their weights.

        Raises
        ------
        TypeError
            ``layer`` is not of one of digitnet's layer classes.
        ValueError
            It stands in a model already, its name is taken, it cannot take what the layer before it
            gives, it is a second Input, or the weights would not fit into memory.
        RuntimeError
            The model is fitting.
        """
        self._require_rest("add")
        self._extend([layer])

    def pop(self) -> Layer:
        """Remove and return the last layer; the layers before it keep their weights.

        The input shape stays, also where the last layer goes, as in Keras.

        Raises
        ------
        IndexError
            The model has no layers.
        RuntimeError
            The model is fitting.
        """
        self._require_rest("pop")
        if not self._layers:
            raise IndexError(f"pop needs a layer; model {self.name!r} has none")
        last = self._layers[-1]
        rest = self._layers[:-1]
        self._set_layers(rest, self._input_shape)
        last.place, last.owned = None, False
        return last

    def _extend(self, added: Iterable[object]) -> None:
        layers, shape = list(self._layers), self._input_shape
        for item in added:
            layer = checked_layer(item)
            given = layer.shape if isinstance(layer, InputLayer) else layer.given_input_shape
            if isinstance(layer, InputLayer) and (layers or shape is not None):
                raise ValueError(
                    f"Input must be the first item of a model, and the only one; {self.name!r} "
                    f"has {'layers' if layers else 'an Input'} already"
                )
            if given is not None and not layers:
                if shape not in (None, given):
                    raise ValueError(
                        f"input_shape of {layer.name!r} must be that of the Input, {shape}. "
                        f"Received: {given}"
                    )
                shape = given
            if not isinstance(layer, InputLayer):
                if layer.owned or any(layer is other for other in layers):
                    raise ValueError(
                        f"layer {layer.name!r} stands in a model already; make a new layer "
                        "(a model owns its layers' weights)"
                    )
                layers.append(layer)
        self._set_layers(layers, shape)

    def _set_layers(
        self,
        layers: list[Layer],
        input_shape: Shape | None,
        weights: Mapping[int, list[FloatArray]] | None = None,
    ) -> None:
        """Replace layers and input shape, then build if both are there; nothing changes on error.

        ``weights``, by the layer's id, are taken instead of those that layers have or initial ones.
        """
        names = unique_names(layers)
        kept = weights or {id(layer): layer.get_weights() for layer in self._layers}
        core: _core.Model | None = None
        output_shape: Shape = ()
        places: list[Place] = []
        seed = next_seed() if self._seed is None else self._seed
        if layers and input_shape is not None:
            core, places = self._make_core(layers, input_shape, seed, kept)
            output_shape = walk(layers, input_shape)[-1]
        for layer in self._layers:
            layer.place = None
        self._layers, self._input_shape, self._core, self._seed = layers, input_shape, core, seed
        self._output_shape = output_shape
        for layer, name in zip(layers, names, strict=True):
            layer.rename(name)
            layer.owned = True
        for layer, place in zip(layers, places, strict=False):
            layer.place = place

    def _make_core(
        self,
        layers: list[Layer],
        input_shape: Shape,
        seed: int,
        kept: Mapping[int, list[FloatArray]],
    ) -> tuple[_core.Model, list[Place]]:
        shapes = walk(layers, input_shape)
        check_memory(layers, shapes)
        core = self._new_core(layers, input_shape, seed, self._possible(self._machine))
        weights: list[FloatArray] = []
        places = []
        for layer, shape in zip(layers, shapes, strict=False):
            places.append(Place(core, len(weights), shape))
            weights += kept.get(id(layer)) or layer.initial_weights(shape)
        core.set_weights(weights)
        if self._core is not None:
            core.iterations, core.epochs = self._core.iterations, self._core.epochs
        return core, places

    def _possible(self, chosen: Machine) -> Machine:
        """Return the CPU in place of "auto" where a GPU could not train the model."""
        return CPU if chosen.device == "auto" and self._missing_on_cuda() else chosen

    def _missing_on_cuda(self) -> str:
        """Return what device "cuda" lacks to train the model as compiled, in words."""
        return ""

    @staticmethod
    def _new_core(
        layers: Iterable[Layer], input_shape: Shape, seed: int, machine: Machine
    ) -> _core.Model:
        described = [found for layer in layers if (found := layer.core_layer()) is not None]
        return _core.Model(prod(input_shape), described, machine.device, seed, machine.precision)

    # --- building and shapes

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Fix the shape of the samples and draw the initial weights.

        Needed only where no Input, no ``input_shape=`` on the first layer and no data say it.

        Parameters
        ----------
        input_shape : tuple
            With the batch axis, as in Keras: ``(None, 784)``.

        Raises
        ------
        ValueError
            No layers, no usable shape, or the model has another input shape already.
        """
        if input_shape is None:
            self._require_core("build without input_shape")
            return
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise ValueError(
                "input_shape must begin with the batch axis, such as (None, 784). "
                f"Received: {shown(input_shape)}"
            )
        self._build(sample_shape(tuple(input_shape[1:]), "input_shape"))

    def _build(self, shape: Shape) -> _core.Model:
        if self._input_shape is not None and shape != self._input_shape:
            raise ValueError(
                f"input_shape of model {self.name!r} is {(None, *self._input_shape)} already. "
                f"Received: {(None, *shape)}"
            )
        if self._core is None:
            self._set_layers(list(self._layers), shape)
        return self._require_core("build")

    def _require_rest(self, action: str) -> None:
        if self._fitting:
            raise RuntimeError(
                f"{action} needs a model at rest; {self.name!r} is fitting, wait until fit returns"
            )

    def _require_core(self, action: str) -> _core.Model:
        if not self._layers:
            raise ValueError(f"{action} needs a model with layers; {self.name!r} has none")
        if self._core is None:
            raise ValueError(
                f"{action} needs a built model: begin {self.name!r} with Input(shape), or call "
                "build or fit first"
            )
        return self._core

    def _shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape before every layer and, last, that of the output."""
        if not self._layers:
            raise ValueError(f"model {self.name!r} has no layers; add one first")
        return walk(self._layers, input_shape)

    @property
    def built(self) -> bool:
        """True where the shape of the samples is known and there is a layer."""
        return self._core is not None

    @property
    def device(self) -> str:
        """Where the model computes; before it is built, the device asked for."""
        return self._machine.device if self._core is None else self._core.device

    @property
    def precision(self) -> str:
        """How exactly products are computed: "float32" on the CPU, else as asked for."""
        return "float32" if self.device == "cpu" else self._machine.precision

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """``(None, …)``: None stands for the batch; AttributeError before it is known."""
        if self._input_shape is None:
            raise AttributeError(f"model {self.name!r} has no input shape yet")
        return (None, *self._input_shape)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """``(None, outputs)``: None stands for the batch; AttributeError before it is known."""
        if self._input_shape is None or not self._layers:
            raise AttributeError(f"model {self.name!r} has no output shape yet")
        return (None, *self._shapes(self._input_shape)[-1])
