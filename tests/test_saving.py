"""Model files: what comes back, bytes that repeat, and every kind of file that is refused."""

import json
import os
import struct

import numpy as np
import pytest
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
from digitnet.losses import SparseCategoricalCrossentropy
from digitnet.metrics import SparseCategoricalAccuracy
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD
from safetensors.numpy import load, save


@pytest.fixture
def model(rng):
    """A trained model with every kind of layer, momentum and settings that are not defaults."""
    result = Sequential(
        [
            Input((2, 3)),
            Rescaling(0.5, 0.25),
            Flatten(),
            Dense(5, "gelu", kernel_initializer="he_normal", kernel_regularizer="l2"),
            LeakyReLU(0.1),
            Dropout(0.2),
            Dense(4, use_bias=False, name="middle"),
            ELU(0.7),
            ReLU(),
            Activation("tanh"),
            Dense(3),
            Softmax(),
        ],
        name="sample",
    )
    result.compile(
        SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.001),
        SparseCategoricalCrossentropy(label_smoothing=0.1),
        ["acc", SparseCategoricalAccuracy("hits")],
    )
    result.fit(*samples(rng), batch_size=8, epochs=2, verbose=0)
    return result


def samples(rng):
    return rng.standard_normal((30, 2, 3)), rng.integers(3, size=30)


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_save_load_save_gives_the_same_bytes(path, tmp_path):
    load_model(path).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["again.safetensors", "model.safetensors"]


def test_what_is_loaded_is_the_model(model, path, rng):
    again = load_model(str(path))
    x, y = samples(rng)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert again.get_config() == model.get_config()
    assert again.metrics_names == ["loss", "acc", "hits"]
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == model.optimizer.iterations == 8


def test_training_goes_on_as_if_it_had_not_stopped(model, path, rng):
    data = samples(rng)
    again = load_model(path)
    for one in (model, again):
        one.fit(*data, batch_size=8, epochs=2, verbose=0)
    np.testing.assert_equal(again.get_weights(), model.get_weights())


def test_the_tensors_are_named_and_plain(model, path):
    tensors = load(path.read_bytes())
    kernel, bias, middle, *_ = model.get_weights()
    np.testing.assert_array_equal(tensors["layers.2.kernel"], kernel)
    np.testing.assert_array_equal(tensors["layers.2.bias"], bias)
    np.testing.assert_array_equal(tensors["layers.5.kernel"], middle)
    assert "layers.5.bias" not in tensors
    assert tensors["velocity.layers.9.bias"].shape == (3,)
    assert len(tensors) == 2 * 5


def test_an_uncompiled_model_is_saved_too(tmp_path):
    model = Sequential([Input((2,)), Dense(1)])
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert again.optimizer is None
    np.testing.assert_equal(again.get_weights(), model.get_weights())
    again.save(tmp_path / "n.safetensors")
    assert (tmp_path / "n.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


def test_weights_alone(model, path, tmp_path):
    other = Sequential.from_config(model.get_config())
    assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])
    model.save_weights(tmp_path / "w.safetensors")
    for source in (tmp_path / "w.safetensors", path):
        other = Sequential.from_config(model.get_config())
        other.load_weights(source)
        np.testing.assert_equal(other.get_weights(), model.get_weights())
    with pytest.raises(ValueError, match="load_weights"):
        load_model(tmp_path / "w.safetensors")


def test_weights_of_another_model_are_refused(path):
    for layers, message in [
        ([Dense(2)], "must hold one tensor for each weight"),
        ([Flatten(), Dense(5)], "Missing or too many: layers.1.bias"),
    ]:
        other = Sequential([Input((6,)), *layers])
        before = other.get_weights()
        with pytest.raises(ValueError, match=message):
            other.load_weights(path)
        np.testing.assert_equal(other.get_weights(), before)


# --- refused on writing


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model"])
def test_other_formats_are_refused(model, tmp_path, name):
    with pytest.raises(ValueError, match=r"path must end in \.safetensors"):
        model.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(model, path, monkeypatch):
    before = path.read_bytes()

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_diverged_weights_are_not_saved(tmp_path):
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(SGD(1e30), "mse")
    model.fit(np.full(8, 1e5), np.ones(8), batch_size=1, verbose=0)
    with pytest.raises(ValueError, match=r"layers\.0\.kernel must be finite"):
        model.save(tmp_path / "m.safetensors")


def test_an_unbuilt_model_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="save needs a built model"):
        Sequential([Dense(3)]).save(tmp_path / "m.safetensors")


def test_paths(model):
    with pytest.raises(TypeError, match="path must be a string or a path"):
        model.save(3)
    with pytest.raises(TypeError, match="path must be a string or a path"):
        load_model(None)
    with pytest.raises(FileNotFoundError):
        model.save("/nowhere/at/all.safetensors")


# --- refused on reading


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.safetensors")
    with pytest.raises(OSError, match=str(tmp_path)):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02",
        b"not a model at all",
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
        struct.pack("<Q", 200000) + b"[" * 200000,
        struct.pack("<Q", 22) + b'{"__metadata__": null }',
        save({"layers.0.kernel": np.ones((2, 2), np.float32)}),
        save({}, metadata={"digitnet": "no JSON"}),
        save({}, metadata={"digitnet": "[" * 100000}),
        save({}, metadata={"digitnet": '{"format": NaN}'}),
        save({}, metadata={"digitnet": '{"format": true}'}),
        save({}, metadata={"digitnet": "[1]"}),
        save({}, metadata={"digitnet": '{"format": 1}'}),
    ],
)
def test_what_is_no_model_file(tmp_path, data):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="bad.safetensors") as error:
        load_model(path)
    assert "\n" not in str(error.value)


def test_every_truncation_and_many_flipped_bytes(path, rng):
    data = path.read_bytes()
    bad = path.parent / "bad.safetensors"
    for length in range(0, len(data), 97):
        bad.write_bytes(data[:length])
        with pytest.raises(ValueError, match="bad.safetensors"):
            load_model(bad)
    header = 8 + int.from_bytes(data[:8], "little")
    for position in rng.integers(header, size=300):
        broken = bytearray(data)
        broken[position] ^= 1 << int(rng.integers(8))
        bad.write_bytes(broken)
        try:
            load_model(bad)  # a digit of a number may change and leave a valid model
        except ValueError as error:
            assert "bad.safetensors" in str(error)


def changed(path, tensors=None, **settings):
    """Return the bytes of the model file with other tensors or settings."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    content = json.loads(header["__metadata__"]["digitnet"]) | settings
    kept = load(data)
    return save(kept if tensors is None else tensors(kept), {"digitnet": json.dumps(content)})


def layer(class_name, /, **config):
    return {"class_name": class_name, "config": config}


DENSE = layer("Dense", units=2, name="d")


def with_layers(*items, shape=(3,)):
    return {"model": {"name": "m", "layers": list(items), "input_shape": list(shape)}}


STATE = {"iterations": 0, "epochs": 0, "seed": 0, "optimizer_iterations": 0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": 2}, "must have format version 1, .* Received: version 2"),
        ({"format": "1"}, "no format version"),
        ({"model": None}, "config must be a mapping"),
        ({"model": {"name": "m", "layers": "Dense", "input_shape": [3]}}, "must be a list"),
        ({"model": {"name": 3, "layers": [DENSE], "input_shape": [3]}}, "name must be a string"),
        (with_layers(), "no layers"),
        (with_layers("Dense"), "layer must be a mapping"),
        (with_layers(layer("Conv2D")), "layer class must be one of .*'Conv2D'"),
        (with_layers(layer("__import__", os="x")), "layer class must be one of"),
        (with_layers({"class_name": [], "config": {}}), "layer class must be one of"),
        (with_layers(layer("Dense", units=2, activation="relo")), "activation must be one of"),
        (with_layers(layer("Dense", units="2")), "units must be a positive integer"),
        (with_layers(layer("Dense", units=10**40)), "units must be at most"),
        (with_layers(layer("Dense", units=2**31 - 1)), "shape"),
        (with_layers(layer("Dense", units=2, color="red")), "unexpected keyword"),
        (with_layers(layer("Dense")), "units"),
        (with_layers(layer("Dropout", rate=1.5)), "rate must be a number"),
        (with_layers(DENSE, DENSE), "layer names must differ"),
        (with_layers(DENSE, shape=(2, 3)), "Dense needs flat samples"),
        (with_layers(DENSE, shape=(0,)), "positive integer"),
        (with_layers(DENSE, shape=(2**20, 2**20)), "at most"),
        (with_layers(DENSE), "Missing or too many"),
        ({"compile": []}, "compile settings must hold"),
        ({"compile": {"optimizer": layer("Adam"), "loss": None, "metrics": []}}, "optimizer class"),
        ({"compile": {"optimizer": "sgd", "loss": "l", "metrics": []}}, "loss must be one of"),
        ({"compile": {"optimizer": "sgd", "loss": "mse", "metrics": 3}}, "metrics must be a list"),
        ({"training": None}, "training state must hold"),
        ({"training": {**STATE, "epochs": -1}}, "epochs must be"),
        ({"training": {**STATE, "seed": 2**70}}, "seed must be at most"),
        ({"training": {**STATE, "iterations": 1.5}}, "iterations must be"),
        ({"extra": 1}, "holds no model configuration"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(path, settings, message):
    bad = path.parent / "bad.safetensors"
    bad.write_bytes(changed(path, **settings))
    with pytest.raises(ValueError, match=message) as error:
        load_model(bad)
    assert "bad.safetensors" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (lambda t: {}, "must hold one tensor for each weight"),
        (lambda t: {**t, "layers.7.kernel": np.ones(2, np.float32)}, "too many: layers.7.kernel"),
        (lambda t: {k: v for k, v in t.items() if k != "layers.2.bias"}, "many: layers.2.bias"),
        (lambda t: {k: v for k, v in t.items() if k != "velocity.layers.2.bias"}, "layers.2.bias"),
        (lambda t: {**t, "layers.2.bias": np.ones(4, np.float32)}, r"shape \(5,\).*Rec.*\(4,\)"),
        (lambda t: {**t, "layers.2.bias": np.ones(5)}, "must be float32"),
        (lambda t: {**t, "layers.2.bias": np.full(5, np.nan, np.float32)}, "finite numbers only"),
        (lambda t: {**t, "velocity.layers.2.bias": np.ones(4, np.float32)}, r"velocity\.layers"),
    ],
)
def test_tensors_that_do_not_fit(path, tensors, message):
    bad = path.parent / "bad.safetensors"
    bad.write_bytes(changed(path, tensors))
    with pytest.raises(ValueError, match=message) as error:
        load_model(bad)
    assert "bad.safetensors" in str(error.value)
