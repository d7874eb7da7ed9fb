"""Random data at every method of a model: the oracle's result, or one error and nothing changed."""

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import event, given
from hypothesis import strategies as st

import random_arrays as ra
from digitnet import optimizers
from digitnet.layers import Dense, Flatten, Input
from digitnet.layers import Rescaling as RescalingLayer
from digitnet.models import Sequential
from reference_mlp import Dense as Unit
from reference_mlp import Loss, Network, Rescaling
from reference_optimizers import Adam, Sgd

LOSSES = [
    "sparse_categorical_crossentropy", "categorical_crossentropy", "mean_squared_error",
    "binary_crossentropy", "huber",
]  # fmt: skip
OPTIMIZERS = {  # the oracle's and digitnet's; a large epsilon, or noise would be steps
    "SGD": lambda: (Sgd(0.05), optimizers.SGD(0.05)),
    "momentum": lambda: (Sgd(0.05, 0.9), optimizers.SGD(0.05, 0.9)),
    "Adam": lambda: (Adam(0.01, epsilon=1e-3), optimizers.Adam(0.01, epsilon=1e-3)),
}
SHAPES = [(4,), (1,), (2, 3), (3, 1), (2, 1, 2)]
WRONG = [-1, -0.5, -1e-30, np.nan, np.inf, 1e39, -(2**40)]  # sample weights
LARGE = 50.0  # beyond, float32 and float64 are too far apart to be compared
METHODS = ("fit", "train_on_batch", "evaluate", "test_on_batch", "gradients", "validation_data")


class Pair:
    """The same small network in digitnet and in the oracle, with the same weights."""

    def __init__(self, shape, loss, outputs, seed, optimizer="SGD"):
        rng = np.random.default_rng(seed)
        last = {"mean_squared_error": "linear", "huber": "linear", "binary_crossentropy": "sigmoid"}
        self.shape, self.loss, self.outputs = shape, loss, outputs
        self.labels = loss.startswith("sparse")
        activation = last.get(loss, "softmax")
        size = int(np.prod(shape))
        weights = [rng.uniform(-0.5, 0.5, s) for s in [(size, 5), (5,), (5, outputs), (outputs,)]]
        kernel, bias, out_kernel, out_bias = (w.astype(np.float32).astype(float) for w in weights)
        self.oracle = Network(
            [Rescaling(0.5, 0.25), Unit(kernel, bias, "tanh"),
             Unit(out_kernel, out_bias, activation)],
            Loss(loss),
        )  # fmt: skip
        self.model = Sequential(
            [Input(shape), Flatten(), RescalingLayer(0.5, 0.25), Dense(5, "tanh"),
             Dense(outputs, activation)],
            device="cpu",
        )  # fmt: skip
        self.optimizer, own = OPTIMIZERS[optimizer]()
        self.model.compile(own, loss, metrics=["mae"] if not self.labels else ["acc"])
        self.model.set_weights(weights)

    def state(self):
        core = self.model._core
        steps = self.model.optimizer.iterations
        return (
            core.get_weights(), core.get_slots(), core.iterations, core.epochs, steps,
            self.model.history,
        )  # fmt: skip

    def same_weights(self):
        for found, expected in zip(self.model.get_weights(), self.oracle.parameters(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)

    def plain(self, x):
        return ra_float(x).reshape(len(x.array), -1)

    def targets(self, y):
        if self.labels:
            return y.array.reshape(-1).astype(int)
        return ra_float(y).reshape(len(y.array), -1)


def ra_float(given):
    """Return values as float64, rounded to float32 first."""
    return given.array.astype(np.float32).astype(float)


@st.composite
def cases(draw):
    """Draw a network and x, y and sample weights for it, one of them odd now and then."""
    shape, loss = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(LOSSES))
    outputs = draw(st.sampled_from([1, 3] if "categorical" not in loss else [3]))
    optimizer = draw(st.sampled_from(sorted(OPTIMIZERS)))
    pair = Pair(shape, loss, outputs, draw(st.integers(0, 9)), optimizer)
    samples = draw(st.sampled_from([1, 2, 7, 33]))
    which = draw(st.sampled_from(["x", "y", "w", "none", "all"]))
    chance = {name: 0.9 if which in (name, "all") else 0.0 for name in "xyw"}
    x = draw(ra.given_arrays((samples, *shape), odd=chance["x"]))
    kinds = [k for k in ra.REAL if np.dtype(k).kind != "f"] if pair.labels else None
    y_shape = (samples,) if pair.labels or outputs == 1 else (samples, outputs)
    scale = 1.0 if "entropy" not in loss else 0.0
    wrong = [-1, 3, 0.5, 2**32 + 1, np.nan, 2**53] if pair.labels else ra.SPECIAL
    y = draw(ra.given_arrays(y_shape, kinds, scale=scale, odd=chance["y"], special=wrong))
    w = None
    if which in ("w", "all") or draw(st.booleans()):
        w = draw(ra.given_arrays((samples,), ["u1", "?", ">u4"], odd=chance["w"], special=WRONG))
    return pair, x, y, w


def is_valid(pair, x, y, w):
    targets = ra.valid_labels if pair.labels else ra.valid_rows
    return (
        ra.valid_samples(x, pair.shape)
        and targets(y, pair.outputs)
        and len(x.array) == len(y.array)
        and (w is None or ra.valid_weights(w, len(x.array)))
    )


@given(cases(), st.sampled_from(METHODS), st.sampled_from([1, 3, 64]))
def test_methods_that_take_data(case, method, batch_size):
    pair, x, y, w = case
    model, weight = pair.model, None if w is None else w.value
    inputs = [g.value for g in (x, y, w) if g is not None]
    before, passed = pair.state(), [ra.snapshot(value) for value in inputs]
    good = np.zeros((2, *pair.shape))
    good_y = np.zeros(2) if pair.labels or pair.outputs == 1 else np.zeros((2, pair.outputs))
    calls = {
        "fit": lambda: model.fit(
            x.value, y.value, batch_size, 1, 0, shuffle=False, sample_weight=weight
        ),
        "validation_data": lambda: model.fit(
            good, good_y, 2, 1, 0, shuffle=False, validation_data=(x.value, y.value, weight)
        ),
        "evaluate": lambda: model.evaluate(x.value, y.value, sample_weight=weight, verbose=0),
    }
    direct = {
        name: (lambda name=name: getattr(model, name)(x.value, y.value, weight)) for name in METHODS
    }
    result, error = ra.outcome(calls.get(method, direct.get(method)))
    assert [ra.snapshot(value) for value in inputs] == passed
    valid = is_valid(pair, x, y, w)
    event(f"{method}: {'valid' if valid else 'refused'}")
    assert (error is None) == valid, error
    if error is not None:
        np.testing.assert_equal(pair.state(), before)
        return
    if np.abs(pair.plain(x)).max() > LARGE or np.abs(ra_float(y)).max() > LARGE:
        return
    if w is not None and ra_float(w).max() > LARGE:
        return
    _compare(pair, method, result, x, y, w, batch_size)


def _compare(pair, method, result, x, y, w, batch_size):
    """Hold a result against the oracle's."""
    rows, targets = pair.plain(x), pair.targets(y)
    weight = None if w is None else ra_float(w).reshape(-1)
    if method == "fit":
        means = []
        for first in range(0, len(rows), batch_size):
            part = slice(first, first + batch_size)
            means.append(
                pair.oracle.train_on_batch(
                    rows[part], targets[part], pair.optimizer, None if w is None else weight[part]
                )
                * len(rows[part])
            )
        assert result.history["loss"] == pytest.approx([sum(means) / len(rows)], rel=1e-4, abs=1e-5)
        pair.same_weights()
    elif method == "train_on_batch":
        loss = pair.oracle.train_on_batch(rows, targets, pair.optimizer, weight)
        assert result[0] == pytest.approx(loss, rel=1e-4, abs=1e-5)
        pair.same_weights()
    elif method == "validation_data":
        for found in pair.model.get_weights():
            assert np.isfinite(found).all()
        assert len(result.history["val_loss"]) == 1
    else:
        loss, gradients = pair.oracle.gradients(rows, targets, weight)
        if method != "gradients":
            assert result[0] == pytest.approx(loss, rel=1e-4, abs=1e-5)
            return
        for found, expected in zip(result, gradients, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@st.composite
def sample_cases(draw):
    shape = draw(st.sampled_from(SHAPES))
    pair = Pair(shape, "mean_squared_error", draw(st.sampled_from([1, 3])), 0)
    return pair, draw(ra.given_arrays((draw(st.sampled_from([1, 2, 70])), *shape), odd=0.6))


@given(sample_cases())
def test_predict(case):
    pair, x = case
    before, passed = pair.state(), ra.snapshot(x.value)
    for method in (pair.model.predict, pair.model.predict_classes):
        result, error = ra.outcome(lambda method=method: method(x.value))
        assert ra.snapshot(x.value) == passed
        assert (error is None) == ra.valid_samples(x, pair.shape), error
        np.testing.assert_equal(pair.state(), before)
        if error is not None or np.abs(pair.plain(x)).max() > LARGE:
            continue
        expected = pair.oracle.predict(pair.plain(x))
        if method == pair.model.predict:
            np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)
            assert result.dtype == np.float32
        else:
            sure = np.abs(np.diff(np.sort(expected)[:, -2:])).min(initial=1) > 1e-4
            margin = np.abs(expected - 0.5).min() > 1e-4
            if sure and margin:
                one = expected.shape[1] == 1
                classes = expected[:, 0] > 0.5 if one else expected.argmax(axis=1)
                np.testing.assert_array_equal(result, classes)
