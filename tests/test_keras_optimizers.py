"""What optimizers, schedules and constraints have come to, between digitnet and Keras itself.

Weights, slots and the number of steps arrive to the bit, and training goes on with the same steps.
"""

import importlib.util
import os

import numpy as np
import pytest

import digitnet as dn
from digitnet.models import Sequential, load_model
from keras_models import INPUT, SPARSE, assert_same, fitted, mlp, state_of

BACKENDS = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),  # of Keras under NumPy 2
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64"),  # of JAX
]


@pytest.fixture(scope="module")
def keras():
    """Return Keras on the first backend that is installed, or on the one KERAS_BACKEND names."""
    if BACKENDS:
        os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
    pytest.importorskip("h5py")
    return pytest.importorskip("keras")


def decay(library, name):
    """Return a schedule of which the 6 steps of `fitted` and the 9 after them see several rates."""
    settings = {
        "ExponentialDecay": {"initial_learning_rate": 0.02, "decay_steps": 4, "decay_rate": 0.5,
                             "staircase": True},
        "CosineDecay": {"initial_learning_rate": 0.001, "decay_steps": 7, "alpha": 0.1,
                        "warmup_target": 0.02, "warmup_steps": 5},
        "PiecewiseConstantDecay": {"boundaries": [3, 9], "values": [0.02, 0.01, 0.005]},
    }  # fmt: skip
    return getattr(library.optimizers.schedules, name)(**settings[name])


# Name → the optimizer, and how many slots it has.
OPTIMIZERS = {
    "adam": (lambda k: k.optimizers.Adam(), 2),
    "adam, settings": (lambda k: k.optimizers.Adam(
        0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3, weight_decay=0.1, clipvalue=0.05), 2),
    "adam, cosine": (lambda k: k.optimizers.Adam(decay(k, "CosineDecay"), clipnorm=0.1), 2),
    "adamw": (lambda k: k.optimizers.AdamW(0.01, weight_decay=0.2, global_clipnorm=0.1), 2),
    "adamw, exponential": (lambda k: k.optimizers.AdamW(decay(k, "ExponentialDecay")), 2),
    "momentum, piecewise": (lambda k: k.optimizers.SGD(
        decay(k, "PiecewiseConstantDecay"), momentum=0.5, nesterov=True, clipvalue=0.02), 1),
    "momentum, norm of all": (lambda k: k.optimizers.SGD(
        0.1, momentum=0.9, global_clipnorm=0.05), 1),
    "sgd, exponential": (lambda k: k.optimizers.SGD(decay(k, "ExponentialDecay")), 0),
    "sgd, cosine": (lambda k: k.optimizers.SGD(decay(k, "CosineDecay"), clipvalue=0.02), 0),
    "sgd, norm": (lambda k: k.optimizers.SGD(0.1, clipnorm=0.05), 0),
}  # fmt: skip


@pytest.fixture(params=OPTIMIZERS)
def optimizer(request):
    return OPTIMIZERS[request.param]


def bounded(library):
    """Return layers with a constraint, of which some columns are at the limit."""
    layers, constraint = library.layers, library.constraints.MaxNorm(0.8)
    return [layers.Flatten(), layers.Dense(7, "tanh", kernel_constraint=constraint),
            layers.Dense(3, "softmax", kernel_constraint=constraint)]  # fmt: skip


def loaded(library, path):
    return load_model(path) if library is dn else library.saving.load_model(path)


def check_slots(model, count):
    """Raise unless there are so many slots, each with something in it."""
    slots = state_of(model)[1]
    assert len(slots) == count
    assert all(any(values.any() for values in slot) for slot in slots)


def test_keras_to_digitnet(keras, tmp_path, optimizer):
    make, slots = optimizer
    model, x, y = fitted(keras, mlp, make(keras), SPARSE, ["accuracy"])
    check_slots(model, slots)
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    assert_same(ours, model, x, y)
    assert ours.optimizer.iterations == 6
    expected = make(dn).get_config()
    assert ours.optimizer.get_config() | {"name": ""} == expected | {"name": ""}
    assert ours.optimizer.learning_rate == pytest.approx(
        float(np.asarray(model.optimizer.learning_rate)), rel=1e-6
    )


def test_digitnet_to_keras_and_back(keras, tmp_path, optimizer):
    make, slots = optimizer
    model, x, y = fitted(dn, mlp, make(dn), SPARSE, ["accuracy"])
    check_slots(model, slots)
    model.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_same(model, theirs, x, y)
    theirs.save(tmp_path / "again.keras")
    again = load_model(tmp_path / "again.keras")
    assert_same(again, model, x, y)
    assert again.get_config() == model.get_config()
    assert again.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("layers", [mlp, bounded])
@pytest.mark.parametrize("first", ["digitnet", "keras"])
def test_training_goes_on_in_the_other_library(keras, tmp_path, optimizer, first, layers):
    here, there = (dn, keras) if first == "digitnet" else (keras, dn)
    model, x, y = fitted(here, layers, optimizer[0](here), SPARSE, None)
    model.save(tmp_path / "model.keras")
    other = loaded(there, tmp_path / "model.keras")
    before = model.get_weights()
    for one in (model, other):
        one.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    (weights, slots, steps), expected = state_of(other), state_of(model)
    assert steps == expected[2] == 15
    assert not any(np.array_equal(w, old) for w, old in zip(weights, before, strict=True))
    for found, wanted in zip([weights, *slots], [expected[0], *expected[1]], strict=True):
        for one, two in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, two, rtol=0, atol=2e-6)
    rates = [float(np.asarray(one.optimizer.learning_rate)) for one in (model, other)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)


@pytest.mark.parametrize("first", ["digitnet", "keras"])
def test_a_model_that_was_not_trained(keras, tmp_path, optimizer, first):
    here, there = (dn, keras) if first == "digitnet" else (keras, dn)
    model = here.Sequential([here.layers.Input(INPUT), *mlp(here)])
    model.compile(optimizer[0](here), SPARSE)
    model.save(tmp_path / "model.keras")
    other = loaded(there, tmp_path / "model.keras")
    np.testing.assert_equal(other.get_weights(), model.get_weights())
    for one in (model, other):
        _, slots, steps = state_of(one)
        assert steps == 0
        assert not any(values.any() for slot in slots for values in slot)


def test_a_momentum_that_ended(keras, tmp_path):
    """A model of digitnet remembers its velocity, which Keras has no place for."""
    model, x, y = fitted(dn, mlp, dn.optimizers.SGD(0.1, momentum=0.9), SPARSE, None)
    model.optimizer.momentum = 0.0
    check_slots(model, 1)
    model.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    check_slots(theirs, 0)
    for one in (model, theirs):
        one.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for w, expected in zip(model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)


# --- constraints


@pytest.mark.parametrize("first", ["digitnet", "keras"])
def test_the_norm_of_columns(keras, tmp_path, first):
    here, there = (dn, keras) if first == "digitnet" else (keras, dn)
    model, x, y = fitted(here, bounded, here.optimizers.Adam(0.05), SPARSE, ["accuracy"])
    norms = np.linalg.norm(model.get_weights()[0], axis=0)
    assert (norms > 0.7999).sum() >= 3
    model.save(tmp_path / "model.keras")
    other = loaded(there, tmp_path / "model.keras")
    assert_same(other, model, x, y)
    for layer in (one for one in other.layers if hasattr(one, "kernel_constraint")):
        assert layer.kernel_constraint.get_config() == {"max_value": 0.8, "axis": 0}
    other.save(tmp_path / "again.keras")
    again = loaded(here, tmp_path / "again.keras")
    assert_same(again, model, x, y)
    again.fit(x, y, epochs=3, verbose=0)
    assert np.linalg.norm(again.get_weights()[0], axis=0).max() < 0.8 + 1e-6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: {"kernel_constraint": k.constraints.NonNeg()}, "must be MaxNorm.*'NonNeg'"),
        (lambda k: {"kernel_constraint": k.constraints.UnitNorm()}, "must be MaxNorm.*'UnitNorm'"),
        (lambda k: {"kernel_constraint": k.constraints.MaxNorm(2, axis=1)}, "axis must be at most"),
        (lambda k: {"kernel_constraint": k.constraints.MaxNorm(2, axis=None)}, "axis must be an"),
        (lambda k: {"bias_constraint": k.constraints.MaxNorm(2)}, "bias_constraint must be None"),
    ],
)
def test_other_constraints_are_refused(keras, tmp_path, make, message):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="out", **make(keras))]).save(
        tmp_path / "model.keras"
    )
    with pytest.raises(ValueError, match=rf"model\.keras .*layer 'out': .*{message}"):
        load_model(tmp_path / "model.keras")


# --- what digitnet has not


def test_boundaries_that_keras_keeps_as_floats(keras, tmp_path):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1.0, 5.0], [0.1, 0.05, 0.01])
    optimizer = keras.optimizers.SGD(schedule)
    model, *_ = fitted(keras, mlp, optimizer, SPARSE, None, epochs=1)
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    config = ours.optimizer.get_config()["learning_rate"]["config"]
    assert config["boundaries"] == [1, 5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: o.Adam(amsgrad=True), "optimizer: amsgrad must be False"),
        (lambda o: o.AdamW(use_ema=True), "optimizer: use_ema must be False"),
        (lambda o: o.Adam(loss_scale_factor=2.0), "optimizer: loss_scale_factor must be None"),
        (lambda o: o.SGD(gradient_accumulation_steps=2), "gradient_accumulation_steps must be 1"),
        (lambda o: o.Adam(epsilon=0.0), "epsilon must be a number >= 1e-37"),
        (lambda o: o.RMSprop(), "optimizer must be one of SGD, Adam, AdamW. Received: 'RMSprop'"),
        (lambda o: o.Adam(o.schedules.PolynomialDecay(0.1, 9)), "must be one of ExponentialDecay"),
        (lambda o: o.SGD(o.schedules.CosineDecayRestarts(0.1, 9)), "learning_rate must be one of"),
    ],
)
def test_other_optimizers_are_left_out(keras, tmp_path, make, message):
    model, x, _ = fitted(keras, mlp, make(keras.optimizers), SPARSE, None, epochs=1)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match=f"without its compile settings: .*{message}"):
        ours = load_model(tmp_path / "model.keras")
    assert ours.optimizer is None
    assert isinstance(ours, Sequential)
    outputs = model.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x), outputs, rtol=0, atol=1e-6)
