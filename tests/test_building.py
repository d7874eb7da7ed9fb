"""Sequential: layers added and removed, shapes, names, weights and the summary."""

import numpy as np
import pytest

from digitnet.layers import Activation, Dense, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed


def classifier():
    """Return a small compiled model for 3 classes of 4 numbers."""
    model = Sequential([Input((4,)), Dense(8, activation="relu"), Dense(3, activation="softmax")])
    model.compile(SGD(0.2), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def data(rng):
    return rng.standard_normal((60, 4)), rng.integers(3, size=60)


def test_shapes_names_and_parameters():
    layers = [Input((28, 28)), Flatten(), Rescaling(1 / 255), Dense(5), Dense(2)]
    model = Sequential(layers, device="cpu")
    assert (model.input_shape, model.output_shape) == ((None, 28, 28), (None, 2))
    assert [layer.name for layer in model.layers] == ["flatten", "rescaling", "dense", "dense_1"]
    assert model.count_params() == 784 * 5 + 5 + 5 * 2 + 2
    assert [w.shape for w in model.get_weights()] == [(784, 5), (5,), (5, 2), (2,)]
    assert (model.built, model.device) == (True, "cpu")


@pytest.mark.parametrize(
    "first", [Dense(3, input_shape=(4,)), Dense(3, input_dim=4), Flatten(input_shape=(2, 2))]
)
def test_the_first_layer_may_say_the_input_shape(first):
    model = Sequential()
    model.add(first)
    assert model.built


def test_the_first_data_may_say_the_input_shape(data):
    x, y = data
    model = Sequential([Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert (model.built, model.get_weights()) == (False, [])
    model.fit(x, y, verbose=0)
    assert model.input_shape == (None, 4)
    other = Sequential([Dense(3)])
    for wrong in (x * np.nan, [["a"]], []):
        with pytest.raises((ValueError, TypeError), match="x must"):
            other.predict(wrong)
        assert not other.built
    assert other.predict(x).shape == (60, 3)
    assert other.input_shape == (None, 4)


def test_build_takes_the_batch_axis():
    model = Sequential([Dense(3)])
    model.build((None, 4))
    assert model.input_shape == (None, 4)
    model.build((None, 4))
    with pytest.raises(ValueError, match="input_shape of model 'sequential' is"):
        model.build((None, 5))


def test_add_and_pop_keep_the_other_weights(data):
    model = classifier()
    model.fit(*data, verbose=0)
    before = model.get_weights()
    steps = model.optimizer.iterations
    added = Dense(2)
    model.add(added)
    assert model.output_shape == (None, 2)
    for old, new in zip(before, model.get_weights(), strict=False):
        np.testing.assert_array_equal(old, new)
    assert model.pop() is added
    assert not added.built
    np.testing.assert_equal(model.get_weights(), before)
    assert model.optimizer.iterations == steps


def test_pop_of_the_only_layer_keeps_the_input_shape():
    model = Sequential([Input((4,)), Dense(3)])
    model.pop()
    assert (model.input_shape, model.built, model.layers) == ((None, 4), False, [])
    model.add(Dense(2))
    assert model.output_shape == (None, 2)


def test_get_layer():
    first, second = Dense(3), Dense(2, name="last")
    model = Sequential([Input((4,)), first, second])
    assert model.get_layer("dense") is model.get_layer(index=0) is first
    assert model.get_layer("last") is model.get_layer(index=-1) is second
    for arguments, message in [
        ({"name": "first"}, "name must be one of dense, last. Received: 'first'"),
        ({"index": 2}, "index must be at most 1. Received: 2"),
        ({}, "needs either name or index"),
        ({"name": "last", "index": 1}, "needs either name or index"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.get_layer(**arguments)
    with pytest.raises(ValueError, match="get_layer needs a model with layers"):
        Sequential().get_layer(index=0)


def test_layers_beyond_the_machine_s_memory():
    model = Sequential([Input((2**20,)), Dense(8)])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"fit into memory, \d+ bytes. Received: \d+ .*'huge'"):
        model.add(Dense(2**30, name="huge")) or model.add(Dense(2**30, name="huger"))
    assert len(model.layers) == 1
    np.testing.assert_equal(model.get_weights(), before)


def test_both_ways_to_build_draw_the_same_weights():
    set_random_seed(3)
    listed = Sequential([Input((4,)), Dense(3, activation="relu"), Dense(2)])
    set_random_seed(3)
    added = Sequential()
    for layer in (Dense(3, input_shape=(4,)), Activation("relu"), Dense(2)):
        added.add(layer)
    np.testing.assert_equal(listed.get_weights(), added.get_weights())


def test_summary():
    lines = []
    classifier().summary(print_fn=lines.append)
    assert lines[0] == 'Model: "sequential"'
    assert any("dense_1 (Dense)" in line and "(None, 3)" in line and "27" in line for line in lines)
    assert lines[-2] == "Total params: 67 (268.00 B)"
    lines.clear()
    Sequential([Dense(3)]).summary(print_fn=lines.append)
    assert any("0 (unbuilt)" in line for line in lines)
