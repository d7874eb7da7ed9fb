"""From pixels to small numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet import _core
from digitnet._checks import real
from digitnet.layers.layer import Layer


class Rescaling(Layer):
    """``x * scale + offset``, as float32: ``Rescaling(1 / 255)`` brings pixels to [0, 1].

    Before the first Dense it is part of reading the samples: uint8 images stay uint8 in memory.

    Raises
    ------
    TypeError, ValueError
        ``scale`` or ``offset`` is not a finite number.
    """

    def __init__(
        self,
        scale: float,
        offset: float = 0.0,
        *,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.scale = real(scale, "scale")
        self.offset = real(offset, "offset")

    def core_layer(self) -> _core.Layer:
        """Return the core's description."""
        return _core.Layer("rescaling", scale=self.scale, offset=self.offset)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
