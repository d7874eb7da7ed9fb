"""Initializers and regularizers: distributions, repeatability, names and configurations."""

import numpy as np
import pytest

from digitnet import _core, initializers, regularizers
from digitnet.initializers import (
    Constant,
    GlorotUniform,
    Ones,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
)
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.utils import set_random_seed

FAN_IN, FAN_OUT = 300, 500
UNIFORM_LIMITS = {
    "glorot_uniform": np.sqrt(6 / (FAN_IN + FAN_OUT)),
    "he_uniform": np.sqrt(6 / FAN_IN),
    "lecun_uniform": np.sqrt(3 / FAN_IN),
    "random_uniform": 0.05,
}
DEVIATIONS = {
    "glorot_normal": np.sqrt(2 / (FAN_IN + FAN_OUT)),
    "he_normal": np.sqrt(2 / FAN_IN),
    "lecun_normal": np.sqrt(1 / FAN_IN),
    "random_normal": 0.05,
}


@pytest.fixture(autouse=True)
def _seed():
    set_random_seed(7)


@pytest.mark.parametrize("name", UNIFORM_LIMITS)
def test_uniform(name):
    values = initializers.get(name)((FAN_IN, FAN_OUT))
    limit = UNIFORM_LIMITS[name]
    assert (values.dtype, values.shape) == (np.float32, (FAN_IN, FAN_OUT))
    assert limit * 0.999 < values.max() <= limit
    assert -limit <= values.min() < -limit * 0.999
    # The standard error of the mean of n uniform values is limit / sqrt(3 n): 5 of them.
    assert abs(values.mean()) < 5 * limit / np.sqrt(3 * values.size)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_normal(name):
    values = initializers.get(name)((FAN_IN, FAN_OUT)).astype(float)
    deviation = DEVIATIONS[name]
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert abs(values.mean()) < 5 * deviation / np.sqrt(values.size)
    # Keras truncates at 2 deviations of a wider normal, so that the deviation comes out as stated.
    largest = np.abs(values).max() / deviation
    assert largest > 4 if name == "random_normal" else largest <= 2 / 0.8796


def test_truncated_normal_stays_within_two_deviations():
    values = TruncatedNormal(1.0, 0.5)((200, 200))
    assert np.abs(values - 1).max() <= 1.0
    assert values.std() == pytest.approx(0.5 * 0.8796, rel=0.02)


def test_parameters_and_fixed_values():
    assert RandomNormal(3.0, 0.0)((4,)).tolist() == [3, 3, 3, 3]
    values = RandomUniform(2.0, 3.0)((1000,))
    assert values.min() >= 2
    assert values.max() < 3
    assert Zeros()((2, 2)).tolist() == [[0, 0], [0, 0]]
    assert Ones()((2,)).tolist() == [1, 1]
    assert Constant(0.5)((2,)).tolist() == [0.5, 0.5]


def test_seeds():
    np.testing.assert_array_equal(GlorotUniform(seed=3)((5, 6)), GlorotUniform(seed=3)((5, 6)))
    same = GlorotUniform()
    assert not np.array_equal(same((5, 6)), same((5, 6)))
    set_random_seed(11)
    first = same((5, 6))
    set_random_seed(11)
    np.testing.assert_array_equal(same((5, 6)), first)


def test_set_random_seed_governs_numpy_and_python_too():
    import random

    draws = []
    for _ in range(2):
        set_random_seed(5)
        draws.append((random.random(), np.random.random()))  # noqa: NPY002
    assert draws[0] == draws[1]


def test_dense_uses_its_initializers():
    layer = Dense(3, kernel_initializer=Constant(2.0), bias_initializer="ones")
    Sequential([Input((4,)), layer])
    assert layer.kernel.tolist() == [[2.0] * 3] * 4
    assert layer.bias.tolist() == [1.0] * 3


def test_the_core_knows_these_initializers_and_no_others():
    for name in _core.INITIALIZERS:
        initializer = initializers.get(name)
        assert initializer.kind == name
        config = initializer.get_config()
        assert type(initializer).from_config(config).get_config() == config
        saved = {"class_name": type(initializer).__name__, "config": config}
        assert initializers.get(saved).get_config() == config
    with pytest.raises(ValueError, match="initializer must be one of glorot_uniform, "):
        initializers.get("orthogonal")


def test_regularizers():
    assert regularizers.get(None) is None
    assert regularizers.get("l2").get_config() == {"l2": 0.01}
    assert regularizers.l2(0.5).l2 == 0.5
    saved = {"class_name": "L2", "config": {"l2": 0.25}}
    assert regularizers.get(saved).l2 == 0.25


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomNormal(stddev=-1), ValueError, "stddev must be a number >= 0"),
        (lambda: RandomUniform(1, 0), ValueError, "maxval must be a number >= 1"),
        (lambda: Constant(float("inf")), ValueError, "value must be a finite number"),
        (lambda: GlorotUniform(seed=-1), ValueError, "seed must be an integer, 0 or more"),
        (lambda: GlorotUniform(seed=1.5), TypeError, "seed must be an integer"),
        (lambda: Zeros()(()), ValueError, "shape must hold at least one size"),
        (lambda: Zeros()((1, 2, 3)), ValueError, "shape must hold one or two sizes"),
        (lambda: Zeros()((0,)), ValueError, r"shape\[0\] must be a positive integer"),
        (lambda: Zeros()(3), TypeError, "shape must be a tuple"),
        (lambda: initializers.get(3), TypeError, "initializer must be a name"),
        (lambda: regularizers.L2(-1), ValueError, "l2 must be a number >= 0"),
        (lambda: regularizers.get("l1"), ValueError, "regularizer must be l2"),
        (lambda: set_random_seed(1.5), TypeError, "seed must be an integer"),
        (lambda: set_random_seed(-1), ValueError, "seed must be an integer, 0 or more"),
        (lambda: set_random_seed(2**32), ValueError, "seed must be at most 4294967295"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
