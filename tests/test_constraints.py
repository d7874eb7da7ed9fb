"""The largest norm of a kernel's columns."""

import numpy as np
import pytest

from digitnet import constraints
from digitnet.constraints import MaxNorm
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD, Adam


def projected(w, limit):
    norm = np.linalg.norm(w.astype(float), axis=0)
    return w * (np.minimum(norm, limit) / (1e-7 + norm))


@pytest.mark.parametrize("zeros", [0.0, 0.9])
@pytest.mark.parametrize(
    "make", [lambda: SGD(0.5), lambda: SGD(0.5, clipnorm=0.5), lambda: Adam(0.05)], ids=str
)
def test_columns_are_scaled_behind_every_step(rng, zeros, make):
    x = (rng.standard_normal((50, 130)) * (rng.random((50, 130)) >= zeros)).astype(np.float32)
    y = rng.integers(3, size=50)

    def model_with(limit):
        model = Sequential(
            [
                Input((130,)),
                Dense(70, "tanh", kernel_constraint=limit),
                Dense(3, "softmax", use_bias=False),
            ],
            device="cpu",
        )
        model.compile(make(), "sparse_categorical_crossentropy")
        return model

    limited, free = model_with(MaxNorm(1.1)), model_with(None)
    free.set_weights(limited.get_weights())
    before = limited.get_weights()
    for one in (limited, free):
        one.train_on_batch(x, y)
    want = free.get_weights()
    assert (np.linalg.norm(want[0], axis=0) > 1.1).any()
    assert not np.array_equal(want[2], before[2])
    np.testing.assert_allclose(limited.get_weights()[0], projected(want[0], 1.1), atol=1e-6)
    for w, expected in zip(limited.get_weights()[1:], want[1:], strict=True):
        np.testing.assert_array_equal(w, expected)
    limited.fit(x, y, batch_size=16, epochs=5, verbose=0)
    assert np.linalg.norm(limited.get_weights()[0], axis=0).max() < 1.1 * (1 + 1e-6)
    limited.set_weights(before)  # only steps are constrained
    np.testing.assert_equal(limited.get_weights(), before)
    limited.apply_gradients([np.zeros_like(w) for w in before])
    assert np.linalg.norm(limited.get_weights()[0], axis=0).max() < 1.1 * (1 + 1e-6)


def test_a_limit_of_zero_leaves_nothing():
    model = Sequential([Input((3,)), Dense(2, kernel_constraint=MaxNorm(0))])
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    assert not model.get_weights()[0].any()
    assert model.get_weights()[1].all()


def test_it_is_saved_with_the_layer():
    layer = Dense(2, kernel_constraint=MaxNorm(3))
    again = Dense.from_config(layer.get_config())
    assert again.kernel_constraint.get_config() == {"max_value": 3.0, "axis": 0}
    assert Dense.from_config(Dense(2).get_config()).kernel_constraint is None
    old = {key: value for key, value in layer.get_config().items() if key != "kernel_constraint"}
    assert Dense.from_config(old).kernel_constraint is None  # of an older file
    assert Dense(1, kernel_constraint="max_norm").kernel_constraint.max_value == 2
    assert constraints.max_norm is MaxNorm
    assert constraints.get(constraints.serialize(MaxNorm(5))).max_value == 5


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MaxNorm(-1), ValueError, "max_value must be a number >= 0"),
        (lambda: MaxNorm(float("inf")), ValueError, "max_value"),
        (lambda: MaxNorm("2"), TypeError, "max_value must be a number"),
        (lambda: MaxNorm(axis=1), ValueError, "axis must be at most 0. Received: 1"),
        (lambda: MaxNorm(axis=None), TypeError, "axis must be an integer"),
        (lambda: Dense(1, kernel_constraint="unit_norm"), ValueError, "constraint must be max_no"),
        (lambda: Dense(1, kernel_constraint=2.0), TypeError, "constraint must be a name"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=message):
        make()
