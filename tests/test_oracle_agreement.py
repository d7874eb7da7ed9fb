"""240 training steps from the same weights on the same batches: digitnet against the oracle."""

from dataclasses import replace

import numpy as np
import pytest

import agreement
import digitnet
from agreement import BATCH, CASES, INPUTS, SAMPLES, STEPS, TOLERANCE, build, check_agreement
from reference_mlp import Dropout, Loss, Network, Rescaling
from reference_optimizers import Sgd


@pytest.mark.parametrize("case", CASES, ids=str)
def test_240_steps(case):
    model = build(digitnet, case.network(), INPUTS, case.optimizer)
    network = check_agreement(case, model)
    x, _, _ = case.data()
    np.testing.assert_allclose(model.predict(x, verbose=0), network.predict(x), rtol=0, atol=3e-5)


@pytest.mark.parametrize("case", [CASES[0], agreement.OPTIMIZER_CASES[5]], ids=str)
def test_240_steps_in_one_fit(case):
    model = build(digitnet, case.network(), INPUTS, case.optimizer)
    losses, network = agreement.train_oracle(case)
    x, t, weights = case.data()
    epochs = STEPS * BATCH // SAMPLES
    history = model.fit(
        x, t, batch_size=BATCH, epochs=epochs, shuffle=False, sample_weight=weights, verbose=0
    )
    means = np.reshape(losses, (epochs, -1)).mean(axis=1)
    tolerance = TOLERANCE * max(1, *(np.abs(w).max() for w in network.parameters()))
    np.testing.assert_allclose(history.history["loss"], means, rtol=tolerance)
    for w, expected in zip(model.get_weights(), network.parameters(), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=tolerance)


def test_a_short_last_batch_weighs_less():
    # 96 samples in batches of 40: the epoch's loss is the mean over samples, not over batches.
    case = CASES[0]
    model, network = build(digitnet, case.network(), INPUTS, case.optimizer), case.network()
    optimizer = replace(case.optimizer)
    x, t, _ = case.data()
    parts = [slice(0, 40), slice(40, 80), slice(80, 96)]
    losses = [network.train_on_batch(x[part], t[part], optimizer) for part in parts]
    history = model.fit(x, t, batch_size=40, epochs=1, shuffle=False, verbose=0)
    expected = np.average(losses, weights=[40, 40, 16])
    assert history.history["loss"] == pytest.approx([expected], rel=1e-6)
    for w, expected in zip(model.get_weights(), network.parameters(), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)


def mnist_network(activation):
    rng = np.random.default_rng(3)
    layers = [agreement.dense(rng, 784, 500, activation), agreement.dense(rng, 500, 10, "softmax")]
    return Network([Rescaling(1 / 255), *layers], Loss("sparse_categorical_crossentropy"))


def deviation(model, network):
    """Return the largest difference of any weight, in units of TOLERANCE (weights below 1)."""
    pairs = zip(model.get_weights(), network.parameters(), strict=True)
    return max(np.abs(w - expected).max() for w, expected in pairs) / TOLERANCE


def mnist_batches(mnist, steps):
    (x, y), _ = mnist
    for first in range(0, steps * 500, 500):
        part = slice(first % 60000, first % 60000 + 500)
        yield x[part].reshape(500, 784), y[part].astype(np.int32)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_two_epochs_of_mnist(mnist, activation):
    """784-500-10, batch 500, rate 0.5. With tanh the tolerance of the small networks holds.

    With relu it holds until one z, of 500 x 500 a step, lies within rounding of 0 and falls on the
    other side of the bend: then one sample's gradient of one unit is there or not, about
    rate / batch * |x da| = 1e-4, and steps of 0.5, at the edge of stability, multiply it. float32
    NumPy ends with weights that are off by 6e-3 at most and 1.5e-4 in the root mean square, up to
    1 % of what training moved them. test_every_step_with_relu looks closer.
    """
    network, optimizer = mnist_network(activation), Sgd(0.5)
    start = [w.copy() for w in network.parameters()]
    model = build(digitnet, network, 784, optimizer)
    for x, y in mnist_batches(mnist, 240):
        loss = network.train_on_batch(x, y, optimizer)
        assert float(model.train_on_batch(x, y)) == pytest.approx(loss, rel=0.02)
    if activation == "tanh":
        assert deviation(model, network) < 1
    for w, expected, old in zip(model.get_weights(), network.parameters(), start, strict=True):
        assert np.abs(w - expected).max() < 0.03
        assert np.std(w - expected) < 0.05 * np.std(expected - old)


@pytest.mark.slow
def test_every_step_with_relu(mnist):
    """One step each from the oracle's weights: only units at relu's bend may differ, and few do."""
    network, optimizer = mnist_network("relu"), Sgd(0.5)
    model = build(digitnet, network, 784, optimizer)
    at_the_bend = 0
    for x, y in mnist_batches(mnist, 120):
        model.set_weights([w.astype(np.float32) for w in network.parameters()])
        model.train_on_batch(x, y)
        network.train_on_batch(x, y, optimizer)
        z = network.layers[1].z
        bent = np.any(np.abs(z) < 1e-6, axis=0)  # float32 rounds these sums by about 1e-7
        at_the_bend += np.sum(bent)
        kernel, *others = zip(model.get_weights(), network.parameters(), strict=True)
        for w, expected in [(a[..., ~bent], b[..., ~bent]) for a, b in (kernel, others[0])]:
            np.testing.assert_allclose(w, expected, rtol=0, atol=TOLERANCE / 10)
        for w, expected in others[1:]:
            np.testing.assert_allclose(w, expected, rtol=0, atol=TOLERANCE / 10)
    assert at_the_bend < 120 * 5


def test_dropout_with_the_masks_of_the_core():
    from digitnet import _core

    case, rate, seed = CASES[0], 0.4, 7
    network = case.network()
    dropout = Dropout()
    network.layers.insert(1, dropout)
    layers = [
        _core.Layer("dense", units=agreement.HIDDEN, activation="tanh"),
        _core.Layer("dropout", rate=rate),
        _core.Layer("dense", units=agreement.OUTPUTS, activation="softmax"),
    ]
    model = _core.Model(INPUTS, layers, "cpu", seed)
    model.set_weights([w.astype(np.float32) for w in network.parameters()])
    table, optimizer = _core.KernelTable("generic"), Sgd(0.1)
    for step, x, t, _ in agreement.batches(case):
        dropout.mask = table.dropout_mask(BATCH, agreement.HIDDEN, rate, seed, step, 0, 1)
        loss = network.train_on_batch(x, t, optimizer)
        result = model.train_batch(x, t, None, _core.Loss(case.loss.name), [], _core.Sgd(0.1))
        assert result.loss == pytest.approx(loss, rel=TOLERANCE)
    assert deviation(model, network) < 1
    dropout.mask = 1.0  # inference drops nothing
    x, _, _ = case.data()
    np.testing.assert_allclose(model.predict(x), network.predict(x), rtol=0, atol=TOLERANCE)
