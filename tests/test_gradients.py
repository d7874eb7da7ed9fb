"""`Sequential.gradients` against the oracle: every activation and loss, awkward sizes, every input.

The tolerance: a gradient in float32 is a chain of sums (over the inputs, the units, the batch), and
a sum of n terms is wrong by at most n eps times the sum of their magnitudes; rounding that partly
cancels makes it nearer sqrt(n) eps. Allowed is 2 LENGTHS eps times the largest element of the same
gradient, where LENGTHS adds up the lengths of all sums. NumPy in float32 and digitnet need less
than a twentieth of that; up to a third in networks one unit wide, where large terms cancel.
"""

from itertools import pairwise

import numpy as np
import pytest

import digitnet
from agreement import ALPHA, SPARSE, build, dense
from reference_mlp import ACTIVATIONS, Activation, Loss, Network, Rescaling
from reference_optimizers import Sgd

EPS = np.finfo(np.float32).eps

# (batch, inputs, hidden units, outputs): around the widths of the vector registers and panels
SIZES = [
    (1, 1, 1, 7),
    (1, 7, 17, 33),
    (7, 17, 33, 65),
    (17, 33, 65, 1),
    (33, 65, 1, 7),
    (65, 1, 7, 17),
    (33, 784, 100, 10),
]

CATEGORICAL, BINARY = "categorical_crossentropy", "binary_crossentropy"
# What a loss may follow: a cross-entropy of probabilities needs outputs in (0, 1), or at least
# positive ones that it can normalise; logits and differences may be anything.
PROBABILITIES, POSITIVE = ["softmax", "sigmoid"], ["softmax", "sigmoid", "softplus"]
OUTPUTS = [
    (Loss(CATEGORICAL), POSITIVE),
    (Loss(CATEGORICAL, label_smoothing=0.2), POSITIVE),
    (Loss(CATEGORICAL, from_logits=True), ACTIVATIONS),
    (Loss(CATEGORICAL, True, 0.2), ["linear", "softmax"]),
    (Loss(SPARSE), POSITIVE),
    (Loss(SPARSE, label_smoothing=0.2), ["softmax"]),
    (Loss(SPARSE, from_logits=True), ACTIVATIONS),
    (Loss(BINARY), PROBABILITIES),
    (Loss(BINARY, label_smoothing=0.2), PROBABILITIES),
    (Loss(BINARY, from_logits=True), ACTIVATIONS),
    (Loss(BINARY, True, 0.2), ["linear", "sigmoid"]),
    (Loss("mean_squared_error"), ACTIVATIONS),
    (Loss("mean_absolute_error"), ACTIVATIONS),
    (Loss("huber"), ACTIVATIONS),
    (Loss("huber", delta=0.1), ACTIVATIONS),
]
PAIRS = [
    pytest.param(loss, name, id=f"{loss} of {name}") for loss, names in OUTPUTS for name in names
]


def samples(rng, batch, inputs, density=1.0):
    x = rng.standard_normal((batch, inputs)) * (rng.uniform(size=(batch, inputs)) < density)
    return x.astype(np.float32)


def pixels(rng, batch, inputs, density=0.2):
    """Draw bytes of which most are 0, as in a picture of a digit."""
    x = rng.integers(1, 256, (batch, inputs)) * (rng.uniform(size=(batch, inputs)) < density)
    return x.astype(np.uint8)


def targets(rng, loss, rows, cols):
    if loss.name == SPARSE:
        return rng.integers(cols, size=rows).astype(np.int32)
    return rng.uniform(0, 1, (rows, cols)).astype(np.float32)  # rows that do not sum to 1


def check(network, x, t, sample_weight=None, model=None):
    if model is None:
        model = build(digitnet, network, x.shape[1], Sgd(0.1))
    _, expected = network.gradients(x, t, sample_weight)
    gradients = model.gradients(x, t, sample_weight)
    lengths = len(x) + x.shape[1] + sum(layer.kernel.shape[1] for layer in network.dense())
    assert [dw.dtype for dw in gradients] == [np.float32] * len(expected)
    for dw, reference in zip(gradients, expected, strict=True):
        atol = 2 * lengths * EPS * max(np.abs(reference).max(), 1e-6)
        np.testing.assert_allclose(dw, reference, rtol=0, atol=atol)


@pytest.mark.parametrize(("loss", "name"), PAIRS)
def test_every_loss_of_every_activation(rng, loss, name):
    network = Network([dense(rng, 17, 9, "tanh"), dense(rng, 9, 7, name)], loss)
    check(network, samples(rng, 33, 17), targets(rng, loss, 33, 7))


@pytest.mark.parametrize("loss", [Loss(SPARSE), Loss(BINARY, True), Loss("huber")], ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_in_the_middle(rng, name, loss):
    output = "softmax" if loss.name == SPARSE else "linear"
    network = Network([dense(rng, 17, 9, name), dense(rng, 9, 7, output)], loss)
    check(network, samples(rng, 33, 17), targets(rng, loss, 33, 7))


@pytest.mark.parametrize("density", [0.0, 0.15, 1.0])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_sizes_and_zeros(rng, sizes, density):
    batch, inputs, hidden, outputs = sizes
    loss = Loss("mean_squared_error")
    network = Network([dense(rng, inputs, hidden, "relu"), dense(rng, hidden, outputs)], loss)
    check(network, samples(rng, batch, inputs, density), targets(rng, loss, batch, outputs))


@pytest.mark.parametrize("sizes", SIZES[:-1], ids=str)
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_depths(rng, depth, sizes):
    batch, inputs, hidden, outputs = sizes
    widths = [inputs, *[hidden] * (depth - 1), outputs]
    layers = [dense(rng, n, units, "tanh") for n, units in pairwise(widths)]
    layers[-1].activation = "sigmoid"
    check(
        Network(layers, Loss(BINARY)),
        samples(rng, batch, inputs),
        targets(rng, Loss(BINARY), batch, outputs),
    )


@pytest.mark.parametrize("rescaling", [[], [Rescaling(1 / 255)], [Rescaling(1 / 127.5, -1)]])
@pytest.mark.parametrize("density", [0.2, 1.0])
def test_bytes(rng, rescaling, density):
    first = dense(rng, 65, 33, "relu")
    if not rescaling:
        first.kernel = (first.kernel / 255).astype(np.float32).astype(float)
    network = Network([*rescaling, first, dense(rng, 33, 10, "softmax")], Loss(SPARSE))
    check(network, pixels(rng, 17, 65, density), targets(rng, network.loss, 17, 10))


def test_rescaling_of_floats_and_in_the_middle(rng):
    layers = [Rescaling(2, 0.5), dense(rng, 17, 9, "tanh"), Rescaling(-3, 1), dense(rng, 9, 7)]
    x, t = samples(rng, 33, 17, 0.5), targets(rng, Loss("huber"), 33, 7)
    check(Network(layers, Loss("huber")), x, t)
    check(Network([Rescaling(2), *layers, Rescaling(0.5, 2)], Loss("huber")), x, t)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_stand_alone_activations(rng, name):
    alpha = ALPHA.get(name, 0) / 2
    layers = [
        dense(rng, 17, 9),
        Activation(name, alpha),
        Activation("tanh"),
        dense(rng, 9, 7, "tanh"),
        Activation(name, alpha),  # behind an activation that is not linear
        dense(rng, 7, 5),
        Activation("softmax"),
    ]
    check(Network(layers, Loss(SPARSE)), samples(rng, 33, 17), targets(rng, Loss(SPARSE), 33, 5))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_before_any_weights(rng, name):
    layers = [Activation(name, ALPHA.get(name, 0)), dense(rng, 17, 5, "softmax")]
    check(Network(layers, Loss(SPARSE)), samples(rng, 33, 17), targets(rng, Loss(SPARSE), 33, 5))


@pytest.mark.parametrize("loss", [loss for loss, _ in OUTPUTS], ids=str)
def test_sample_weights(rng, loss):
    output = "linear"
    if not loss.from_logits and "crossentropy" in loss.name:
        output = "sigmoid" if loss.name == BINARY else "softmax"
    network = Network([dense(rng, 17, 9, "tanh"), dense(rng, 9, 7, output)], loss)
    weights = rng.uniform(0, 3, 33).astype(np.float32)
    weights[::5] = 0
    check(network, samples(rng, 33, 17), targets(rng, loss, 33, 7), weights)


def test_l2_and_no_bias(rng):
    layers = [dense(rng, 17, 9, "tanh", l2=0.1), dense(rng, 9, 7, l2=0.02)]
    layers[0].bias = None
    loss = Loss("mean_squared_error")
    check(Network(layers, loss), samples(rng, 33, 17), targets(rng, loss, 33, 7))


@pytest.mark.parametrize("view", ["every second row", "reversed", "columns", "transposed"])
@pytest.mark.parametrize("draw", [samples, pixels])
def test_views_of_the_callers_array(rng, draw, view):
    whole = draw(rng, 34, 70, 0.5)
    x = {
        "every second row": whole[::2, :17],
        "reversed": whole[::-1, 16::-1],
        "columns": whole[:, 3:54:3],
        "transposed": whole[:17, :30].T,
    }[view]
    layers = [Rescaling(1 / 64), dense(rng, 17, 9, "relu"), dense(rng, 9, 7)]
    loss = Loss("mean_squared_error")
    check(Network(layers, loss), x, targets(rng, loss, len(x), 7))


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [(Loss(BINARY), [-0.5, 0.25, 0.75, 1.5]), (Loss(CATEGORICAL), [0.0, 0.5, 3.0])],
    ids=str,
)
def test_clipped_probabilities(rng, loss, outputs):
    # y below 0 or above 1 (after normalising: exactly 0) is clipped there and has no gradient.
    layer = dense(rng, 7, 7)
    layer.kernel, layer.bias = np.eye(7), np.zeros(7)  # y is x: no rounding near a steep log
    x = rng.choice(outputs, (33, 7)).astype(np.float32)
    x[:, 0] = 0.5
    check(Network([layer], loss), x, targets(rng, loss, 33, 7))


def test_saturated_logits_keep_their_gradient(rng):
    # p of the true class underflows float32 here; softmax then log would give infinity or zero.
    layer = dense(rng, 3, 4, "softmax")
    layer.kernel *= 300
    x, t = samples(rng, 9, 3), targets(rng, Loss(SPARSE), 9, 4)
    check(Network([layer], Loss(SPARSE)), x, t)
