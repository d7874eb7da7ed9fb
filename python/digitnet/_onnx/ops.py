"""What each layer and each activation of digitnet is in ONNX's standard operators.

Their definitions: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import TypeAlias

from digitnet import activations
from digitnet._arrays import FloatArray
from digitnet._data import Shape
from digitnet._onnx.graph import Graph
from digitnet.layers import (
    ELU,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Rescaling,
    Softmax,
)

# From a graph, the name of z (batch, …) and the activation's parameter to the name of a.
ActivationOp: TypeAlias = Callable[[Graph, str, float], str]


def _silu(graph: Graph, z: str, alpha: float) -> str:
    return graph.node("Mul", z, graph.node("Sigmoid", z))


def _gelu(graph: Graph, z: str, alpha: float) -> str:
    """Write the exact form in the order in which ONNX Runtime knows it as one operation.

    Gelu itself became an operator only in opset 20.
    """
    erf = graph.node("Erf", graph.node("Div", z, graph.constant("sqrt_2", sqrt(2))))
    twice = graph.node("Mul", z, graph.node("Add", erf, graph.constant("one", 1.0)))
    return graph.node("Mul", twice, graph.constant("half", 0.5))


ACTIVATIONS: Mapping[str, ActivationOp] = {
    "linear": lambda graph, z, alpha: z,
    "relu": lambda graph, z, alpha: graph.node("Relu", z),
    "leaky_relu": lambda graph, z, alpha: graph.node("LeakyRelu", z, alpha=alpha),
    "elu": lambda graph, z, alpha: graph.node("Elu", z, alpha=alpha),
    "sigmoid": lambda graph, z, alpha: graph.node("Sigmoid", z),
    "tanh": lambda graph, z, alpha: graph.node("Tanh", z),
    "softplus": lambda graph, z, alpha: graph.node("Softplus", z),
    "silu": _silu,
    "gelu": _gelu,
    "softmax": lambda graph, z, alpha: graph.node("Softmax", z, axis=1),  # of flat samples
}


def add_layer(
    graph: Graph,
    x: str,
    layer: Layer,
    input_shape: Shape,
    prefix: str,
    weights: Mapping[str, FloatArray],
) -> str:
    """Append what the layer computes when it does not train; return the name of its output.

    Parameters
    ----------
    graph : Graph
        Where the nodes go.
    x : str
        The name of what the layer receives, (batch, *input_shape).
    layer, input_shape
        The layer, and the shape of one sample before it.
    prefix : str
        "layers.0" for the model's first layer: what the names of its constants begin with.
    weights : mapping
        The layer's arrays, under such names ("layers.0.kernel").

    Raises
    ------
    ValueError
        There is no rule for the layer or its activation.
    """
    graph.layer = layer.name
    if isinstance(layer, Dense):
        kernel_and_bias = [graph.constant(key, values) for key, values in weights.items()]
        # A Gemm without bias is allowed, but early ONNX Runtimes fail to fuse it with a Relu.
        z = graph.node("Gemm" if layer.use_bias else "MatMul", x, *kernel_and_bias)
        name = activations.serialize(layer.activation)
        return _activate(graph, z, name, activations.default_alpha(name))
    if isinstance(layer, (Activation, ReLU, Softmax, LeakyReLU, ELU)):
        return _activate(graph, x, layer.activation_name, layer.alpha)
    if isinstance(layer, Rescaling):
        return _rescale(graph, x, layer, prefix)
    if isinstance(layer, Flatten):
        return x if len(input_shape) == 1 else graph.node("Flatten", x, axis=1)
    if isinstance(layer, Dropout):  # at rest
        return x
    raise ValueError(
        f"export knows no ONNX operators for layer {layer.name!r}. Received: {type(layer).__name__}"
    )


def _activate(graph: Graph, z: str, name: str, alpha: float) -> str:
    if name not in ACTIVATIONS:
        raise ValueError(
            f"export knows no ONNX operators for the activation of layer {graph.layer!r}. "
            f"Received: {name!r}"
        )
    return ACTIVATIONS[name](graph, z, alpha)


def _rescale(graph: Graph, x: str, layer: Rescaling, prefix: str) -> str:
    """Append x * scale + offset; what changes nothing is left out."""
    if layer.scale != 1:
        x = graph.node("Mul", x, graph.constant(f"{prefix}.scale", layer.scale))
    if layer.offset != 0:
        x = graph.node("Add", x, graph.constant(f"{prefix}.offset", layer.offset))
    return x
