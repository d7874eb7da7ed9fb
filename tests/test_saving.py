"""Model files: what comes back, bytes that repeat, and every kind of file that is refused."""

import os

import numpy as np
import pytest
from safetensors.numpy import load

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
        metrics=["acc", SparseCategoricalAccuracy("hits")],
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
        ([Flatten(), Dense(5)], "weights of another model: .* Missing or too many: layers.1.bias"),
    ]:
        other = Sequential([Input((6,)), *layers])
        before = other.get_weights()
        with pytest.raises(ValueError, match=message):
            other.load_weights(path)
        np.testing.assert_equal(other.get_weights(), before)


# --- refused


@pytest.mark.parametrize("name", ["model.h5", "model.weights.h5", "model.keras.gz", "model"])
def test_other_formats_are_refused(model, tmp_path, name):
    with pytest.raises(ValueError, match=r"path must end in \.safetensors or \.keras\. Received"):
        model.save(tmp_path / name)
    wrong = name.replace("weights.h5", "keras")
    with pytest.raises(
        ValueError, match=r"must end in \.safetensors, \.npz or \.weights\.h5\. Received"
    ):
        model.save_weights(tmp_path / wrong)
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
