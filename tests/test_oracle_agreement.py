"""240 training steps from the same weights on the same batches: digitnet against the oracle."""

from dataclasses import replace

import agreement
import numpy as np
import pytest
from agreement import BATCH, CASES, INPUTS, SAMPLES, STEPS, TOLERANCE, build, check_agreement
from reference_mlp import Dense, Dropout, Loss, Network, Rescaling, Sgd

import digitnet


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
    optimizer = replace(case.optimizer, velocity=[])
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
