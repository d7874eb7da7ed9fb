"""Adam's state, schedules and constraints in files of Keras, as far as that is seen without it."""

import io

import numpy as np
import pytest

from digitnet.constraints import MaxNorm
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam, AdamW
from digitnet.optimizers.schedules import CosineDecay, ExponentialDecay, PiecewiseConstantDecay
from keras_files import ADAM, WEIGHTS, changed, config_of, member, packed

DENSE = ("config", "layers", 2, "config")
OPTIMIZER = ("compile_config", "optimizer")


@pytest.fixture
def load(tmp_path):
    """Load a model from bytes in a file called model.keras."""

    def from_bytes(data):
        (tmp_path / "model.keras").write_bytes(data)
        return load_model(tmp_path / "model.keras")

    return from_bytes


def test_what_keras_kept_is_there(load):
    model = load(ADAM)
    keras_said = [[0.7669944, 0.13982749, 0.093178], [0.9192419, 0.04993546, 0.03082262]]
    x = np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 10
    np.testing.assert_allclose(model.predict(x), keras_said, rtol=0, atol=1e-6)
    assert type(model.optimizer) is AdamW
    assert model.optimizer.get_config() == AdamW(
        CosineDecay(0.1, 8, alpha=0.25), clipnorm=0.5, name="adam_w"
    ).get_config()  # fmt: skip
    assert model.optimizer.iterations == 2
    assert model.optimizer.learning_rate == pytest.approx(0.08901651203632355, rel=1e-7)
    assert model.layers[1].kernel_constraint.get_config() == {"max_value": 1.125, "axis": 0}
    assert model.layers[2].kernel_constraint is None
    m, v = model._core.get_slots()
    np.testing.assert_allclose(m[3], [-0.0563966, 0.01530793, 0.04108867], rtol=1e-6)
    np.testing.assert_allclose(v[3], [1.9413089e-04, 1.3151852e-05, 1.1588244e-04], rtol=1e-6)
    model.fit(np.ones((4, 2, 3)), np.zeros(4, int), batch_size=2, verbose=0)
    keras_came_to = [0.3199145, -0.34469074, -0.30063954]
    np.testing.assert_allclose(model.get_weights()[3], keras_came_to, rtol=0, atol=1e-6)
    assert np.linalg.norm(model.get_weights()[0], axis=0).max() == pytest.approx(1.125, abs=1e-6)


OPTIMIZERS = {
    "adam": lambda: Adam(0.01, 0.8, 0.95, 1e-3, weight_decay=0.1, clipvalue=0.5),
    "adamw": lambda: AdamW(ExponentialDecay(0.1, 4, 0.5), 0.02, global_clipnorm=0.5),
    "momentum": lambda: SGD(PiecewiseConstantDecay([2, 5], [0.3, 0.2, 0.1]), 0.9, clipnorm=0.5),
    "sgd": lambda: SGD(CosineDecay(0.0, 9, 0.1, warmup_target=0.2, warmup_steps=3)),
}


def trained(make, rng, epochs=2):
    """Return a model after eight steps, and the samples."""
    x, y = rng.standard_normal((32, 6)), rng.integers(3, size=32)
    model = Sequential(
        [Input((6,)), Dense(4, "tanh", kernel_constraint=MaxNorm(0.75)), Dense(3, "softmax")]
    )
    model.compile(make(), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=8, epochs=epochs, verbose=0)
    return model, x, y


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("epochs", [0, 2])
def test_what_is_saved_comes_back(tmp_path, rng, make, epochs):
    pytest.importorskip("h5py")
    model, x, y = trained(make, rng, epochs)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    again.save(tmp_path / "n.keras")
    assert (tmp_path / "m.keras").read_bytes() == (tmp_path / "n.keras").read_bytes()
    assert again.get_config() == model.get_config()
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.optimizer.iterations == model.optimizer.iterations == 4 * epochs
    for one in (model, again):
        one.fit(x, y, shuffle=False, epochs=3, verbose=0)
    np.testing.assert_equal(again.get_weights(), model.get_weights())
    np.testing.assert_equal(again._core.get_slots(), model._core.get_slots())


# --- damaged


def state_changed(change):
    """Return ADAM's HDF5 file in which `change` has had the variables of its optimizer."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO(member(ADAM, WEIGHTS))
    with h5py.File(buffer, "r+") as file:
        change(file["optimizer/vars"])
    return buffer.getvalue()


def replaced(name, value):
    """Return a change that puts another array into the place of a variable."""

    def change(group):
        del group[name]
        group[name] = value

    return change


# 0: steps; 1, 2: m and v of the first kernel; 3, 4: of its bias; 5 to 8: of the second layer
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.pop("8"), "vars must hold all that its optimizer keeps, 9 .*: 8"),
        (lambda g: [g.pop(str(i)) for i in range(1, 9)], "keeps, 9 for this model. Received: 1$"),
        (lambda g: g.create_dataset("9", data=np.ones(3, "f4")), "keeps, 9 for.* Received: 10"),
        (lambda g: g.move("8", "08"), "must hold an array optimizer/vars/8, and does not"),
        (lambda g: g.move("0", "9"), "must hold an array optimizer/vars/0, and does not"),
        (replaced("0", np.int64(-1)), "vars/0 must be the number of steps taken"),
        (replaced("0", np.float32(2)), "vars/0 must be the number of steps taken"),
        (replaced("0", np.ones(2, "i8")), "vars/0 must be the number of steps taken"),
        (replaced("1", np.ones((5, 6), "f4")), r"vars/1 with shape \(6, 5\).*shape \(5, 6\)"),
        (replaced("2", np.ones((6, 5), "i4")), "vars/2 must hold finite float32 numbers only"),
        (replaced("3", np.full(5, np.nan, "f4")), "vars/3 must hold finite float32 numbers only"),
        (replaced("4", np.full(5, -1, "f4")), "v must not be negative, got -1"),
        (replaced("7", np.ones(4, "f4")), r"vars/7 with shape \(3,\).*shape \(4,\)"),
    ],
)
def test_damaged_variables_of_an_optimizer(load, change, message):
    data = packed(config_of(ADAM), state_changed(change))
    with pytest.raises(ValueError, match=rf"model\.keras is damaged, or .*{message}") as error:
        load(data)
    assert "\n" not in str(error.value)


def test_a_state_without_steps_is_none(load):
    """As Keras may write it before the first step, or not at all."""

    def untrained(group):
        for name in list(group):
            del group[name]
        group["0"] = np.int64(0)

    for change in (untrained, lambda group: group.clear()):
        model = load(packed(config_of(ADAM), state_changed(change)))
        assert model.optimizer.iterations == 0
        assert model._core.get_slots() == []


@pytest.mark.parametrize(
    ("momentum", "count"),
    [(0.0, 1), (0.9, 5)],  # with a schedule: the steps, and a velocity for each weight
)
def test_the_state_of_another_optimizer(load, momentum, count):
    config = changed((*OPTIMIZER, "class_name"), "SGD", config_of(ADAM))
    settings = config["compile_config"]["optimizer"]["config"]
    for key in ("beta_1", "beta_2", "epsilon", "amsgrad"):
        del settings[key]
    settings["momentum"] = momentum
    config["compile_config"]["optimizer"]["registered_name"] = "SGD"
    with pytest.raises(ValueError, match=f"{count} for this model. Received: 9"):
        load(packed(config, member(ADAM, WEIGHTS)))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("amsgrad",), True, "optimizer: amsgrad must be False"),
        (("beta_1",), 1.0, "beta_1 must be a number >= 0 and < 1"),
        (("beta_2",), "x", "beta_2 must be a number"),
        (("epsilon",), 0.0, "epsilon must be a number >= 1e-37"),
        (("weight_decay",), None, "weight_decay must be a number"),
        (("clipvalue",), 1.0, "only one of clipnorm, clipvalue, global_clipnorm may be given"),
        (("learning_rate", "class_name"), "Mine", "learning_rate must be one of Exponential.*Mine"),
        (("learning_rate", "module"), "os", "one of Keras' own classes"),
        (("learning_rate", "config", "alpha"), 2.0, "alpha must be a number .* <= 1"),
        (("learning_rate", "config", "t_mul"), 2.0, "learning_rate: t_mul must be None"),
        (("learning_rate", "config"), None, "learning_rate must have a config"),
    ],
)
def test_settings_that_digitnet_has_not(load, path, value, message):
    config = changed((*OPTIMIZER, "config", *path), value, config_of(ADAM))
    with pytest.warns(UserWarning, match=f"without its compile settings: .*{message}"):
        model = load(packed(config, member(ADAM, WEIGHTS)))
    assert model.optimizer is None
    np.testing.assert_equal(model.get_weights(), load(ADAM).get_weights())


def constraint(class_name="MaxNorm", module="keras.constraints", **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kernel_constraint", constraint("UnitNorm", axis=0), "must be MaxNorm.*'UnitNorm'"),
        ("kernel_constraint", constraint(max_value=2.0, axis=1), "axis must be at most 0.*: 1"),
        ("kernel_constraint", constraint(max_value=2.0, axis=None), "axis must be an integer"),
        ("kernel_constraint", constraint(max_value=-2.0), "max_value must be a number >= 0"),
        ("kernel_constraint", constraint(max_value="2"), "max_value must be a number"),
        ("kernel_constraint", constraint(rate=1.0), "kernel_constraint: rate must be None"),
        ("kernel_constraint", constraint(module="os"), "one of Keras' own classes"),
        ("kernel_constraint", "max_norm", "kernel_constraint must be an object of Keras"),
        ("bias_constraint", constraint(max_value=2.0), "bias_constraint must be None"),
    ],
)
def test_constraints_that_digitnet_has_not(load, key, value, message):
    config = changed((*DENSE, key), value, config_of(ADAM))
    with pytest.raises(ValueError, match=rf"model\.keras is .*layer 'dense': .*{message}"):
        load(packed(config, member(ADAM, WEIGHTS)))
