"""What all layers share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet import _core
from digitnet._checks import integer, sample_shape, text
from digitnet._errors import shown
from digitnet._identifiers import Configurable
from digitnet._weights import as_weights

Shape: TypeAlias = tuple[int, ...]
FloatArray: TypeAlias = NDArray[np.float32]


class Place(NamedTuple):
    """Where a built layer stands: its model's core and the position of its first weight there."""

    core: _core.Model
    first_weight: int
    input_shape: Shape


class Layer(Configurable):
    """Base of all layers: one step of a `Sequential` model.

    Shapes here are those of one sample, without the batch axis. Settings are fixed once a layer is
    made, and only the classes of `digitnet.layers` can stand in a model: the core computes them.

    Parameters
    ----------
    input_shape : tuple of int, optional
        On a model's first layer: the shape of one sample, as an `Input` before it would give.
    input_dim : int, optional
        The same for flat samples: ``input_dim=784`` is ``input_shape=(784,)``.
    name : str, optional
        Unique in the model; made from the class's name if not given.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    _writable = frozenset({"place", "owned"})

    def __init__(
        self,
        *,
        input_shape: Sequence[int] | None = None,
        input_dim: int | None = None,
        name: str | None = None,
    ) -> None:
        if input_shape is not None and input_dim is not None:
            raise ValueError(
                "input_shape and input_dim say the same; give one. "
                f"Received: {shown(input_shape)} and {shown(input_dim)}"
            )
        given: Shape | None = None
        if input_shape is not None:
            given = sample_shape(input_shape, "input_shape")
        elif input_dim is not None:
            given = (integer(input_dim, "input_dim"),)
        self.given_input_shape = given
        self.given_name = None if name is None else text(name, "name")
        self._name = self.given_name or self.default_name()
        self.place: Place | None = None
        self.owned = False  # stands in a model, built or not

    @property
    def name(self) -> str:
        """The layer's name, unique in its model."""
        return self._name

    def rename(self, name: str) -> None:
        """Take the name that is unique in a model; the model does this."""
        self._name = name

    @classmethod
    def default_name(cls) -> str:
        """Return the class's name as words: ``LeakyReLU`` is "leaky_re_lu", as in Keras."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @property
    def built(self) -> bool:
        """True where the layer stands in a model whose input shape is known."""
        return self.place is not None

    @property
    def trainable(self) -> bool:
        """True, and read-only: weights cannot be frozen."""
        return True

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape of what the layer gives for samples of ``input_shape``.

        Raises
        ------
        ValueError
            The layer cannot take such samples.
        """
        return input_shape

    def core_layer(self) -> _core.Layer | None:
        """Return the core's description; None where there is nothing to compute."""
        return None

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the names and shapes of the layer's weights, in the order of `get_weights`."""
        return {}

    def initial_weights(self, input_shape: Shape) -> list[FloatArray]:
        """Return new weights from the layer's initializers."""
        return []

    def get_weights(self) -> list[FloatArray]:
        """Return copies of the layer's weights: none before the model is built."""
        if self.place is None:
            return []
        core, first, input_shape = self.place
        return core.get_weights()[first : first + len(self.weight_shapes(input_shape))]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Replace the layer's weights.

        Raises
        ------
        ValueError
            The layer is not built, or number, shape or values do not fit; nothing is changed then.
        TypeError
            ``weights`` is not a list of arrays of real numbers.
        """
        if self.place is None:
            raise ValueError(
                f"set_weights needs a built layer; {self.name!r} stands in no model "
                "whose input shape is known"
            )
        core, first, input_shape = self.place
        shapes = list(self.weight_shapes(input_shape).values())
        values = as_weights(weights, shapes, "weights")
        everything = core.get_weights()
        everything[first : first + len(shapes)] = values
        core.set_weights(everything)

    def count_params(self) -> int:
        """Return the number of the layer's weights.

        Raises
        ------
        ValueError
            The layer is not built.
        """
        if self.place is None:
            raise ValueError(
                f"count_params needs a built layer; {self.name!r} stands in no model "
                "whose input shape is known"
            )
        shapes = self.weight_shapes(self.place.input_shape).values()
        return sum(int(np.prod(shape)) for shape in shapes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name}
