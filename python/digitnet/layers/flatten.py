"""From images to flat samples."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from digitnet.layers.layer import Layer, Shape


class Flatten(Layer):
    """Makes samples flat: (28, 28) becomes (784,), row by row (C order). Costs nothing.

    Parameters
    ----------
    input_shape, name
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        ``input_shape`` or ``name`` does not fit.
    """

    def __init__(
        self, *, input_shape: Sequence[int] | None = None, name: str | None = None
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the number of values in one sample, as a shape."""
        return (prod(input_shape),)
