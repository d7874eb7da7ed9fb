"""SGD: its settings, and that the model steps as the formulas in its docstring say."""

import numpy as np
import pytest

from digitnet import optimizers
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD


def linear_model(optimizer):
    model = Sequential([Input((3,)), Dense(2)])
    model.compile(optimizer, "mse")
    return model


def stepped(weights, gradients, rate, momentum=0.0, nesterov=False, decay=0.0):
    """Return the weights after steps with the given gradients, in float64."""
    w = [np.asarray(value, dtype=float) for value in weights]
    v = [np.zeros_like(value) for value in w]
    for step in gradients:
        w = [value * (1 - rate * decay) for value in w]
        if momentum:
            v = [momentum * a - rate * g for a, g in zip(v, step, strict=True)]
            move = v
            if nesterov:
                move = [momentum * a - rate * g for a, g in zip(v, step, strict=True)]
        else:
            move = [-rate * g for g in step]
        w = [value + m for value, m in zip(w, move, strict=True)]
    return w


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 0.5},
        {"rate": 0.1, "momentum": 0.9},
        {"rate": 0.1, "momentum": 0.9, "nesterov": True},
        {"rate": 0.1, "nesterov": True},
        {"rate": 0.1, "decay": 0.3},
        {"rate": 0.1, "momentum": 0.5, "nesterov": True, "decay": 0.3},
    ],
    ids=str,
)
def test_steps_follow_the_formulas(rng, settings):
    optimizer = SGD(
        settings["rate"],
        momentum=settings.get("momentum", 0.0),
        nesterov=settings.get("nesterov", False),
        weight_decay=settings.get("decay"),
    )
    model = linear_model(optimizer)
    start = model.get_weights()
    gradients = [[rng.standard_normal((3, 2)), rng.standard_normal(2)] for _ in range(5)]
    for step in gradients:
        model.apply_gradients(step)
    for w, expected in zip(model.get_weights(), stepped(start, gradients, **settings), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-5)
    assert optimizer.iterations == 5


def test_the_learning_rate_may_change_between_fits(rng):
    model = linear_model(SGD(0.0))
    x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    np.testing.assert_equal(model.get_weights(), before)
    model.optimizer.learning_rate = 0.1
    model.fit(x, y, verbose=0)
    assert not np.array_equal(model.get_weights()[0], before[0])


def test_another_optimizer_starts_without_velocity(rng):
    gradients = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
    model = linear_model(SGD(0.1, momentum=0.9))
    model.apply_gradients(gradients)
    start = model.get_weights()
    model.compile(SGD(0.1, momentum=0.9), "mse")
    assert model.optimizer.iterations == 0
    model.apply_gradients(gradients)
    for w, expected in zip(model.get_weights(), stepped(start, [gradients], 0.1, 0.9), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)


def test_compiling_with_the_same_optimizer_keeps_its_velocity(rng):
    gradients = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
    model = linear_model(SGD(0.1, momentum=0.9))
    start = model.get_weights()
    model.apply_gradients(gradients)
    model.compile(model.optimizer, "mae")
    model.apply_gradients(gradients)
    expected = stepped(start, [gradients, gradients], 0.1, 0.9)
    np.testing.assert_allclose(model.get_weights()[0], expected[0], rtol=0, atol=1e-6)


def test_defaults_names_and_old_spellings():
    assert SGD().get_config() == {
        "name": "SGD",
        "learning_rate": 0.01,
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": None,
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
    }
    assert SGD(0.5).learning_rate == SGD(lr=0.5).learning_rate == 0.5
    optimizer = SGD(0.5)
    optimizer.lr = 0.25
    assert (optimizer.lr, optimizer.learning_rate) == (0.25, 0.25)
    assert optimizers.get("sgd").learning_rate == 0.01
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(SGD).momentum == 0
    assert SGD.from_config(SGD(0.3, 0.5, True, 0.1).get_config()).weight_decay == 0.1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"learning_rate": -0.1}, ValueError, "learning_rate must be a number >= 0"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate"),
        ({"learning_rate": 1e300}, ValueError, "learning_rate"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number"),
        ({"learning_rate": True}, TypeError, "learning_rate"),
        ({"lr": -1}, ValueError, "learning_rate"),
        ({"momentum": 1.5}, ValueError, "momentum must be a number >= 0 and <= 1"),
        ({"nesterov": 1}, TypeError, "nesterov must be True or False"),
        ({"weight_decay": -1}, ValueError, "weight_decay"),
        ({"name": 3}, TypeError, "name must be a string"),
    ],
)
def test_bad_settings(arguments, error, message):
    with pytest.raises(error, match=message):
        SGD(**arguments)


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("learning_rate", -1, 0.5),
        ("momentum", 1.5, 0.9),
        ("nesterov", 1, True),
        ("weight_decay", -1, None),
    ],
)
def test_settings_may_change_but_not_to_bad_ones(name, wrong, right):
    optimizer = SGD(0.25, weight_decay=0.5)
    before = optimizer.get_config()
    with pytest.raises((ValueError, TypeError), match=f"{name} must be"):
        setattr(optimizer, name, wrong)
    assert optimizer.get_config() == before
    setattr(optimizer, name, right)
    assert optimizer.get_config() == {**before, name: right}


@pytest.mark.parametrize("wrong", ["adagrad", {"class_name": "Adagrad", "config": {}}])
def test_unknown_optimizers(wrong):
    with pytest.raises(
        ValueError,
        match=r"optimizer.* must be one of (sgd, adam|SGD, Adam), (adamw|AdamW)\. Received",
    ):
        optimizers.get(wrong)


def test_what_is_no_optimizer():
    with pytest.raises(TypeError, match="optimizer must be a name"):
        optimizers.get(0.1)
