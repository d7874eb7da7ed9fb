"""240 training steps from the same weights on the same batches: digitnet against Keras.

Keras with its JAX backend stays within 2 to 13 eps of the oracle, as digitnet must; so the two may
differ from each other by twice the tolerance against the oracle.
"""

import importlib.util
import os

import numpy as np
import pytest

import digitnet
from agreement import (
    BATCH,
    CASES,
    INPUTS,
    LOSS_CASES,
    OPTIMIZER_CASES,
    TOLERANCE,
    build,
    train_model,
)
from reference_optimizers import Adam

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

BACKENDS = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]
METRICS = {
    "categorical_crossentropy": ["accuracy", "mse", "mae"],
    "sparse_categorical_crossentropy": ["accuracy"],
    "binary_crossentropy": ["accuracy", "mae"],
}
# Its backend finds the logits of the last activation and does not ask which activation it was.
MISTAKEN_BY_TENSORFLOW = ["cross-entropy of sigmoids", "binary of softmax"]


@pytest.fixture(scope="module")
def keras():
    """Return Keras on the first backend that is installed, or on the one KERAS_BACKEND names."""
    if BACKENDS:
        os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
    return pytest.importorskip("keras")


def rounded_powers(rate, beta_2, steps):
    """Return how far Adam's steps go astray by Keras' rounding of 1 - beta_2**t to float32.

    It cancels: beta_2**t is off by eps / 2, so sqrt(1 - beta_2**t), and with it a step of about the
    learning rate, by eps / 4 / (1 - beta_2**t) of itself. Here the powers are float64.
    """
    left = 1 - beta_2 ** np.arange(1, steps + 1)
    return rate * np.sum(np.finfo(np.float32).eps / 4 / left)


def assert_close(left, right, more=0.0):
    for w, expected in zip(left.get_weights(), right.get_weights(), strict=True):
        atol = 2 * TOLERANCE * max(1, np.abs(expected).max()) + more
        np.testing.assert_allclose(w, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_240_steps(keras, case):
    if keras.backend.backend() == "tensorflow" and case.name in MISTAKEN_BY_TENSORFLOW:
        pytest.skip("on TensorFlow Keras takes the logits behind any softmax or sigmoid as its own")
    ours = build(digitnet, case.network(), INPUTS, case.optimizer)
    theirs = build(keras, case.network(), INPUTS, case.optimizer)
    before = ours.get_weights()
    tolerance = 2 * TOLERANCE * max(1, *(np.abs(w).max() for w in theirs.get_weights()))
    adam, more = case.optimizer, 0.0
    if isinstance(adam, Adam):
        more = rounded_powers(adam.learning_rate, adam.beta_2, 240)
    tolerance += more
    np.testing.assert_allclose(train_model(case, ours), train_model(case, theirs), rtol=tolerance)
    assert all(np.any(w != old) for w, old in zip(ours.get_weights(), before, strict=True))
    assert_close(ours, theirs, more)


@pytest.mark.parametrize("case", [LOSS_CASES[0], LOSS_CASES[4], LOSS_CASES[6], LOSS_CASES[10],
                                  OPTIMIZER_CASES[5]], ids=str)  # fmt: skip
def test_fit_evaluate_predict(keras, case):
    """The same words give the same history, scores and predictions, with a short last batch."""
    x, t, weights = case.data()
    metrics = METRICS.get(case.loss.name, ["mse", "mae"])
    results = []
    for library in (digitnet, keras):
        model = build(library, case.network(), INPUTS, case.optimizer, metrics)
        history = model.fit(
            x, t, batch_size=40, epochs=5, shuffle=False, sample_weight=weights, verbose=0,
            validation_data=(x[:50], t[:50]),
        )  # fmt: skip
        scores = model.evaluate(x, t, batch_size=BATCH, verbose=0)
        results.append((history.history, scores, model.predict(x[:7], verbose=0), model))
    (ours, scores, y, model), (theirs, keras_scores, keras_y, keras_model) = results
    assert sorted(ours) == sorted(theirs)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=2e-6, err_msg=name)
    np.testing.assert_allclose(scores, keras_scores, rtol=2e-6)
    assert y.dtype == keras_y.dtype
    np.testing.assert_allclose(y, keras_y, rtol=0, atol=2e-6)
    assert_close(model, keras_model)


@pytest.mark.parametrize(
    ("name", "outputs"),
    [(name, n) for name in ("accuracy", "mse", "mae", "binary_accuracy") for n in (1, 5)]
    + [("categorical_accuracy", 5), ("sparse_categorical_accuracy", 5)],
)
def test_metrics_of_one_evaluation(keras, name, outputs):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((50, INPUTS)).astype(np.float32)
    labels = name.startswith("sparse")
    t = rng.integers(2, size=(50, outputs)).astype(np.float32)
    if labels or name.startswith("categorical"):
        t = np.eye(outputs, dtype=np.float32)[rng.integers(outputs, size=50)]
    case = LOSS_CASES[4] if labels else LOSS_CASES[6]
    network = case.network()
    network.layers[-1].kernel = network.layers[-1].kernel[:, :outputs].copy()
    network.layers[-1].bias = network.layers[-1].bias[:outputs].copy()
    t = t.argmax(axis=1).astype(np.int32) if labels else t
    ours, theirs = (
        build(library, network, INPUTS, case.optimizer, [name]).evaluate(x, t, verbose=0)
        for library in (digitnet, keras)
    )
    np.testing.assert_allclose(ours, theirs, rtol=2e-6)


SETTINGS = [
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "clipnorm": 0.05}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.01}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "epsilon": 1e-3, "global_clipnorm": 0.1}),
    ("Adam", {"beta_1": 0.5, "beta_2": 0.9, "weight_decay": 0.1, "clipvalue": 0.01}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "clipnorm": 0.05}),
]
SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5,
                          "staircase": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 9, "warmup_target": 0.1,
                     "warmup_steps": 5}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 9], "values": [0.1, 0.05, 0.01]}),
]  # fmt: skip


def after_20_steps(library, optimizer, **layer):
    """Return the weights of one network of `library`, fitted for 20 steps."""
    network = LOSS_CASES[4].network()
    layers = library.layers
    first = layers.Dense(network.layers[0].kernel.shape[1], activation="tanh", **layer)
    model = library.Sequential(
        [layers.Input((INPUTS,)), first, layers.Dense(5, activation="softmax")]
    )
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    model.set_weights([w.astype(np.float32) for w in network.parameters()])
    before = model.get_weights()
    x, t, _ = LOSS_CASES[4].data()
    model.fit(x[:80], t[:80], batch_size=16, epochs=4, shuffle=False, verbose=0)
    after = model.get_weights()
    assert all(np.any(w != old) for w, old in zip(after, before, strict=True))
    return after


def check_20_steps(ours, theirs, more=0.0):
    for w, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            w, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max() + more
        )


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_20_steps_of_an_optimizer(keras, name, settings):
    ours, theirs = (
        after_20_steps(library, getattr(library.optimizers, name)(**settings))
        for library in (digitnet, keras)
    )
    rate, beta_2 = settings.get("learning_rate", 0.001), settings.get("beta_2", 0.999)
    check_20_steps(ours, theirs, 0.0 if name == "SGD" else rounded_powers(rate, beta_2, 20))


@pytest.mark.parametrize(("name", "settings"), SCHEDULES, ids=str)
def test_20_steps_of_a_schedule(keras, name, settings):
    """The rates agree one by one, and the weights of a fit with them."""
    schedules = [getattr(lib.optimizers.schedules, name)(**settings) for lib in (digitnet, keras)]
    rates = [[float(schedule(step)) for step in range(20)] for schedule in schedules]
    np.testing.assert_allclose(*rates, rtol=1e-6, atol=1e-8)
    assert len(set(rates[0])) > 2
    ours, theirs = (
        after_20_steps(lib, lib.optimizers.SGD(schedule, momentum=0.5))
        for lib, schedule in zip((digitnet, keras), schedules, strict=True)
    )
    check_20_steps(ours, theirs)


def test_20_steps_with_a_constraint(keras):
    ours, theirs = (
        after_20_steps(
            lib, lib.optimizers.Adam(0.01), kernel_constraint=lib.constraints.MaxNorm(0.8)
        )
        for lib in (digitnet, keras)
    )
    norms = np.linalg.norm(ours[0], axis=0)
    assert (norms > 0.7999).sum() > 3  # some columns are at the limit
    assert norms.max() < 0.8 + 1e-6
    check_20_steps(ours, theirs, rounded_powers(0.01, 0.999, 20))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_defaults_and_configurations_are_those_of_keras(keras, name):
    ours = getattr(digitnet.optimizers, name)().get_config()
    theirs = getattr(keras.optimizers, name)().get_config()
    assert {key: theirs[key] for key in ours if key not in ("name", "learning_rate")} == {
        key: value for key, value in ours.items() if key not in ("name", "learning_rate")
    }
    assert ours["learning_rate"] == pytest.approx(theirs["learning_rate"], rel=1e-7)
