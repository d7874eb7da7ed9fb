"""Anything at all as a setting: an object that says what it is, or one error of one line."""

import fractions
import inspect
import json

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import assume, event, given
from hypothesis import strategies as st

import random_arrays as ra
from digitnet import (
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from digitnet.models import Sequential
from digitnet.optimizers import schedules
from digitnet.utils import set_random_seed, to_categorical

HUGE = [2**31 - 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**40, 10**5000, -(10**5000)]
ARRAYS = [np.ones(3), np.ones((2, 2)), np.zeros(0), np.array(1), np.array("a"), np.array([None])]
SCALARS = [np.int64(2), np.float32(0.5), np.float64("nan"), np.bool_(True), np.str_("relu"),
           np.complex64(1), np.datetime64("2000-01-01"), np.uint8(255)]  # fmt: skip
NAMES = ["relu", "softmax", "linear", "sgd", "adam", "mse", "accuracy", "zeros", "l2", "auto",
         "cpu", "val_loss", "min", "max", "dense", "", "a\nb", "\ud800", "\x00",
         "x" * 3000]  # fmt: skip


class Bare:
    """A user's object that says nothing about itself."""


def junk():
    """Draw anything."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-3, 5), st.sampled_from(HUGE),
        st.sampled_from([0.0, 0.5, 1.0, -1.0, 1e-300, 1e39, float("nan"), float("inf"), -0.0]),
        st.sampled_from(NAMES), st.text(max_size=4), st.binary(max_size=3),
        st.sampled_from([np.asarray(a) for a in ARRAYS]), st.sampled_from(SCALARS),
        st.sampled_from([Bare(), Bare, len, print, lambda x: x, 1j, fractions.Fraction(1, 3), ...]),
        st.sampled_from([{1, 2}, frozenset(), range(3), iter([1]), memoryview(b"a")]),
        st.sampled_from([layers.Dense(2), losses.Huber(), optimizers.SGD(), initializers.Zeros(),
                         layers.Dense, losses.Huber, optimizers.Adam]),
        st.sampled_from([{"class_name": "Dense", "config": {"units": 2}}, {"class_name": "SGD"},
                         {"class_name": [], "config": {}}, {"class_name": "L2", "config": {1: 2}}]),
    )  # fmt: skip
    several = st.one_of(
        st.lists(leaves, max_size=3), st.tuples(leaves, leaves),
        st.dictionaries(st.sampled_from(["a", "units", "class_name", "config", 1]), leaves,
                        max_size=3),
    )  # fmt: skip
    return st.one_of(leaves, leaves, leaves, several)


def classes(module, base):
    """Return the public classes of a module, by "module.Name"."""
    found = {
        name: cls
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and issubclass(cls, base) and name[0] != "_"
    }
    return {f"{module.__name__.split('.')[-1]}.{name}": cls for name, cls in found.items()}


MAKERS = {
    **classes(layers, layers.Layer),
    **classes(losses, losses.Loss),
    **classes(metrics, metrics.Metric),
    **classes(optimizers, optimizers.Optimizer),
    **classes(schedules, schedules.LearningRateSchedule),
    **classes(initializers, initializers.Initializer),
    **classes(regularizers, regularizers.Regularizer),
    **classes(constraints, constraints.Constraint),
    **classes(callbacks, callbacks.Callback),
    "Sequential": Sequential,
    "layers.Input": layers.Input,
    **{f"{m.__name__.split('.')[-1]}.get": m.get for m in (losses, metrics, optimizers,
       initializers, regularizers, constraints)},
    "layers.deserialize": layers.deserialize,
    "to_categorical": to_categorical,
    "set_random_seed": set_random_seed,
    "Sequential.from_config": Sequential.from_config,
    "schedules.deserialize": schedules.deserialize,
}  # fmt: skip
NEEDED = {  # what has no default, and what is good for it
    "units": 3, "activation": "relu", "rate": 0.5, "scale": 0.5, "shape": (3,),
    "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9, "boundaries": [2],
    "values": [0.1, 0.2], "filepath": "a.safetensors", "filename": "a.csv", "backup_dir": "a",
    "schedule": lambda epoch: 0.1, "identifier": "x", "config": {}, "x": [0, 1], "seed": 1,
    "l2": 0.1, "value": 0.1,
}  # fmt: skip


ALL = sorted(MAKERS)


@st.composite
def calls(draw, names=ALL):
    """Draw something to make, with settings of which one to three are anything."""
    name = draw(st.sampled_from(names))
    known = inspect.signature(MAKERS[name]).parameters.values()
    known = [p for p in known if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    settings = {p.name: NEEDED.get(p.name) for p in known if p.default is p.empty}
    if known:
        for key in draw(st.lists(st.sampled_from([p.name for p in known]), min_size=1, max_size=3)):
            settings[key] = draw(junk())
    return name, settings


@given(calls())
def test_constructors(call):
    name, settings = call
    assume(name != "to_categorical" or not isinstance(settings.get("num_classes"), int)
           or settings["num_classes"] < 1000)  # fmt: skip
    made, error = ra.outcome(lambda: MAKERS[name](**settings))
    event(f"{name.split('.')[0]}: {'made' if error is None else 'refused'}")
    if error is not None or not hasattr(made, "get_config"):
        return
    assert "\n" not in repr(made)
    if isinstance(made, (callbacks.Callback, Sequential)):
        return
    saved = made.get_config()
    again = type(made).from_config(json.loads(json.dumps(saved, allow_nan=False)))
    assert again.get_config() == saved


DEEP = []  # deeper than Python's own repr can go, and Hypothesis, which would have to show it
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_lists_within_lists(name):
    for key in inspect.signature(MAKERS[name]).parameters:
        given = {k: v for k, v in NEEDED.items() if k in inspect.signature(MAKERS[name]).parameters}
        ra.outcome(lambda given=given, key=key: MAKERS[name](**{**given, key: DEEP}))


ONE_OF_EACH = [*classes(layers, layers.Layer), *classes(optimizers, optimizers.Optimizer)]


@given(calls(ONE_OF_EACH))
def test_what_can_be_made_can_be_trained(call):
    """Whatever its numbers, up to float32's limits: a step, or one error."""
    name, settings = call
    part, error = ra.outcome(lambda: MAKERS[name](**settings))
    if error is not None or getattr(part, "units", 1) > 100:
        return
    is_layer = isinstance(part, layers.Layer)

    def train():
        middle = [part] if is_layer else []
        model = Sequential([layers.Input((4,)), *middle, layers.Dense(2)])
        model.compile("sgd" if is_layer else part, "mse")
        model.fit(np.ones((3, 4)), np.ones((3, 2)), epochs=2, verbose=0)
        model.summary(print_fn=str)
        return model.predict(np.ones((3, 4)))

    result, error = ra.outcome(train)
    assert error is not None or result.shape == (3, 2)


X, Y = np.ones((5, 4), np.float32), np.ones((5, 2), np.float32)


@st.composite
def method_calls(draw):
    name = draw(st.sampled_from(
        ["fit", "evaluate", "predict", "predict_classes", "train_on_batch", "test_on_batch",
         "gradients", "apply_gradients", "set_weights", "compile", "build", "add", "get_layer",
         "save", "save_weights", "load_weights", "export", "to"]
    ))  # fmt: skip
    _, *known = inspect.signature(getattr(Sequential, name)).parameters.values()  # without self
    names = [p.name for p in known]
    settings = {key: value for key, value in (("x", X), ("y", Y)) if key in names}
    for key in draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)):
        settings[key] = draw(junk())
    for key in [p.name for p in known if p.default is p.empty]:
        settings.setdefault(key, draw(junk()))
    return name, settings


@pytest.fixture(scope="module")
def model():
    result = Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(2)])
    result.compile(optimizers.SGD(0.1, 0.9), "mse", metrics=["mae"])
    result.fit(X, Y, verbose=0)
    return result


def state(model):
    core = model._core
    return model.get_weights(), core.get_slots(), core.iterations, core.epochs


@pytest.fixture
def elsewhere(tmp_path_factory, monkeypatch):
    """Go to a folder where files may be written."""
    monkeypatch.chdir(tmp_path_factory.mktemp("files"))


def _is_stream(value):
    """Tell whether these are batches that nobody knows before they come, maybe after some steps."""
    return hasattr(value, "__iter__") and not isinstance(value, (np.ndarray, list, tuple))


@pytest.mark.usefixtures("elsewhere")
@given(call=method_calls())
def test_methods(model, call):
    name, settings = call
    forever = [settings.get(key) for key in ("epochs", "nb_epoch")]
    assume(not any(isinstance(n, (int, np.integer)) and n > 9 for n in forever))
    if name in ("compile", "add", "to"):
        subject = Sequential.from_config(model.get_config())
        subject.compile("sgd", "mse")
    else:
        subject = model
    before = state(subject)
    try:
        _, error = ra.outcome(lambda: getattr(subject, name)(**settings))
    except (OSError, RuntimeError) as raised:
        assert name in ("save", "save_weights", "load_weights", "export", "to")
        error = raised
    event(f"{name}: {'done' if error is None else 'refused'}")
    if error is not None:
        if not any(_is_stream(settings.get(key)) for key in ("x", "validation_data")):
            np.testing.assert_equal(state(subject), before)
        x = np.linspace(0, 1, 8, dtype=np.float32).reshape(2, 4)
        assert np.isfinite(subject.predict(x)).all()


@pytest.mark.usefixtures("threads_as_before")
@given(value=junk())
def test_threads(value):
    ra.outcome(lambda: config.set_num_threads(value))
