"""ONNX export: the file computes what the model does, for a plain reader and for ONNX Runtime."""

import importlib.util
import os

import numpy as np
import pytest

import digitnet
from digitnet import _core, layers
from digitnet._onnx import ops, wire
from digitnet.layers import (
    ELU,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    LeakyReLU,
    ReLU,
    Rescaling,
    Softmax,
)
from digitnet.models import Sequential
from onnx_reader import Model, fields

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the onnx package's own dependencies


def numpy_reader(path):
    """Return the file as a function of x, computed by this folder's reader."""
    return Model(path).run


def onnx_runtime(path):
    """Return the file as a function of x, after the onnx package's checks, in ONNX Runtime."""
    for package in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed")
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda x: session.run(["output"], {"input": x})[0]


def close(left, right):
    """Assert equality to 1e-6 of the largest value, or of 1: sums of float32 cancel."""
    atol = 1e-6 * max(1, np.abs(right).max())
    np.testing.assert_allclose(left, right, rtol=0, atol=atol)


READERS = [numpy_reader, onnx_runtime]

CASES = {
    **{f"activation {name}": [Input((7,)), Activation(name)] for name in _core.ACTIVATIONS},
    **{f"dense {name}": [Input((7,)), Dense(5, name), Dense(3)] for name in _core.ACTIVATIONS},
    "no bias": [Input((7,)), Dense(4, "relu", use_bias=False)],
    "ReLU": [Input((2, 3, 4)), ReLU()],
    "Softmax": [Input((7,)), Softmax()],
    "LeakyReLU": [Input((2, 3)), LeakyReLU(0.1)],
    "steep LeakyReLU": [Input((7,)), LeakyReLU(2.5)],
    "ELU": [Input((2, 3)), ELU(0.7)],
    "ELU 0": [Input((7,)), ELU(0.0)],
    "scale": [Input((2, 3)), Rescaling(1 / 255)],
    "scale and offset": [Input((7,)), Rescaling(-2.0, 0.3)],
    "offset": [Input((7,)), Rescaling(1.0, -1.5)],
    "flatten": [Input((2, 3, 4)), Flatten(), Dense(3)],
    "flatten what is flat": [Input((7,)), Flatten(), Dense(3)],
    "one value": [Input((1,)), Dense(1, "sigmoid")],
    "dropout": [Input((7,)), Dropout(0.5), Dense(3), Dropout(0.9)],
    "nothing": [Input((2, 3)), Dropout(0.5)],
    "everything": [
        Input((4, 3)), Rescaling(0.5, 0.25), Activation("tanh"), Flatten(), Dense(6, "gelu"),
        LeakyReLU(), Dropout(0.2), Dense(5, "gelu", use_bias=False), ELU(), Activation("silu"),
        Dense(4), Softmax(),
    ],
}  # fmt: skip


def build(case, rng):
    """Return a model with the layers of a case (new ones), and with biases that are not zero."""
    copies = []
    for layer in CASES[case]:
        config = {key: value for key, value in layer.get_config().items() if key != "name"}
        copies.append(type(layer).from_config(config))
    model = Sequential(copies, name=case)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", CASES)
def test_the_file_computes_what_the_model_does(case, reader, rng, tmp_path):
    model = build(case, rng)
    model.export(tmp_path / "model.onnx")
    run = reader(tmp_path / "model.onnx")
    for batch in (1, 2, 133):
        x = rng.normal(0, 2, (batch, *model.input_shape[1:])).astype(np.float32)
        x.flat[0] = -30  # where exp and erf are at their ends
        x.flat[-1] = 30
        y = run(x)
        assert y.shape == (batch, *model.output_shape[1:])
        close(model.predict(x), y)


def test_every_layer_and_activation_has_its_operators():
    assert set(ops.ACTIVATIONS) == set(_core.ACTIVATIONS)
    used = {type(layer).__name__ for case in CASES.values() for layer in case}
    known = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    assert used == known - {"Layer"}


def test_a_trained_network_of_digits(mnist_sample, tmp_path):
    digitnet.utils.set_random_seed(0)
    (x_train, y_train), (x_test, _) = mnist_sample
    model = Sequential([Input((28, 28)), Flatten(), Rescaling(1 / 255)])
    model.add(Dense(500, activation="relu"))
    model.add(Dense(10, activation="softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x_train, y_train, epochs=1, verbose=0)
    model.export(tmp_path / "digits.onnx")
    for reader in READERS:
        y = reader(tmp_path / "digits.onnx")(x_test.astype(np.float32))
        np.testing.assert_allclose(model.predict(x_test), y, rtol=0, atol=1e-6)


# --- what is in the file


def test_the_weights_are_in_the_file_to_the_bit(rng, tmp_path):
    model = build("everything", rng)
    model.export(tmp_path / "m.onnx")
    constants = Model(tmp_path / "m.onnx").constants
    names = ["layers.3.kernel", "layers.3.bias", "layers.6.kernel", "layers.9.kernel",
             "layers.9.bias"]  # fmt: skip
    for name, w in zip(names, model.get_weights(), strict=True):
        assert constants[name].shape == w.shape
        assert constants[name].tobytes() == w.tobytes()


def test_names_and_shapes(rng, tmp_path):
    model = build("everything", rng)
    model.export(tmp_path / "m.onnx")
    read = Model(tmp_path / "m.onnx")
    assert (read.inputs, read.outputs) == ({"input": ["batch", 4, 3]}, {"output": ["batch", 4]})
    assert (read.opset, read.ir_version, read.producer) == (17, 8, "digitnet")
    assert read.name == "everything"
    assert read.operators[:4] == ["Mul", "Add", "Tanh", "Flatten"]
    assert read.operators[-1] == "Softmax"
    assert (read.operators.count("Gemm"), read.operators.count("MatMul")) == (2, 1)


def test_what_changes_nothing_is_left_out(tmp_path):
    model = Sequential([Input((3,)), Flatten(), Rescaling(1), Dropout(0.5), Dense(2)])
    model.export(tmp_path / "m.onnx")
    assert Model(tmp_path / "m.onnx").operators == ["Gemm"]


@pytest.mark.parametrize("reader", READERS)
def test_names_that_look_like_others(reader, rng, tmp_path):
    names = ["input", "output", "input/Gemm", "a/Mul_1", "größe", "one"]
    model = Sequential([Input((3,)), *(Dense(3, "gelu", name=name) for name in names)])
    model.export(tmp_path / "m.onnx")
    x = rng.standard_normal((5, 3)).astype(np.float32)
    y = reader(tmp_path / "m.onnx")(x)
    close(model.predict(x), y)


def test_equal_models_give_equal_bytes(rng, tmp_path):
    model = build("everything", rng)
    for name in ("a.onnx", "b.onnx"):
        model.export(tmp_path / name, format="onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31 - 1, 2**62])
def test_integers_on_the_wire(value):
    assert fields(b"".join(wire.integer(150, value))) == {150: [value]}


def test_a_number_on_the_wire_as_the_documentation_shows_it():
    # https://protobuf.dev/programming-guides/encoding/: field 1 is 150; field 2 is "testing"
    assert b"".join(wire.integer(1, 150)) == bytes.fromhex("089601")
    assert b"".join(wire.text(2, "testing")) == bytes.fromhex("120774657374696e67")
    assert b"".join(wire.message(3, wire.integer(1, 150))) == bytes.fromhex("1a03089601")
    assert b"".join(wire.integers(6, [3, 270, 86942])) == bytes.fromhex("3206038e029ea705")


# --- the call


def test_export_says_what_it_wrote_where_asked(capsys, tmp_path):
    model = Sequential([Input((2, 3)), Flatten(), Dense(4)], name="mine")
    model.export(tmp_path / "m.onnx")
    assert capsys.readouterr().out == ""
    model.export(tmp_path / "m.onnx", verbose=True)
    assert "'mine'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("m.onnx", "tf_saved_model"), ValueError, "format must be 'onnx'.*'tf_saved_model'"),
        (("m.onnx", None), TypeError, "format must be a string"),
        (("m.onnx", "onnx", 3), TypeError, "verbose must be True or False"),
        (("m.pb",), ValueError, r"filepath must end in \.onnx. Received: m\.pb"),
        ((3,), TypeError, "filepath must be a string or a path"),
        (("/nowhere/at/all.onnx",), FileNotFoundError, "/nowhere/at"),
    ],
)
def test_mistakes(arguments, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        Sequential([Input((2,)), Dense(1)]).export(*arguments)
    assert os.listdir(tmp_path) == []


def test_models_that_cannot_be_exported(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="export needs a model with layers"):
        Sequential().export(tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="export needs a built model"):
        Sequential([Dense(3)]).export(tmp_path / "m.onnx")
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(digitnet.optimizers.SGD(1e30), "mse")
    model.fit(np.full(8, 1e5), np.ones(8), batch_size=1, verbose=0)
    with pytest.raises(ValueError, match=r"layers\.0\.kernel must be finite"):
        model.export(tmp_path / "m.onnx")
    monkeypatch.setattr(wire, "MAX_BYTES", 1000)
    Sequential([Input((10,)), Dense(10)]).export(tmp_path / "small.onnx")
    with pytest.raises(ValueError, match=r"at most 1000 bytes, .* Received: a model of"):
        Sequential([Input((30,)), Dense(30)]).export(tmp_path / "m.onnx")
    assert os.listdir(tmp_path) == ["small.onnx"]


def test_a_failed_export_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        Sequential([Input((2,)), Dense(1)]).export(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["m.onnx"]
