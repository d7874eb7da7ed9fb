"""Adam, AdamW and limits of gradients: settings, steps, and runs that are interrupted."""

import json

import numpy as np
import pytest

from digitnet import optimizers
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam, AdamW, schedules
from reference_optimizers import Adam as OracleAdam
from reference_optimizers import Sgd as OracleSgd

DECAY = schedules.ExponentialDecay(0.01, 3, 0.9)
OPTIMIZERS = {
    "adam": lambda: Adam(0.01),
    "adamw": lambda: AdamW(0.01, 0.1),
    "clipnorm": lambda: Adam(0.01, clipnorm=0.05),
    "global_clipnorm": lambda: SGD(0.1, momentum=0.9, global_clipnorm=0.05),
    "clipvalue": lambda: SGD(0.1, clipvalue=0.01),
    "schedule": lambda: Adam(DECAY),
}


def linear_model(optimizer):
    model = Sequential([Input((3,)), Dense(2)])
    model.compile(optimizer, "mse")
    return model


def deep_model(optimizer):
    model = Sequential(
        [
            Input((6,)),
            Dense(40, "relu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            Dropout(0.2),
            Dense(3, "softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def samples(rng):
    return rng.standard_normal((30, 6)), rng.integers(3, size=30)


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [
        (Adam(), OracleAdam()),
        (Adam(0.1, 0.5, 0.9, 1e-3), OracleAdam(0.1, 0.5, 0.9, 1e-3)),
        (Adam(0.1, 0.0, 0.5), OracleAdam(0.1, 0.0, 0.5)),
        (AdamW(0.1), OracleAdam(0.1, weight_decay=0.004)),
        (Adam(0.1, weight_decay=0.3), OracleAdam(0.1, weight_decay=0.3)),
        (Adam(0.1, clipvalue=0.5), OracleAdam(0.1, clip={"clipvalue": 0.5})),
        (AdamW(0.1, clipnorm=0.5), OracleAdam(0.1, weight_decay=0.004, clip={"clipnorm": 0.5})),
        (Adam(0.1, global_clipnorm=2), OracleAdam(0.1, clip={"global_clipnorm": 2})),
        (SGD(0.1, clipvalue=0.5), OracleSgd(0.1, clip={"clipvalue": 0.5})),
        (SGD(0.1, 0.9, clipnorm=1), OracleSgd(0.1, 0.9, clip={"clipnorm": 1})),
        (SGD(0.1, global_clipnorm=1), OracleSgd(0.1, clip={"global_clipnorm": 1})),
        (SGD(0.1, clipnorm=1e6), OracleSgd(0.1)),
    ],
    ids=str,
)
def test_steps_follow_the_formulas(rng, ours, oracle):
    model = linear_model(ours)
    expected = [w.astype(float) for w in model.get_weights()]
    for _ in range(10):
        gradients = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
        model.apply_gradients(gradients)
        oracle.step(expected, gradients)
    for w, want in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(w, want, rtol=0, atol=3e-6)
    assert ours.iterations == 10


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_given_gradients_step_as_training_does(rng, make):
    x, y = samples(rng)
    one, other = (deep_model(make()) for _ in range(2))
    other.set_weights(one.get_weights())
    for model in (one, other):
        model._core.seed = 1  # dropout
    for _ in range(3):
        one.train_on_batch(x, y)
        other.apply_gradients(other.gradients(x, y, training=True))
    for w, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_interrupted_run_goes_on_to_the_same_bits(rng, tmp_path, make):
    data = samples(rng)
    model = deep_model(make())
    model.fit(*data, batch_size=8, epochs=2, verbose=0)
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    again.save(tmp_path / "n.safetensors")
    assert (tmp_path / "n.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == 8
    for one in (model.to("cpu"), again):
        one.fit(*data, batch_size=8, epochs=2, verbose=0)
    np.testing.assert_equal(again.get_weights(), model.get_weights())
    np.testing.assert_equal(again._core.get_slots(), model._core.get_slots())


def test_files_hold_the_means_by_name(rng, tmp_path):
    from safetensors.numpy import load_file

    model = linear_model(Adam(0.1))
    model.save(tmp_path / "m.safetensors")
    assert len(load_file(tmp_path / "m.safetensors")) == 2  # no step, no means
    model.apply_gradients([np.full((3, 2), 2.0), np.zeros(2)])
    model.save(tmp_path / "m.safetensors")
    tensors = load_file(tmp_path / "m.safetensors")
    np.testing.assert_allclose(tensors["m.layers.0.kernel"], 0.2, rtol=1e-6)
    np.testing.assert_allclose(tensors["v.layers.0.kernel"], 0.004, rtol=1e-6)
    assert len(tensors) == 6
    other = linear_model(SGD())
    other.load_weights(tmp_path / "m.safetensors")
    np.testing.assert_equal(other.get_weights(), model.get_weights())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {k: v for k, v in t.items() if k[:2] != "v."}, "Missing or too many: v"),
        (lambda t: {**t, "velocity.layers.0.bias": t["layers.0.bias"]}, "Received: velocity, too"),
        (lambda t: {**t, "v.layers.0.bias": -np.ones(2, np.float32)}, "v must not be negative"),
        (lambda t: {**t, "m.layers.0.bias": np.ones(3, np.float32)}, r"m\.layers\.0\.bias with sh"),
    ],
)
def test_files_with_means_that_do_not_fit(rng, tmp_path, change, message):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "m.safetensors"
    model = linear_model(Adam(0.1))
    model.apply_gradients([np.ones((3, 2)), np.ones(2)])
    model.save(path)
    with safe_open(path, "np") as file:
        metadata = file.metadata()
    settings = json.loads(metadata["digitnet"])
    assert settings["compile"]["optimizer"]["class_name"] == "Adam"
    del settings["crc32"]
    save_file(change(load_file(path)), path, {"digitnet": json.dumps(settings)})
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_another_optimizer_starts_afresh(rng):
    gradients = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
    model = linear_model(Adam(0.1))
    model.apply_gradients(gradients)
    for other, names in ((SGD(0.1, 0.9), 1), (AdamW(0.1), 2)):
        model.compile(other, "mse")
        assert model._core.get_slots() == []
        before = model.get_weights()[0]
        model.apply_gradients(gradients)
        assert len(model._core.get_slots()) == names
        step = 0.1 * gradients[0] if names == 1 else 0.1 * (np.sign(gradients[0]) + 0.004 * before)
        np.testing.assert_allclose(model.get_weights()[0], before - step, rtol=0, atol=5e-5)


def test_settings_may_change_between_steps():
    model = linear_model(Adam(0.1))
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.apply_gradients([np.ones((3, 2)), np.ones(2)])
    np.testing.assert_equal(model.get_weights(), before)
    optimizer = model.optimizer
    optimizer.beta_1, optimizer.beta_2, optimizer.epsilon, optimizer.lr = 0.5, 0.9, 1e-3, 0.2
    optimizer.weight_decay = 0.1
    assert Adam.from_config(optimizer.get_config()).get_config() == {
        "name": "adam", "learning_rate": 0.2, "weight_decay": 0.1, "clipnorm": None,
        "clipvalue": None, "global_clipnorm": None, "beta_1": 0.5, "beta_2": 0.9,
        "epsilon": 1e-3, "amsgrad": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("optimizer", "missing"),
    [
        (SGD(0.1, 0.9, True, 0.1), ""),
        (SGD(0.1, clipvalue=1), "clipped gradients"),
        (SGD(0.1, global_clipnorm=1), "clipped gradients"),
        (SGD(DECAY), "learning-rate schedules"),
        (AdamW(0.1), "Adam"),
    ],
    ids=str,
)
def test_what_a_gpu_cannot_do_is_known_without_one(optimizer, missing):
    assert optimizer.core_optimizer(3).missing_on_cuda == missing


def test_names():
    assert type(optimizers.get("adam")) is Adam
    assert type(optimizers.get("adamw")) is type(optimizers.get(AdamW)) is AdamW
    assert optimizers.get("Adam").get_config() == Adam().get_config()
    for item in (Adam(0.1), AdamW(0.1, 0.2), SGD(0.1, clipnorm=3)):
        again = optimizers.get(optimizers.serialize(item))
        assert (type(again), again.get_config()) == (type(item), item.get_config())
    with pytest.raises(TypeError, match="Optimizer is a base class"):
        optimizers.Optimizer()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Adam(beta_1=1), ValueError, "beta_1 must be a number >= 0 and < 1"),
        (lambda: Adam(beta_2=-0.1), ValueError, "beta_2 must be"),
        (lambda: Adam(epsilon=0), ValueError, "epsilon must be a number >= 1e-37"),
        (lambda: Adam(epsilon=None), TypeError, "epsilon must be a number"),
        (lambda: Adam(amsgrad=True), ValueError, r"amsgrad must be False.*Received: True"),
        (lambda: Adam(amsgrad=1), TypeError, "amsgrad must be True or False"),
        (lambda: AdamW(weight_decay=None), TypeError, "weight_decay must be a number >= 0"),
        (lambda: setattr(AdamW(), "weight_decay", None), TypeError, "weight_decay must be"),
        (lambda: Adam(clipnorm=0), ValueError, "clipnorm must be a number > 0"),
        (lambda: SGD(clipvalue=-1), ValueError, "clipvalue must be a number > 0"),
        (lambda: SGD(global_clipnorm="a"), TypeError, "global_clipnorm must be a number > 0"),
        (lambda: Adam(clipnorm=1, clipvalue=2), ValueError, r"only one of .*'clipvalue': 2"),
        (lambda: setattr(Adam(), "iterations", -1), ValueError, "iterations must be an integer"),
        (lambda: setattr(Adam(), "iterations", 1.5), TypeError, "iterations must be an integer"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_diverged_training_crashes_nothing(rng, make):
    model = linear_model(make())
    model.optimizer.weight_decay = 1e38
    x = rng.standard_normal((8, 3))
    model.fit(x, x[:, :2], epochs=30, batch_size=4, verbose=0)
    assert not all(np.isfinite(w).all() for w in model.get_weights())
    model.set_weights([np.ones((3, 2)), np.ones(2)])
    model.optimizer.weight_decay = 0.0
    model.compile(SGD(0.01), "mse")
    model.fit(x, x[:, :2], verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())
