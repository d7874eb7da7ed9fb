"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from digitnet import _core, activations, constraints, initializers, regularizers
from digitnet._checks import MAX_WIDTH, flag, integer
from digitnet.activations import ActivationFunction
from digitnet.layers.layer import FloatArray, Layer, Shape


class Dense(Layer):
    """``a = activation(x @ kernel + bias)``.

    x is (batch, in), kernel (in, units), bias (units,), a (batch, units); all are float32.

    As a model's last layer with the cross-entropy that belongs to it (softmax: categorical or
    sparse; sigmoid: binary), the loss is computed from z in the stable form log-sum-exp, see
    `digitnet.losses`.

    Parameters
    ----------
    units : int
        Number of neurons, > 0.
    activation : str or function of digitnet.activations, optional
        Default: linear.
    use_bias : bool
        False leaves the bias out.
    kernel_initializer, bias_initializer : str or Initializer
        See `digitnet.initializers`.
    kernel_regularizer : str or L2, optional
        See `digitnet.regularizers`.
    kernel_constraint : str or MaxNorm, optional
        See `digitnet.constraints`.
    input_shape, input_dim, name
        As for every layer.

    Raises
    ------
    TypeError, ValueError
        An argument of another type, out of range, or an unknown name.
    """

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = None,
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        bias_initializer: object = "zeros",
        kernel_regularizer: object = None,
        *,
        kernel_constraint: object = None,
        input_shape: Sequence[int] | None = None,
        input_dim: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, input_dim=input_dim, name=name)
        self.units = integer(units, "units", maximum=MAX_WIDTH)
        self.activation = activations.get(activation)
        self.use_bias = flag(use_bias, "use_bias")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return ``(units,)``.

        Raises
        ------
        ValueError
            The samples are not flat.
        """
        if len(input_shape) != 1:
            raise ValueError(
                f"Dense needs flat samples (features,); put Flatten() before {self.name!r}. "
                f"Received: samples of shape {input_shape}"
            )
        return (self.units,)

    def core_layer(self) -> _core.Layer:
        """Return the core's description."""
        activation = activations.serialize(self.activation)
        return _core.Layer(
            "dense",
            units=self.units,
            activation=activation,
            alpha=activations.default_alpha(activation),
            use_bias=self.use_bias,
            kernel_l2=self.kernel_regularizer.l2 if self.kernel_regularizer else 0.0,
            kernel_max_norm=self.kernel_constraint.max_value if self.kernel_constraint else inf,
        )

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return kernel (in, units) and bias (units,)."""
        shapes: dict[str, Shape] = {"kernel": (input_shape[0], self.units)}
        if self.use_bias:
            shapes["bias"] = (self.units,)
        return shapes

    def initial_weights(self, input_shape: Shape) -> list[FloatArray]:
        """Return new weights from the layer's initializers."""
        chosen = {"kernel": self.kernel_initializer, "bias": self.bias_initializer}
        shapes = self.weight_shapes(input_shape)
        return [chosen[name](shape) for name, shape in shapes.items()]

    def _weight(self, index: int, name: str) -> FloatArray:
        weights = self.get_weights()
        if not weights:
            raise AttributeError(
                f"{name} exists once the model's input shape is known; {self.name!r} is not built"
            )
        return weights[index]

    @property
    def kernel(self) -> FloatArray:
        """A copy of the kernel, float32 (in, units); AttributeError before the layer is built."""
        return self._weight(0, "kernel")

    @property
    def bias(self) -> FloatArray | None:
        """A copy of the bias, float32 (units,), or None; AttributeError before it is built."""
        return self._weight(1, "bias") if self.use_bias else None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        penalty, constraint = self.kernel_regularizer, self.kernel_constraint
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": penalty and regularizers.serialize(penalty),
            "kernel_constraint": constraint and constraints.serialize(constraint),
        }
