"""Models written for Keras, as far as that is seen without it: what comes back or is refused."""

import os
import sys

import numpy as np
import pytest

from digitnet.constraints import MaxNorm
from digitnet.layers import ELU, Activation, Dense, Dropout, Flatten, Input, LeakyReLU, Rescaling
from digitnet.losses import Huber, SparseCategoricalCrossentropy
from digitnet.metrics import Accuracy, BinaryAccuracy
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD
from keras_files import config_of

needs_h5py = pytest.mark.usefixtures("h5py")


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py")


@pytest.fixture
def model(rng):
    """A trained model with momentum and settings that are not defaults."""
    result = Sequential(
        [
            Input((2, 3)), Flatten(), Rescaling(0.5, 0.25), Dense(5, "gelu", name="first"),
            LeakyReLU(0.1), Dropout(0.2),
            Dense(4, use_bias=False, kernel_initializer="he_normal", kernel_regularizer="l2",
                  kernel_constraint=MaxNorm(1.5)),
            ELU(0.7), Activation("tanh"), Dense(3, "softmax"),
        ],
        name="sample",
    )  # fmt: skip
    result.compile(
        SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.001, name="steps"),
        SparseCategoricalCrossentropy(name="loss of mine"),
        metrics=["acc", Accuracy("hits")],
    )
    result.fit(rng.standard_normal((30, 2, 3)), rng.integers(3, size=30), epochs=2, verbose=0)
    return result


@needs_h5py
def test_what_is_saved_comes_back(model, tmp_path, rng):
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.get_config() == model.get_config()
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == model.optimizer.iterations == 2
    assert again._settings.loss.get_config() == model._settings.loss.get_config()
    assert again.metrics_names == model.metrics_names == ["loss", "acc", "hits"]
    np.testing.assert_equal(again.get_weights(), model.get_weights())
    np.testing.assert_equal(again._core.get_slots(), model._core.get_slots())
    x, y = rng.standard_normal((30, 2, 3)), rng.integers(3, size=30)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    again.fit(x, y, verbose=0)


@needs_h5py
def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a.keras")
    load_model(tmp_path / "a.keras").save(tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.keras", "b.keras"]


@needs_h5py
def test_weights_alone(model, tmp_path):
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    for name in ("m.keras", "m.weights.h5"):
        other = Sequential.from_config(model.get_config())
        assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])
        other.load_weights(tmp_path / name)
        np.testing.assert_equal(other.get_weights(), model.get_weights())


@needs_h5py
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_model_that_was_never_trained(tmp_path, momentum):
    model = Sequential([Input((2,)), Dense(1)])
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras").optimizer is None
    assert config_of((tmp_path / "m.keras").read_bytes()).get("compile_config") is None
    model.compile(SGD(momentum=momentum))
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert (again.optimizer.momentum, again.optimizer.iterations) == (momentum, 0)
    assert again._settings.loss is None


@needs_h5py
def test_a_model_without_weights(tmp_path):
    model = Sequential([Input((2, 2)), Flatten(), Rescaling(2.0)])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(np.ones((1, 2, 2))), np.full((1, 4), 2))


@needs_h5py
def test_accuracy_of_another_name_is_the_one_that_fits(tmp_path):
    model = Sequential([Input((2,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[Accuracy("hits")])
    model.save(tmp_path / "m.keras")
    (metric,) = load_model(tmp_path / "m.keras")._settings.metrics
    assert (type(metric), metric.name) == (BinaryAccuracy, "hits")


@needs_h5py
def test_huber_keeps_its_delta(tmp_path):
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", Huber(2.5))
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras")._settings.loss.delta == 2.5


@needs_h5py
def test_a_loss_that_keras_has_not(tmp_path):
    model = Sequential([Input((2,)), Dense(3, "softmax")])
    model.compile("sgd", SparseCategoricalCrossentropy(label_smoothing=0.1))
    with pytest.warns(UserWarning, match="no compile settings: .*label_smoothing 0.*0.1") as warned:
        model.save(tmp_path / "m.keras")
    assert warned[0].filename == __file__
    again = load_model(tmp_path / "m.keras")
    assert again.optimizer is None
    np.testing.assert_equal(again.get_weights(), model.get_weights())


# --- refused


@pytest.mark.parametrize(
    ("layer", "name", "message"),
    [
        (Dense(1, name="a/b"), "m", "names must hold no '/'.*'a/b'"),
        (Dense(1), "m/n", "names must hold no '/'.*'m/n'"),
        (Dense(1, kernel_initializer={"class_name": "HeNormal", "config": {"seed": 2**32}},
               name="d"), "m", r"layer 'd': kernel_initializer must have a seed below 2\*\*32"),
    ],
)  # fmt: skip
def test_names_and_seeds_that_keras_does_not_take(tmp_path, layer, name, message):
    model = Sequential([Input((2,)), layer], name=name)
    with pytest.raises(ValueError, match=message):
        model.save(tmp_path / "m.keras")
    assert os.listdir(tmp_path) == []


def test_diverged_weights_are_not_saved(tmp_path):
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(SGD(1e30), "mse")
    model.fit(np.full(8, 1e5), np.ones(8), batch_size=1, verbose=0)
    for save, name in [(model.save, "m.keras"), (model.save_weights, "m.weights.h5")]:
        with pytest.raises(ValueError, match=r"layers\.0\.kernel must be finite"):
            save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_an_unbuilt_model_is_not_saved(tmp_path):
    model = Sequential([Dense(1)])
    for save, name in [(model.save, "m.keras"), (model.save_weights, "m.weights.h5")]:
        with pytest.raises(ValueError, match="needs a built model"):
            save(tmp_path / name)


def test_a_missing_h5py_is_named_and_nothing_is_written(model, tmp_path, monkeypatch):
    (tmp_path / "m.keras").write_bytes(b"old")
    monkeypatch.setitem(sys.modules, "h5py", None)  # how Python notes that there is none
    for save, name in [(model.save, "m.keras"), (model.save_weights, "m.weights.h5")]:
        with pytest.raises(ImportError, match=r'pip install h5py \(the extra "keras"\)'):
            save(tmp_path / name)
    assert os.listdir(tmp_path) == ["m.keras"]
    assert (tmp_path / "m.keras").read_bytes() == b"old"


@needs_h5py
def test_a_failed_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    model.save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        Sequential([Input((2,)), Dense(1)]).save(tmp_path / "m.keras")
    assert (tmp_path / "m.keras").read_bytes() == before
    assert os.listdir(tmp_path) == ["m.keras"]
