"""The oracle itself: gradients against finite differences, values against worked examples.

A central difference (f(w + h) - f(w - h)) / 2h is wrong by about h² f'''/6 + eps |f| / h. With
h = 1e-5 in float64 both are near 1e-10 for values of order 1, and near 3e-9 of the derivative of a
logarithm at 0.1, the steepest curve used here. The tolerances allow a few times that; a wrong
formula differs by far more.
"""

import itertools
import math

import numpy as np
import pytest

from reference_mlp import (
    ACTIVATIONS,
    METRICS,
    Activation,
    Dense,
    Dropout,
    Loss,
    Network,
    Rescaling,
    activation_backward,
)
from reference_optimizers import Adam, Sgd

H = 1e-5
TOLERANCE = {"rtol": 1e-8, "atol": 1e-9}

SMOOTHING = [0.0, 0.1]
LOSSES = [
    *itertools.starmap(
        Loss, itertools.product(["categorical_crossentropy"], [False, True], SMOOTHING)
    ),
    *itertools.starmap(Loss, itertools.product(["binary_crossentropy"], [False, True], SMOOTHING)),
    Loss("sparse_categorical_crossentropy"),
    Loss("sparse_categorical_crossentropy", from_logits=True),
    Loss("mean_squared_error"),
    Loss("mean_absolute_error"),
    Loss("huber"),
    Loss("huber", delta=0.3),
]


def random_targets(rng, loss, rows, cols):
    """Draw targets that no model output equals, so that |y - t| stays off its kink."""
    if loss.name.startswith("sparse"):
        return rng.integers(cols, size=rows)
    return rng.uniform(0.1, 0.9, (rows, cols))


def central_difference(f, w):
    """Return df/dw, element by element; w is changed for the moment and put back."""
    dw = np.empty_like(w)
    for i in np.ndindex(w.shape):
        kept = w[i]
        w[i] = kept + H
        above = f()
        w[i] = kept - H
        dw[i] = (above - f()) / (2 * H)
        w[i] = kept
    return dw


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_derivatives(rng, name):
    z = np.linspace(-4, 4, 40).reshape(8, 5)  # 0, where relu bends, is not among them
    da = rng.standard_normal(z.shape)
    dz = activation_backward(name, 0.3, z, da)
    numeric = central_difference(lambda: np.sum(da * ACTIVATIONS[name](z, 0.3)), z)
    np.testing.assert_allclose(dz, numeric, **TOLERANCE)


@pytest.mark.parametrize(
    ("name", "at_one", "at_minus_two"),
    [
        ("linear", 1, -2),
        ("relu", 1, 0),
        ("leaky_relu", 1, -0.6),
        ("elu", 1, 0.3 * (math.exp(-2) - 1)),
        ("sigmoid", 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))),
        ("tanh", math.tanh(1), math.tanh(-2)),
        ("softplus", math.log(1 + math.e), math.log(1 + math.exp(-2))),
        ("silu", 1 / (1 + math.exp(-1)), -2 / (1 + math.exp(2))),
        ("gelu", 0.8413447460685429, -2 * 0.022750131948179207),  # the normal distribution's table
        ("softmax", math.exp(3) / (math.exp(3) + 1), 1 / (math.exp(3) + 1)),
    ],
)
def test_activation_values(name, at_one, at_minus_two):
    a = ACTIVATIONS[name](np.array([[1.0, -2.0]]), 0.3)
    np.testing.assert_allclose(a, [[at_one, at_minus_two]], rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_far_out(name):
    z = np.array([[-800.0, 0.0, 800.0]])
    assert np.all(np.isfinite(ACTIVATIONS[name](z, 0.3)))
    assert np.all(np.isfinite(activation_backward(name, 0.3, z, np.ones_like(z))))


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_loss_derivatives(rng, loss):
    y = rng.uniform(0.1, 0.9, (6, 4))
    t = random_targets(rng, loss, *y.shape)
    factor = rng.uniform(0.5, 2, len(y))
    _, dy = loss.rows(y, t)
    numeric = central_difference(lambda: np.sum(factor * loss.rows(y, t)[0]), y)
    np.testing.assert_allclose(dy * factor[:, None], numeric, **TOLERANCE)


P, HARD = np.array([[0.7, 0.2, 0.1]]), np.array([[1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("loss", "y", "t", "expected"),
    [
        (Loss("categorical_crossentropy"), P, HARD, -math.log(0.7)),
        (Loss("categorical_crossentropy"), 2 * P, HARD, -math.log(0.7)),  # normalised first
        (Loss("categorical_crossentropy", True), np.log(P) + 5, HARD, -math.log(0.7)),
        (Loss("categorical_crossentropy"), HARD, np.roll(HARD, 1), -math.log(1e-7)),  # clipped
        (Loss("categorical_crossentropy", False, 0.3), P, HARD,
         -0.8 * math.log(0.7) - 0.1 * math.log(0.2) - 0.1 * math.log(0.1)),
        (Loss("sparse_categorical_crossentropy"), P, [1], -math.log(0.2)),
        (Loss("binary_crossentropy"), P, HARD, -math.log(0.7 * 0.8 * 0.9) / 3),
        (Loss("binary_crossentropy", True), np.log(P / (1 - P)), HARD,
         -math.log(0.7 * 0.8 * 0.9) / 3),
        (Loss("binary_crossentropy", False, 0.2), P[:, :1], HARD[:, :1],
         -0.9 * math.log(0.7) - 0.1 * math.log(0.3)),
        (Loss("mean_squared_error"), P, HARD, (0.09 + 0.04 + 0.01) / 3),
        (Loss("mean_absolute_error"), P, HARD, 0.2),
        (Loss("huber"), 10 * P, HARD, (5.5 + 1.5 + 0.5) / 3),
        (Loss("huber", delta=2), 10 * P, HARD, (10 + 2 + 0.5) / 3),
    ],
)  # fmt: skip
def test_loss_values(loss, y, t, expected):
    np.testing.assert_allclose(loss.rows(y, t)[0], [expected], rtol=1e-12)


def test_clipped_probabilities_have_no_gradient():
    y, t = np.array([[1.5, -0.2, 0.0]]), np.array([[0.0, 0.5, 1.0]])
    assert not Loss("binary_crossentropy").rows(y, t)[1].any()
    assert not Loss("categorical_crossentropy").rows(HARD, np.roll(HARD, 1))[1].any()


def network(rng, sizes, activations, loss):
    layers = []
    for n, units, name in zip(sizes[:-1], sizes[1:], activations, strict=True):
        kernel = rng.standard_normal((n, units)) / math.sqrt(n)
        layers.append(Dense(kernel, rng.standard_normal(units) / 5, name, 0.3))
    return Network(layers, loss)


def check_gradients(net, x, t, sample_weight=None):
    _, gradients = net.gradients(x, t, sample_weight)
    assert len(gradients) == len(net.parameters())
    for w, dw in zip(net.parameters(), gradients, strict=True):
        numeric = central_difference(lambda: net.gradients(x, t, sample_weight)[0], w)
        np.testing.assert_allclose(dw, numeric, **TOLERANCE)


def last_activation(loss):
    """Give the loss the output it is made for: logits, probabilities, or any number."""
    if loss.from_logits or "crossentropy" not in loss.name:
        return "linear"
    return "sigmoid" if loss.name.startswith("binary") else "softmax"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("hidden", [[], [("tanh", 4), ("elu", 3)]], ids=["1 layer", "3 layers"])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_network_gradients(rng, loss, hidden, weighted):
    sizes = [5, *(units for _, units in hidden), 3]
    net = network(rng, sizes, [*(name for name, _ in hidden), last_activation(loss)], loss)
    weights = rng.uniform(0, 2, 6) if weighted else None
    check_gradients(net, rng.standard_normal((6, 5)), random_targets(rng, loss, 6, 3), weights)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_through_every_activation(rng, name):
    net = network(rng, [5, 4, 3], [name, "linear"], Loss("mean_squared_error"))
    check_gradients(net, rng.standard_normal((6, 5)), rng.standard_normal((6, 3)))


def test_gradients_through_every_kind_of_layer(rng):
    net = network(rng, [5, 4, 3], ["linear", "linear"], Loss("categorical_crossentropy"))
    first, last = net.layers
    first.l2, first.bias, last.l2 = 0.1, None, 0.2
    mask = rng.integers(2, size=(6, 4)) / 0.5
    net.layers = [Rescaling(0.5, 0.1), first, Activation("silu"), Dropout(mask), Rescaling(2), last]
    net.layers.append(Activation("softmax"))
    check_gradients(net, rng.standard_normal((6, 5)), random_targets(rng, net.loss, 6, 3))


@pytest.mark.parametrize("loss", [x for x in LOSSES if last_activation(x) != "linear"], ids=str)
def test_fusing_changes_no_value(rng, loss):
    net = network(rng, [5, 3], [last_activation(loss)], loss)
    x, t = rng.standard_normal((6, 5)), random_targets(rng, loss, 6, 3)
    assert net.fused() is not net
    assert net.gradients(x, t)[0] == pytest.approx(loss.rows(net.predict(x), t)[0].mean(), 1e-13)


ADAM_WITH_DECAY = 0.45 * 0.95 - 0.5 * (0.58 / 0.19) / (0.019996 / 0.001999) ** 0.5


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (Sgd(0.5), [1 - 0.5 * 2, 0 - 0.5 * 4]),
        (Sgd(0.5, momentum=0.5), [0, 0 + 0.5 * -1 - 2]),
        (Sgd(0.5, momentum=0.5, nesterov=True), [1 - 0.5 - 1, -0.5 + 0.5 * -2.5 - 2]),
        (Sgd(0.5, weight_decay=0.1), [0.95 - 1, -0.05 * 0.95 - 2]),
        (Sgd(0.5, clip={"clipvalue": 3}), [1 - 0.5 * 2, 0 - 0.5 * 3]),
        (Sgd(0.5, clip={"clipnorm": 1}), [1 - 0.5, 0.5 - 0.5]),
        (Sgd(0.5, clip={"global_clipnorm": 1}), [1 - 0.5, 0.5 - 0.5]),
        (Adam(0.5, epsilon=0), [0.5, 0.5 - 0.5 * (0.58 / 0.19) / (0.019996 / 0.001999) ** 0.5]),
        (Adam(0.5, epsilon=0, weight_decay=0.1), [0.95 - 0.5, ADAM_WITH_DECAY]),
    ],
    ids=str,
)
def test_two_steps_worked_by_hand(optimizer, expected):
    w, seen = np.array([1.0]), []
    for dw in (2.0, 4.0):
        optimizer.step([w], [np.array([dw])])
        seen.append(w[0])
    np.testing.assert_allclose(seen, expected, rtol=1e-12, atol=1e-16)  # 1 - 0.999**t cancels


def test_metrics_worked_by_hand():
    y, t = np.array([[0.6, 0.45], [0.2, 0.8]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    expected = {
        "sparse_categorical_accuracy": [1, 0],
        "categorical_accuracy": [1, 0],
        "binary_accuracy": [1, 0],
        "mean_squared_error": [(0.16 + 0.2025) / 2, 0.64],
        "mean_absolute_error": [0.425, 0.8],
    }
    for name, metric in METRICS.items():
        targets = t.argmax(axis=1) if name.startswith("sparse") else t
        np.testing.assert_allclose(metric(y, targets), expected[name], rtol=1e-14)
