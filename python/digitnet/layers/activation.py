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

    def __init__(
        self,
        activation_name: str,
        alpha: float,
        input_shape: Sequence[int] | None,
        name: str | None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.activation_name = activation_name
        self.alpha = alpha

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
        *,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        known = activations.serialize(activation)
        super().__init__(known, activations.default_alpha(known), input_shape, name)
        self.activation = activations.get(activation)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "activation": self.activation_name}


class ReLU(_ActivationLayer):
    """``max(x, 0)`` of every value, float32; the shape stays.

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
        super().__init__("relu", 0.0, input_shape, name)


class Softmax(_ActivationLayer):
    """``exp(x_i) / sum_j exp(x_j)`` over the values of a flat sample: float32, the sum is 1.

    Samples are (features,), before and after.

    Parameters
    ----------
    input_shape, name
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        ``input_shape`` or ``name`` does not fit; in a model, ValueError if samples are not flat.
    """

    def __init__(
        self, *, input_shape: Sequence[int] | None = None, name: str | None = None
    ) -> None:
        super().__init__("softmax", 0.0, input_shape, name)


class LeakyReLU(_ActivationLayer):
    """``x`` where it is positive, else ``negative_slope * x``.

    Raises
    ------
    TypeError, ValueError
        ``negative_slope`` is not a finite number >= 0.
    """

    def __init__(
        self,
        negative_slope: float = 0.3,
        *,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        self.negative_slope = real(negative_slope, "negative_slope", minimum=0)
        super().__init__("leaky_relu", self.negative_slope, input_shape, name)

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

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__("elu", real(alpha, "alpha", minimum=0), input_shape, name)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}
