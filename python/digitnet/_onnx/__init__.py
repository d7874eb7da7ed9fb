"""Models as ONNX files, written without the onnx package: `wire` bytes, a `graph`, its `ops`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digitnet._arrays import FloatArray
from digitnet._data import Shape
from digitnet._onnx import wire
from digitnet._onnx.graph import INPUT, Graph
from digitnet._onnx.ops import add_layer
from digitnet.layers import Layer


def model_proto(
    name: str,
    layers: Sequence[Layer],
    shapes: Sequence[Shape],
    weights: Mapping[str, FloatArray],
    version: str,
) -> wire.Pieces:
    """Return the content of the ONNX file of a model at rest, in pieces to be written in turn.

    Parameters
    ----------
    name : str
        The model's.
    layers, shapes
        The layers; the shape of a sample before each of them and, last, after all.
    weights : mapping
        The arrays by name ("layers.0.kernel", (in, units)), in the model's order.
    version : str
        digitnet's.

    Raises
    ------
    ValueError
        A layer has no rule, or the file would be larger than the format allows.
    """
    graph, last = Graph(), INPUT
    for i, layer in enumerate(layers):
        prefix = f"layers.{i}"
        own = {key: values for key, values in weights.items() if key.startswith(f"{prefix}.")}
        last = add_layer(graph, last, layer, shapes[i], prefix, own)
    if last == INPUT:  # nothing is computed; but an output must have a node
        graph.layer = name
        last = graph.node("Identity", last)
    content = graph.model(name, last, (shapes[0], shapes[-1]), version)
    if wire.size(content) > wire.MAX_BYTES:
        raise ValueError(
            f"an ONNX file must hold at most {wire.MAX_BYTES} bytes, the limit of its format. "
            f"Received: a model of {wire.size(content)} bytes"
        )
    return content
