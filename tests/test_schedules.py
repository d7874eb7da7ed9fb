"""Learning-rate schedules: values by hand, and that every step has its own rate."""

import numpy as np
import pytest

from digitnet.callbacks import LearningRateScheduler
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam, schedules
from digitnet.optimizers.schedules import CosineDecay, ExponentialDecay, PiecewiseConstantDecay

SCHEDULES = [
    ExponentialDecay(0.1, 4, 0.5),
    CosineDecay(0.1, 9, 0.2),
    PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]),
]


def model_with(optimizer):
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(2)], device="cpu")
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize(
    ("schedule", "step", "rate"),
    [
        (ExponentialDecay(0.1, 4, 0.25), 0, 0.1),
        (ExponentialDecay(0.1, 4, 0.25), 2, 0.05),
        (ExponentialDecay(0.1, 4, 0.25), 8, 0.1 / 16),
        (ExponentialDecay(0.1, 4, 0.25, staircase=True), 7, 0.025),
        (CosineDecay(0.2, 10), 0, 0.2),
        (CosineDecay(0.2, 10), 5, 0.1),
        (CosineDecay(0.2, 10), 10, 0.0),
        (CosineDecay(0.2, 10, alpha=0.5), 5, 0.15),
        (CosineDecay(0.2, 10, alpha=0.5), 2**62, 0.1),
        (CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=4), 0, 0.1),
        (CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=4), 3, 0.25),
        (CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=4), 4, 0.3),
        (CosineDecay(0.1, 10, warmup_target=0.3, warmup_steps=4), 9, 0.15),
        (CosineDecay(0.1, 10, warmup_target=0.3), 5, 0.15),
        (CosineDecay(0.1, 10, warmup_steps=4), 5, 0.05),
        (PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), 2, 0.1),
        (PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), 3, 0.05),
        (PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), 5, 0.05),
        (PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01]), 6, 0.01),
        (PiecewiseConstantDecay([], [0.3]), 6, 0.3),
    ],
    ids=str,
)
def test_values_worked_by_hand(schedule, step, rate):
    assert schedule(step) == pytest.approx(rate, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("make", [SGD, lambda rate: SGD(rate, 0.9), Adam], ids=str)
def test_every_step_of_an_epoch_has_its_own_rate(rng, schedule, make):
    """One fit gives the bits of as many single steps, the rate set by hand before each."""
    x, y = rng.standard_normal((22, 3)), rng.standard_normal((22, 2))
    one, other = model_with(make(schedule)), model_with(make(0.0))
    other.set_weights(one.get_weights())
    one.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    for step in range(10):
        first = step % 5 * 5
        other.optimizer.learning_rate = schedule(step)
        other.train_on_batch(x[first : first + 5], y[first : first + 5])
    np.testing.assert_equal(one.get_weights(), other.get_weights())
    assert one.optimizer.iterations == 10
    assert one.optimizer.learning_rate == schedule(10)
    before = one.get_weights()  # single steps ask the schedule, too
    other.optimizer.learning_rate = schedule(10)
    gradients = one.gradients(x, y)
    for model in (one, other):
        model.apply_gradients(gradients)
    np.testing.assert_equal(one.get_weights(), other.get_weights())
    assert not np.array_equal(one.get_weights()[0], before[0])


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_schedules_are_saved(rng, tmp_path, schedule):
    again = schedules.deserialize(schedules.serialize(schedule))
    assert (type(again), again.get_config()) == (type(schedule), schedule.get_config())
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    model = model_with(Adam(schedule))
    model.fit(x, y, batch_size=5, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.optimizer.learning_rate == model.optimizer.learning_rate == schedule(4)
    for one in (model, loaded):
        one.fit(x, y, batch_size=5, verbose=0)
    np.testing.assert_equal(loaded.get_weights(), model.get_weights())


def test_a_schedule_is_not_overwritten(rng):
    optimizer = SGD(ExponentialDecay(0.1, 4, 0.5))
    with pytest.raises(TypeError, match=r"cannot be set where a schedule says it.*Received: 0\.1"):
        optimizer.learning_rate = 0.1
    model = model_with(optimizer)
    data = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    with pytest.raises(TypeError, match="cannot be set where a schedule says it"):
        model.fit(*data, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.1)])
    assert optimizer.iterations == 0


def test_a_rate_beyond_float32_is_refused_before_the_first_step(rng):
    model = model_with(SGD(ExponentialDecay(0.1, 1, 1e30)))
    before = model.get_weights()
    with pytest.raises(ValueError, match="every learning rate must be finite"):
        model.fit(rng.standard_normal((4, 3)), np.ones((4, 2)), batch_size=1, verbose=0)
    np.testing.assert_equal(model.get_weights(), before)


def test_classes_of_the_user_s_own_are_refused():
    class Mine(schedules.LearningRateSchedule):
        pass

    with pytest.raises(TypeError, match=r"own classes, which the core knows\. Received: Mine"):
        SGD(Mine("mine"))
    with pytest.raises(TypeError, match="Mine is a base class"):
        Mine("mine")(0)
    with pytest.raises(TypeError, match="LearningRateSchedule is a base class"):
        schedules.LearningRateSchedule("mine")
    with pytest.raises(AttributeError, match="cannot be changed once it is made"):
        SCHEDULES[0].decay_rate = 3


def test_boundaries_may_be_whole_floats():
    schedule = PiecewiseConstantDecay([1.0, np.float64(5)], [0.1, 0.05, 0.01])
    assert schedule.boundaries == (1, 5)
    assert schedule.get_config() == PiecewiseConstantDecay([1, 5], [0.1, 0.05, 0.01]).get_config()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: PiecewiseConstantDecay([float("inf")], [1, 1]),
            TypeError,
            r"boundaries\[0\] must",
        ),
        (lambda: ExponentialDecay(-1, 1, 1), ValueError, "initial_learning_rate must be"),
        (lambda: ExponentialDecay(1, 0, 1), ValueError, "decay_steps must be a number > 0"),
        (lambda: ExponentialDecay(1, 1, "a"), TypeError, "decay_rate must be a number"),
        (lambda: ExponentialDecay(1, 1, 1, 1), TypeError, "staircase must be True or False"),
        (lambda: CosineDecay(1, 1, 1.5), ValueError, "alpha must be a number >= 0 and <= 1"),
        (lambda: CosineDecay(1, 1, warmup_target=-1), ValueError, "warmup_target must be"),
        (lambda: CosineDecay(1, 1, warmup_steps=-1), ValueError, "warmup_steps must be"),
        (lambda: CosineDecay(1, 1, name=3), TypeError, "name must be a string"),
        (lambda: PiecewiseConstantDecay([1], [1]), ValueError, "1 values and 1 boundaries"),
        (lambda: PiecewiseConstantDecay([2, 2], [1, 1, 1]), ValueError, "boundaries must ascend"),
        (lambda: PiecewiseConstantDecay([1.5], [1, 1]), TypeError, r"boundaries\[0\] must be"),
        (lambda: PiecewiseConstantDecay([1], [1, -1]), ValueError, r"values\[1\] must be"),
        (lambda: PiecewiseConstantDecay(3, [1]), TypeError, "boundaries must be a list"),
        (lambda: SCHEDULES[0](-1), ValueError, "step must be an integer, 0 or more"),
        (lambda: SGD(lambda step: 0.1), TypeError, "learning_rate must be a number >= 0"),
        (lambda: SGD({"class_name": "No", "config": {}}), ValueError, "schedule class must be"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=message):
        make()
