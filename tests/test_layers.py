"""Layers: what they compute, hold and say about themselves; activations on arrays."""

import math

import numpy as np
import pytest

from digitnet import _core, activations, layers
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

Z = np.array([-30.0, -2.0, -0.5, 0.0, 0.5, 2.0, 30.0])


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


FORMULAS = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0),
    "leaky_relu": lambda z: z if z > 0 else 0.2 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "sigmoid": sigmoid,
    "tanh": math.tanh,
    "softplus": lambda z: math.log1p(math.exp(z)),
    "silu": lambda z: z * sigmoid(z),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "softmax": lambda z: math.exp(z) / sum(math.exp(v) for v in Z),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activations_on_arrays(name):
    expected = [FORMULAS[name](z) for z in Z]
    result = activations.get(name)(Z)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", FORMULAS)
def test_an_activation_layer_computes_what_the_function_does(name):
    model = Sequential([Input((len(Z),)), Activation(name)])
    expected = activations.get(name)(Z)[np.newaxis]
    np.testing.assert_allclose(model.predict(Z[np.newaxis]), expected, rtol=1e-5, atol=1e-7)


def test_the_core_knows_these_activations_and_no_others():
    assert sorted(_core.ACTIVATIONS) == sorted(FORMULAS)


def test_activations_by_name_and_function():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu is activations.get(activations.silu)
    assert activations.serialize(activations.gelu) == "gelu"
    assert activations.relu(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert activations.relu(-1.0).shape == ()
    assert activations.softmax(np.zeros((2, 3, 4)))[1, 2, 3] == 0.25


@pytest.mark.parametrize(
    ("layer", "x", "expected"),
    [
        (ReLU(), [-1.0, 2.0], [0.0, 2.0]),
        (LeakyReLU(), [-1.0, 2.0], [-0.3, 2.0]),
        (LeakyReLU(0.5), [-1.0, 2.0], [-0.5, 2.0]),
        (ELU(2.0), [-1.0, 2.0], [2 * math.expm1(-1), 2.0]),
        (Softmax(), [0.0, math.log(3)], [0.25, 0.75]),
        (Rescaling(0.5, offset=1), [-1.0, 2.0], [0.5, 2.0]),
        (Dropout(0.9), [-1.0, 2.0], [-1.0, 2.0]),
        (Flatten(), [-1.0, 2.0], [-1.0, 2.0]),
    ],
)
def test_layers_without_weights(layer, x, expected):
    model = Sequential([Input((2,)), layer])
    np.testing.assert_allclose(model.predict([x]), [expected], rtol=1e-6)
    assert layer.count_params() == 0


@pytest.mark.parametrize("activation", ["linear", "relu", "softmax", activations.tanh])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(rng, activation, use_bias):
    layer = Dense(3, activation, use_bias, bias_initializer="random_normal")
    model = Sequential([Input((5,)), layer])
    x = rng.standard_normal((4, 5)).astype(np.float32)
    assert layer.kernel.shape == (5, 3)
    assert (layer.bias is None) is not use_bias
    z = x @ layer.kernel + (layer.bias if use_bias else 0)
    expected = activations.get(activation)(z)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)


def test_flatten_goes_row_by_row(rng):
    x = rng.standard_normal((4, 2, 3)).astype(np.float32)
    images = Sequential([Input((2, 3)), Flatten(), Dense(2)])
    rows = Sequential([Input((6,)), Dense(2)])
    rows.set_weights(images.get_weights())
    np.testing.assert_array_equal(images.predict(x), rows.predict(x.reshape(4, 6)))
    columns = np.asfortranarray(x)
    np.testing.assert_array_equal(images.predict(columns), images.predict(x))


def test_layers_before_flatten_keep_the_shape(rng):
    x = rng.standard_normal((4, 2, 3)).astype(np.float32)
    model = Sequential([Input((2, 3)), Rescaling(2.0), Activation("relu")])
    np.testing.assert_array_equal(model.predict(x), np.maximum(2 * x, 0))


def test_a_layer_reads_and_writes_its_own_weights(rng):
    layer = Dense(2)
    model = Sequential([Input((4,)), Dense(3), Dropout(0.5), layer])
    others = model.get_weights()[:2]
    weights = [rng.standard_normal((3, 2)), np.array([1, 2])]
    layer.set_weights(weights)
    np.testing.assert_array_equal(layer.kernel, weights[0].astype(np.float32))
    np.testing.assert_array_equal(model.get_weights()[3], [1, 2])
    np.testing.assert_equal(model.get_weights()[:2], others)
    assert layer.count_params() == 8
    layer.kernel[:] = 0  # a copy
    assert layer.kernel.any()


def test_an_unbuilt_layer_has_no_weights():
    layer = Dense(3)
    assert (layer.built, layer.get_weights()) == (False, [])
    with pytest.raises(AttributeError, match="not built"):
        _ = layer.kernel


@pytest.mark.parametrize(
    "layer",
    [
        Dense(3, "elu", False, "he_normal", "ones", "l2", name="mine"),
        Activation("gelu"),
        ReLU(),
        LeakyReLU(0.1),
        ELU(0.5),
        Softmax(),
        Dropout(0.25),
        Flatten(),
        Rescaling(2.0, 1.0),
        Input((2, 3)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_configuration_round_trip(layer):
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    saved = {"class_name": type(layer).__name__, "config": config}
    assert layers.deserialize(saved).get_config() == config


def test_default_names_are_those_of_keras():
    assert [cls.default_name() for cls in (LeakyReLU, ReLU, ELU, Dense, layers.InputLayer)] == [
        "leaky_re_lu",
        "re_lu",
        "elu",
        "dense",
        "input_layer",
    ]


def test_the_old_address():
    from digitnet.layers import core

    assert (core.Dense, core.Activation, core.Dropout) == (Dense, Activation, Dropout)
