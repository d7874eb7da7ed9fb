"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet import _core
from digitnet._checks import real
from digitnet.layers.layer import Layer


class Dropout(Layer):
    """While training, sets values to 0 with probability ``rate`` and scales the rest up.

    The rest is multiplied by ``1 / (1 - rate)``, so that the expected sum stays (Srivastava et al.,
    2014, in the inverted form). `evaluate` and `predict` leave the values as they are. The choice
    depends on the model's seed, which `digitnet.utils.set_random_seed` governs.

    Parameters
    ----------
    rate : float
        In [0, 1).
    input_shape, name
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        ``rate`` is not a number in [0, 1).
    """

    def __init__(
        self,
        rate: float,
        *,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.rate = real(rate, "rate", minimum=0, below=1)

    def core_layer(self) -> _core.Layer:
        """Return the core's description."""
        return _core.Layer("dropout", rate=self.rate)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate}
