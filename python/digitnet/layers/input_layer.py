"""The shape of a model's samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet._checks import sample_shape
from digitnet.layers.layer import Layer


class InputLayer(Layer):
    """Says what shape one sample has; computes nothing. `Input` makes one.

    Parameters
    ----------
    shape : tuple of int
        Without the batch axis: ``(28, 28)`` or ``(784,)``.
    name : str, optional
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        ``shape`` is not a tuple of positive integers.
    """

    def __init__(self, shape: Sequence[int], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.shape = sample_shape(shape, "shape")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "shape": list(self.shape)}


def Input(shape: Sequence[int], *, name: str | None = None) -> InputLayer:
    """Return an `InputLayer`: the first item of a model, saying what shape one sample has.

    Raises
    ------
    TypeError, ValueError
        ``shape`` is not a tuple of positive integers.
    """
    return InputLayer(shape, name=name)
