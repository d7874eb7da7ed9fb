"""Activations as layers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from digitnet import _core, activations
from digitnet._checks import real
from digitnet.activations import ActivationFunction
from digitnet.layers.layer import Layer, Shape


class _ActivationLayer(Layer):
    """Applies one activation to every value (softmax: to every sample)."""

    activation_name: str
    alpha: float = 0.0

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return ``input_shape``.

        Raises
        ------
        ValueError
            Softmax over samples that are not flat.
        """
        if self.activation_name == "softmax" and len(input_shape) != 1:
            raise ValueError(
                f"softmax needs flat samples (features,); put Flatten() before {self.name!r}. "
                f"Received: samples of shape {input_shape}"
            )
        return input_shape

    def core_layer(self) -> _core.Layer:
        """Return the core's description."""
        return _core.Layer("activation", activation=self.activation_name, alpha=self.alpha)


class Activation(_ActivationLayer):
    """Applies the activation with the given name.

    Parameters
    ----------
    activation : str or function of digitnet.activations
        See `digitnet.activations`.
    input_shape, name
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        The activation is unknown.
    """

    def __init__(
        self,
        activation: str | ActivationFunction | None,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.activation = activations.get(activation)
        self.activation_name = activations.serialize(activation)
        self.alpha = activations.default_alpha(self.activation_name)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "activation": self.activation_name}


class ReLU(_ActivationLayer):
    """``max(x, 0)``."""

    activation_name = "relu"

    def __init__(self, input_shape: Sequence[int] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)


class Softmax(_ActivationLayer):
    """``exp(x_i) / sum_j exp(x_j)`` over the values of a flat sample."""

    activation_name = "softmax"

    def __init__(self, input_shape: Sequence[int] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)


class LeakyReLU(_ActivationLayer):
    """``x`` where it is positive, else ``negative_slope * x``.

    Raises
    ------
    TypeError, ValueError
        ``negative_slope`` is not a finite number >= 0.
    """

    activation_name = "leaky_relu"

    def __init__(
        self,
        negative_slope: float = 0.3,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.negative_slope = self.alpha = real(negative_slope, "negative_slope", minimum=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_ActivationLayer):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert et al., 2015).

    Raises
    ------
    TypeError, ValueError
        ``alpha`` is not a finite number >= 0.
    """

    activation_name = "elu"

    def __init__(
        self,
        alpha: float = 1.0,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.alpha = real(alpha, "alpha", minimum=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}
