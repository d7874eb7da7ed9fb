"""An ONNX graph under construction: nodes, constants, and the messages they become.

The field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto);
the names in the comments are that file's.
"""

from __future__ import annotations

import numpy as np

from digitnet._arrays import FloatArray
from digitnet._data import Shape
from digitnet._onnx import wire
from digitnet._onnx.wire import Pieces

OPSET = 17  # of June 2022: no operator that the graph uses has another meaning in a later one
IR_VERSION = 8  # what belongs to it; ONNX Runtime 1.12 and all later ones read both
INPUT, OUTPUT, BATCH = "input", "output", "batch"

_FLOAT = 1  # TensorProto.DataType.FLOAT
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT = 1, 2  # AttributeProto.AttributeType


class Graph:
    """Nodes in order, each with one output, and the float32 constants that they read."""

    def __init__(self) -> None:
        self.layer = ""  # whose nodes come next: their names begin with it
        self._nodes: dict[str, tuple[str, tuple[str, ...], Pieces]] = {}  # op, inputs, attributes
        self._constants: dict[str, FloatArray] = {}

    def node(self, op_type: str, *inputs: str, **attributes: float | int) -> str:
        """Append a node of the standard operators and return the name of its output."""
        name, count = f"{self.layer}/{op_type}", 0
        while name in self._nodes:
            count += 1
            name = f"{self.layer}/{op_type}_{count}"
        encoded: Pieces = []
        for key, value in attributes.items():
            encoded += wire.message(5, _attribute(key, value))  # NodeProto.attribute
        self._nodes[name] = (op_type, inputs, encoded)
        return name

    def constant(self, name: str, value: FloatArray | float) -> str:
        """Keep a constant, float32, under a name without "/" (nodes have one); return the name."""
        self._constants[name] = np.asarray(value, dtype="<f4", order="C")
        return name

    def model(self, name: str, last: str, shapes: tuple[Shape, Shape], version: str) -> Pieces:
        """Return the ModelProto of a graph from INPUT to OUTPUT.

        Parameters
        ----------
        name : str
            The graph's.
        last : str
            What the last node gives; it becomes OUTPUT.
        shapes : pair of tuples
            Of a sample that goes in, and of one that comes out, float32; the number of samples in
            front of them is left open.
        version : str
            digitnet's, noted as the producer's.
        """
        graph: Pieces = []
        for output, (op_type, inputs, attributes) in self._nodes.items():
            renamed = OUTPUT if output == last else output
            fields = [piece for item in inputs for piece in wire.text(1, item)]  # input
            fields += wire.text(2, renamed)  # output
            fields += wire.text(3, output)  # name
            fields += wire.text(4, op_type)
            graph += wire.message(1, fields + attributes)  # GraphProto.node
        graph += wire.text(2, name)
        for key, values in self._constants.items():
            graph += wire.message(5, _tensor(key, values))  # initializer
        graph += wire.message(11, _value_info(INPUT, shapes[0]))  # input
        graph += wire.message(12, _value_info(OUTPUT, shapes[1]))  # output
        model = wire.integer(1, IR_VERSION)
        model += wire.text(2, "digitnet") + wire.text(3, version)  # producer_name, producer_version
        model += wire.message(7, graph)
        return model + wire.message(8, wire.text(1, "") + wire.integer(2, OPSET))  # opset_import


def _attribute(name: str, value: float | int) -> Pieces:
    """Return an AttributeProto; a Python int becomes an INT, a float a FLOAT."""
    if isinstance(value, int):
        return wire.text(1, name) + wire.integer(3, value) + wire.integer(20, _ATTRIBUTE_INT)
    return wire.text(1, name) + wire.float32(2, value) + wire.integer(20, _ATTRIBUTE_FLOAT)


def _tensor(name: str, values: FloatArray) -> Pieces:
    """Return a TensorProto whose raw_data is a view of the array."""
    head = wire.integers(1, values.shape) if values.shape else []  # dims
    head += wire.integer(2, _FLOAT) + wire.text(8, name)
    return head + wire.message(9, [values.reshape(-1).view(np.uint8).data])


def _value_info(name: str, shape: Shape) -> Pieces:
    """Return a ValueInfoProto for float32 (batch, *shape)."""
    dims = wire.message(1, wire.text(2, BATCH))  # dim.dim_param
    for length in shape:
        dims += wire.message(1, wire.integer(1, length))  # dim.dim_value
    tensor = wire.integer(1, _FLOAT) + wire.message(2, dims)  # elem_type, shape
    return wire.text(1, name) + wire.message(2, wire.message(1, tensor))  # type.tensor_type
