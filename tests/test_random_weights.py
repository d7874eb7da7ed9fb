"""Random weights in and out of a model: the same bits, or one error and nothing changed."""

import copy
import pickle
from math import prod

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import example, given
from hypothesis import strategies as st

import random_arrays as ra
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam
from weight_models import assert_same_bits

SHAPES = [(3, 2), (2,), (2, 1)]  # the last Dense has no bias
RATE = 0.25  # a power of two: a step is exact
LEAST, MOST = np.finfo(np.float32).smallest_subnormal, np.finfo(np.float32).max


def new_model(optimizer=None):
    model = Sequential([Input((3,)), Dense(2), Dense(1, use_bias=False)], device="cpu")
    model.compile(optimizer or SGD(RATE), "mse")
    return model


def state(model):
    core = model._core
    return model.get_weights(), core.get_slots(), core.iterations, core.epochs


@st.composite
def lists_of_arrays(draw):
    """Draw what a user might pass as weights: mostly one of the arrays, or the list, is odd."""
    which = draw(st.integers(-1, len(SHAPES)))
    arrays = [
        draw(ra.given_arrays(shape, odd=0.9 if i == which else 0.0))
        for i, shape in enumerate(SHAPES)
    ]
    number = draw(st.sampled_from([3, 3, 3, 3, 2, 4, 0]))
    return (arrays * 2)[:number]


def valid(arrays):
    return len(arrays) == len(SHAPES) and all(
        ra.is_real(given) and given.array.shape == shape and ra.is_finite(given)
        for given, shape in zip(arrays, SHAPES, strict=True)
    )


@given(lists_of_arrays(), st.sampled_from([list, tuple]), st.booleans())
def test_set_weights_and_apply_gradients(arrays, container, gradients):
    model = new_model()
    before, passed = state(model), [ra.snapshot(given.value) for given in arrays]
    values = container(given.value for given in arrays)
    method = model.apply_gradients if gradients else model.set_weights
    _, error = ra.outcome(lambda: method(values))
    assert [ra.snapshot(given.value) for given in arrays] == passed
    assert (error is None) == valid(arrays), error
    if error is not None:
        np.testing.assert_equal(state(model), before)
        return
    expected = [given.array.astype(np.float32) for given in arrays]
    if gradients:
        with np.errstate(over="ignore"):
            steps = zip(before[0], expected, strict=True)
            expected = [old - np.float32(RATE) * step for old, step in steps]
    for found, values in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, values, rtol=3e-7, atol=1e-38 if gradients else 0)
    kernel = model.layers[0].get_weights()[0]
    kernel += 1  # what comes out is a copy
    assert_same_bits(model.layers[0].get_weights(), model.get_weights()[:2])


NUMBERS = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, float(LEAST), -float(LEAST), float(MOST), -float(MOST)]),
)


@st.composite
def any_weights(draw):
    """Draw finite float32 weights of a model, any of them."""
    return [
        np.array(
            draw(st.lists(NUMBERS, min_size=prod(shape), max_size=prod(shape))), np.float32
        ).reshape(shape)
        for shape in SHAPES
    ]


@given(any_weights(), st.sampled_from([SGD(RATE, 0.5), Adam(RATE)]), st.booleans())
def test_models_in_files_and_copies(tmp_path_factory, weights, optimizer, train):
    """Every way a model can go keeps every bit of it, and its state of training."""
    folder = tmp_path_factory.mktemp("models")
    model = new_model(type(optimizer).from_config(optimizer.get_config()))
    if train:
        model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))
    model.set_weights(weights)
    assert_same_bits(model.get_weights(), weights)
    model.save(folder / "a.safetensors")
    others = [load_model(folder / "a.safetensors"), copy.deepcopy(model)]
    others += [pickle.loads(pickle.dumps(model)), copy.copy(model)]
    for other in others:
        np.testing.assert_equal(state(other), state(model))
        assert_same_bits(other.get_weights(), weights)
        other.save(folder / "b.safetensors")
        assert (folder / "b.safetensors").read_bytes() == (folder / "a.safetensors").read_bytes()
    with np.errstate(all="ignore"):
        x = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
        np.testing.assert_equal(others[0].predict(x), model.predict(x))


@given(any_weights(), st.sampled_from(["a.safetensors", "a.npz", "a.weights.h5"]),
       st.sampled_from(["digitnet", "torch"]))  # fmt: skip
@example([np.full(shape, LEAST) for shape in SHAPES], "a.weights.h5", "digitnet")
def test_weights_in_files(tmp_path_factory, weights, name, format):
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
        format = "digitnet"
    path = tmp_path_factory.mktemp("weights") / name
    model = new_model()
    model.set_weights(weights)
    model.save_weights(path, format=format)
    other = new_model()
    other.load_weights(path)
    assert_same_bits(other.get_weights(), weights)
