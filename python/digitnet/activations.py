"""Activation functions: their names, and the same functions on NumPy arrays.

Every function takes real numbers of any dtype and shape, a scalar and an empty array included, and
returns a new float32 array of the same shape; NaN and infinity go through the formula. It raises
TypeError for anything else (also a masked array), ValueError for rows of unequal length. The core's
plain loops compute it, which are the specification of the vectorised ones. Names, defaults and
formulas are those of Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from digitnet import _core
from digitnet._arrays import FloatArray, as_float32, as_real
from digitnet._checks import real
from digitnet._errors import shown
from digitnet._identifiers import unknown

ActivationFunction: TypeAlias = Callable[..., FloatArray]

LEAKY_RELU_SLOPE = 0.2  # of the function and the name; the LeakyReLU layer has 0.3, as in Keras 3
ELU_ALPHA = 1.0


def _apply(name: str, x: ArrayLike, alpha: float = 0.0) -> FloatArray:
    rows = as_float32(as_real(x, "x"))  # beyond float32: infinity, as in the core
    if not rows.size:
        return rows
    last = rows.shape[-1] if rows.ndim else 1
    z = np.ascontiguousarray(rows.reshape(-1, last))
    return _core.KernelTable("generic").activate(name, alpha, z).reshape(rows.shape)


def linear(x: ArrayLike) -> FloatArray:
    """Return ``x`` itself, as float32."""
    return _apply("linear", x)


def relu(x: ArrayLike) -> FloatArray:
    """Return ``max(x, 0)``."""
    return _apply("relu", x)


def leaky_relu(x: ArrayLike, negative_slope: float = LEAKY_RELU_SLOPE) -> FloatArray:
    """Return ``x`` where it is positive, else ``negative_slope * x``."""
    return _apply("leaky_relu", x, real(negative_slope, "negative_slope"))


def elu(x: ArrayLike, alpha: float = ELU_ALPHA) -> FloatArray:
    """Return ``x`` where it is positive, else ``alpha * (exp(x) - 1)`` (Clevert et al., 2015)."""
    return _apply("elu", x, real(alpha, "alpha"))


def sigmoid(x: ArrayLike) -> FloatArray:
    """Return ``1 / (1 + exp(-x))``."""
    return _apply("sigmoid", x)


def tanh(x: ArrayLike) -> FloatArray:
    """Return the hyperbolic tangent of ``x``."""
    return _apply("tanh", x)


def softplus(x: ArrayLike) -> FloatArray:
    """Return ``log(1 + exp(x))``."""
    return _apply("softplus", x)


def silu(x: ArrayLike) -> FloatArray:
    """Return ``x * sigmoid(x)``, also called swish (Ramachandran et al., 2017)."""
    return _apply("silu", x)


def gelu(x: ArrayLike) -> FloatArray:
    """Return ``x * (1 + erf(x / sqrt(2))) / 2`` (Hendrycks and Gimpel, 2016; the exact form)."""
    return _apply("gelu", x)


def softmax(x: ArrayLike) -> FloatArray:
    """Return ``exp(x_i) / sum_j exp(x_j)`` over the last axis."""
    return _apply("softmax", x)


swish = silu

_FUNCTIONS: dict[str, ActivationFunction] = {
    function.__name__: function
    for function in (
        linear, relu, leaky_relu, elu, sigmoid, tanh, softplus, silu, gelu, softmax,
    )
}  # fmt: skip
_ALIASES = {"swish": "silu"}
_ALPHAS = {"leaky_relu": LEAKY_RELU_SLOPE, "elu": ELU_ALPHA}


def serialize(activation: str | ActivationFunction | None) -> str:
    """Return the name of an activation given as a name, a function of this module or None.

    Raises
    ------
    ValueError
        The name is unknown, or the function is not of this module.
    TypeError
        ``activation`` is neither a name nor a function.
    """
    if activation is None:
        return "linear"
    if isinstance(activation, str):
        name = _ALIASES.get(activation, activation)
    elif callable(activation):
        name = getattr(activation, "__name__", "")
        if _FUNCTIONS.get(name) is not activation:
            raise ValueError(
                "activation must be a name or a function of digitnet.activations "
                f"(leaky_relu and elu with their parameter: the layers LeakyReLU and ELU). "
                f"Received: {shown(activation)}"
            )
    else:
        raise TypeError(
            "activation must be a name or a function of digitnet.activations. "
            f"Received: {shown(activation)} ({type(activation).__name__})"
        )
    if name not in _FUNCTIONS:
        raise unknown("activation", activation, [*_FUNCTIONS, *_ALIASES])
    return name


def get(identifier: str | ActivationFunction | None) -> ActivationFunction:
    """Return the function for a name, a function of this module or None (linear).

    Raises
    ------
    ValueError, TypeError
        As ``serialize``.
    """
    return _FUNCTIONS[serialize(identifier)]


def default_alpha(name: str) -> float:
    """Return the parameter that the named activation has when none is given (0 if it has none)."""
    return _ALPHAS.get(name, 0.0)
