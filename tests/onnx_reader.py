"""ONNX files read and computed independently of digitnet and of the onnx package, in float64.

The field numbers are those of onnx.proto, the formulas those of https://onnx.ai/onnx/operators/.
"""

import math
import struct

import numpy as np


def fields(data):
    """Return a message as {field number: [values]}: an int, or the bytes of anything else."""
    found, position = {}, 0

    def varint():
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            value = varint()
        else:
            length = {2: varint, 5: lambda: 4}[kind]()
            assert position + length <= len(data)
            value = data[position : position + length]
            position += length
        found.setdefault(tag >> 3, []).append(value)
    return found


def one(message, field):
    """Return the one value of a field."""
    (value,) = message[field]
    return value


class Model:
    """An ONNX model: its constants, inputs and outputs, and what it computes."""

    def __init__(self, path):
        model = fields(path.read_bytes())
        opset = fields(one(model, 8))
        self.ir_version, self.opset = one(model, 1), one(opset, 2)
        self.producer = one(model, 2).decode()
        assert one(opset, 1) == b""  # the domain of the standard operators
        graph = fields(one(model, 7))
        self.name = one(graph, 2).decode()
        self.nodes = [fields(node) for node in graph[1]]
        self.constants = dict(map(_tensor, graph.get(5, [])))
        self.inputs, self.outputs = (dict(map(_value, graph[field])) for field in (11, 12))

    @property
    def operators(self):
        """The nodes' operators, in order."""
        return [one(node, 4).decode() for node in self.nodes]

    def run(self, x):
        """Return the one output for the one input, in float64."""
        values = {name: c.astype(np.float64) for name, c in self.constants.items()}
        (name,) = self.inputs
        values[name] = np.asarray(x, np.float64)
        for node in self.nodes:
            inputs = [values[key.decode()] for key in node[1]]
            attributes = dict(map(_attribute, node.get(5, [])))
            output = one(node, 2).decode()
            assert output not in values  # each name is given once
            values[output] = OPERATORS[one(node, 4).decode()](*inputs, **attributes)
        (name,) = self.outputs
        return values[name]


def _tensor(data):
    tensor = fields(data)
    assert one(tensor, 2) == 1  # float32
    dims = list(one(tensor, 1)) if 1 in tensor else []
    shape, value, shift = [], 0, 0
    for byte in dims:  # packed varints
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            shape.append(value)
            value, shift = 0, 0
    return one(tensor, 8).decode(), np.frombuffer(one(tensor, 9), "<f4").reshape(shape)


def _value(data):
    """Return name and shape of an input or output; a dimension left open is its name."""
    info = fields(data)
    tensor = fields(one(fields(one(info, 2)), 1))
    assert one(tensor, 1) == 1  # float32
    dims = map(fields, fields(one(tensor, 2))[1])
    return one(info, 1).decode(), [one(d, 1) if 1 in d else one(d, 2).decode() for d in dims]


def _attribute(data):
    attribute = fields(data)
    kind = one(attribute, 20)
    value = struct.unpack("<f", one(attribute, 2))[0] if kind == 1 else one(attribute, 3)
    assert kind in (1, 2)
    return one(attribute, 1).decode(), value


def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _gemm(a, b, c):
    assert a.ndim == b.ndim == 2
    return a @ b + c


OPERATORS = {
    "Identity": lambda x: x,
    "Add": np.add,
    "Mul": np.multiply,
    "Div": np.divide,
    "Gemm": _gemm,
    "MatMul": np.matmul,
    "Flatten": lambda x, axis: x.reshape(math.prod(x.shape[:axis]), -1),
    "Relu": lambda x: np.maximum(x, 0),
    "LeakyRelu": lambda x, alpha: np.where(x < 0, alpha * x, x),
    "Elu": lambda x, alpha: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Erf": np.vectorize(math.erf, otypes=[np.float64]),
    "Softmax": _softmax,
}
