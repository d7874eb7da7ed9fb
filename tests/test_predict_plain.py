"""The short way of `predict`, for plain arrays and few rows: bits and errors of the long one."""

import numpy as np
import pytest

from digitnet import layers
from digitnet.layers import Dense, Dropout, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD


def network(*more):
    """Return a model whose layers of 33, 17 and 3 units leave panels half empty."""
    model = Sequential(
        [Input((5, 20)), Flatten(), Rescaling(1 / 255), Dense(33, "relu"), *more, Dense(17, "tanh"),
         Dense(3, "softmax")]
    )  # fmt: skip
    model.compile(SGD(0.5), "sparse_categorical_crossentropy")
    return model


def images(rng, rows, density=0.2):
    """Return uint8 images of which about so many pixels are not zero."""
    x = rng.integers(1, 256, (rows, 5, 20))
    x[rng.random(x.shape) > density] = 0
    return x.astype(np.uint8)


def short_way(model, x):
    return model._core.predict_plain(x, model.input_shape[1:])


def long_way(model, x):
    """Return the outputs of a call with more rows than fit into the workspace that is kept."""
    return model._core.predict(np.concatenate([x.reshape(len(x), -1)] * 200))[: len(x)]


@pytest.fixture
def model():
    return network()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("density", [0, 0.2, 1])
def test_the_bits_of_the_long_way(model, rng, dtype, density):
    x = images(rng, 8, density).astype(dtype)
    for rows in (x, x[:1], x[3:6], x.repeat(20, axis=0)):
        short = short_way(model, rows)
        assert short.dtype == np.float32
        assert short.flags.c_contiguous
        assert short.flags.writeable
        np.testing.assert_array_equal(short, long_way(model, rows), strict=True)
        np.testing.assert_array_equal(model.predict(rows), short, strict=True)


@pytest.mark.parametrize(
    "stack",
    [
        [Flatten()],
        [layers.Activation("sigmoid")],
        [Rescaling(0.5, -1.0)],
        [Flatten(), Rescaling(0.5, -1.0), Dense(4, "elu")],
        [Flatten(), Dropout(0.5), Dense(40), Dropout(0.5), layers.Activation("softmax")],
        [Flatten(), Dense(1, use_bias=False), Rescaling(2.0)],
    ],
    ids=["nothing", "activation", "rescaling", "offset", "dropout", "one output"],
)
def test_any_stack_of_layers(rng, stack):
    model = Sequential([Input((5, 20)), *stack])
    x = images(rng, 2)
    outputs = long_way(model, x).reshape(2, *model.output_shape[1:])
    for _ in range(2):
        np.testing.assert_array_equal(model.predict(x), outputs, strict=True)
        np.testing.assert_array_equal(short_way(model, x).reshape(outputs.shape), outputs)


def test_no_rows_no_outputs(model):
    """Not for users, whom `predict` stops before; but the core must not stumble."""
    assert model._core.predict(np.zeros((0, 100), np.uint8)).shape == (0, 3)


def test_a_layer_more_or_less(model, rng):
    x = images(rng, 1)
    before = model.predict(x)
    model.add(Dense(7))
    assert model.predict(x).shape == (1, 7)
    model.pop()
    np.testing.assert_array_equal(model.predict(x), before)


def test_a_model_that_is_not_built_learns_its_shape(rng):
    model = Sequential([Flatten(), Dense(3)])
    assert model.predict(images(rng, 1)).shape == (1, 3)
    assert model.input_shape == (None, 5, 20)


def unaligned(x):
    return np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: x.astype(np.int8),
        lambda x: x.tolist(),
        lambda x: x[..., np.newaxis],
        lambda x: x[:, :, ::2].repeat(2, axis=2)[:, :, ::-1],
        lambda x: np.asfortranarray(x),
        lambda x: unaligned(x),
        lambda x: x.view(type("Subclass", (np.ndarray,), {})),
    ],
    ids=["float64", "big-endian", "int8", "list", "last axis", "strides", "columns", "unaligned",
         "subclass"],
)  # fmt: skip
def test_everything_else_takes_the_long_way(model, rng, change):
    x = change(images(rng, 2).clip(0, 100).astype(np.float32))
    assert short_way(model, x) is None
    plain = np.ascontiguousarray(x, np.float32).reshape(-1, 5, 20)
    np.testing.assert_array_equal(model.predict(x), model.predict(plain), strict=True)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((1, 20, 5), np.uint8), ValueError, r"x must have shape \(n, 5, 20\)\. Received"),
        (np.zeros((1, 100), np.uint8), ValueError, r"Received: shape \(1, 100\)"),
        (np.zeros((5, 20), np.uint8), ValueError, r"Received: shape \(5, 20\)"),
        (np.zeros((0, 5, 20), np.uint8), ValueError, r"x must hold at least one sample"),
        (np.float32(1), ValueError, "x must hold samples along its first axis"),
        (np.ma.zeros((1, 5, 20), np.float32), TypeError, "x must not be a masked array"),
        (np.zeros((1, 5, 20), "M8[s]"), TypeError, "x must be an array of real numbers"),
        (None, TypeError, "x must be an array of real numbers"),
    ],
)
def test_errors_are_those_of_the_long_way(model, x, error, message):
    assert short_way(model, x) is None
    with pytest.raises(error, match=message):
        model.predict(x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(model, value):
    x = np.zeros((1, 5, 20), np.float32)
    x[0, 4, 19] = value
    assert short_way(model, x) is None
    with pytest.raises(ValueError, match=rf"finite numbers only.*: x\[0, 4, 19\] = {value}"):
        model.predict(x)


def test_other_arguments_are_checked_first(model, rng):
    x = images(rng, 1)
    with pytest.raises(TypeError, match="batch_size must be a positive integer"):
        model.predict(x, batch_size=1.5)
    with pytest.raises(ValueError, match="verbose must be"):
        model.predict(x, verbose=3)


def test_a_line_is_printed_where_asked_for(model, rng, capsys):
    model.predict(images(rng, 1), verbose=2)
    assert capsys.readouterr().out.startswith("1/1")


# --- the workspace that is kept


def test_a_call_leaves_nothing_behind_for_the_next(rng):
    model, weights = network(), network().get_weights()
    calls = [
        images(rng, rows, density).astype(dtype)
        for rows in (1, 8, 96, 97, 1000, 2)
        for density in (0.1, 1, 0)
        for dtype in (np.uint8, np.float32)
    ]
    model.set_weights(weights)
    for i in rng.permutation(np.arange(len(calls)).repeat(3)):
        fresh = network()
        fresh.set_weights(weights)
        np.testing.assert_array_equal(model.predict(calls[i]), fresh.predict(calls[i]))


def test_not_even_numbers_that_are_none(rng):
    model, fresh = network(), network()
    weights, x = model.get_weights(), images(rng, 1, 1)
    fresh.set_weights(weights)
    model.set_weights([np.full_like(w, 3e38 * (-1) ** i) for i, w in enumerate(weights)])
    assert not np.isfinite(model.predict(x)).any()
    model.set_weights(weights)
    for rows in (x, x // 255, x):
        np.testing.assert_array_equal(model.predict(rows), fresh.predict(rows))
