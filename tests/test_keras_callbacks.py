"""Callbacks that decide by the logs decide as those of Keras, for the same logs."""

import importlib.util
import math
import os
import warnings

import numpy as np
import pytest

from digitnet import callbacks
from digitnet.models import Sequential
from training_cases import BATCH, data_of, model_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

BACKENDS = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]


@pytest.fixture(scope="module")
def keras():
    """Return Keras on the first backend that is installed, or on the one KERAS_BACKEND names."""
    if BACKENDS:
        os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
    return pytest.importorskip("keras")


class Optimizer:
    """The one thing of an optimizer that a callback reads and writes."""

    def __init__(self):
        self.learning_rate = 0.5


class Model:
    """What both libraries' callbacks ask of a model; its weights tell the epoch."""

    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = [np.float32(-1)]
        self.metrics = []
        self.saved = []

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)

    def _metric_direction(self, name):
        return "min"

    def save(self, path, overwrite=True):
        self.saved.append(os.path.basename(path).split(".")[0])


def run(callback, values, name="val_loss"):
    """Drive a callback through epochs with these logs; return what can be seen of it."""
    model, seen = Model(), []
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        model.weights = [np.float32(epoch)]
        logs = {"loss": 1.0} if value is None else {"loss": 1.0, name: value}
        callback.on_epoch_end(epoch, logs)
        seen.append((model.optimizer.learning_rate, logs.get("learning_rate")))
        if model.stop_training:
            break
    callback.on_train_end({})
    return len(seen), [float(w) for w in model.weights], seen, model.saved


def curves():
    rng = np.random.default_rng(8)
    yield [1.0]
    yield [1.0, 1.0, 1.0, 1.0, 1.0]
    yield [3.0, 2.0, None, 2.5, 2.6, 2.7, 1.0]
    for _ in range(12):
        yield list(np.cumsum(rng.normal(-0.02, 0.1, 30)) + 2)


@pytest.mark.parametrize("settings", [
    {}, {"patience": 1}, {"patience": 3}, {"patience": 2, "min_delta": 0.05},
    {"patience": 2, "min_delta": -0.05, "mode": "min"}, {"patience": 4, "mode": "max"},
    {"patience": 3, "baseline": 1.9}, {"patience": 2, "start_from_epoch": 4},
    {"patience": 0, "start_from_epoch": 40},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("restore", [False, True])
def test_early_stopping(keras, settings, restore):
    for values in curves():
        ours = callbacks.EarlyStopping(restore_best_weights=restore, **settings)
        theirs = keras.callbacks.EarlyStopping(restore_best_weights=restore, **settings)
        assert run(ours, values) == run(theirs, values)
        for name in ("wait", "stopped_epoch", "best_epoch", "best"):
            assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("settings", [
    {"patience": 2}, {"patience": 0}, {"patience": 1, "factor": 0.5, "cooldown": 3},
    {"patience": 1, "factor": 0.2, "min_lr": 0.05, "min_delta": 0.1},
    {"patience": 3, "factor": 0.9, "mode": "max", "cooldown": 1},
], ids=str)  # fmt: skip
def test_reduce_lr_on_plateau(keras, settings):
    for values in curves():
        ours = callbacks.ReduceLROnPlateau(**settings)
        theirs = keras.callbacks.ReduceLROnPlateau(**settings)
        assert run(ours, values) == run(theirs, values)
        for name in ("wait", "cooldown_counter", "best"):
            assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("settings", [
    {}, {"save_best_only": True}, {"save_best_only": True, "mode": "max"},
    {"save_best_only": True, "initial_value_threshold": 1.95},
], ids=str)  # fmt: skip
def test_which_epochs_a_checkpoint_saves(keras, settings, tmp_path):
    for values in curves():
        ours = callbacks.ModelCheckpoint(tmp_path / "{epoch:03d}.safetensors", **settings)
        theirs = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:03d}.keras", **settings)
        assert run(ours, values) == run(theirs, values)
        assert ours.best == theirs.best


def test_csv_files(keras, tmp_path):
    logs = [{"loss": 0.5, "accuracy": 0.25}, {"loss": 0.125, "accuracy": 0.5, "val_loss": 2.0}]
    for first, second in ((logs[0], logs[1]), (logs[1], logs[0])):
        files = []
        for name, module in (("ours.csv", callbacks), ("theirs.csv", keras.callbacks)):
            for append in (False, True):  # a second training adds to the file of the first
                logger = module.CSVLogger(str(tmp_path / name), separator=";", append=append)
                logger.on_train_begin()
                logger.on_epoch_end(0, dict(first))
                logger.on_epoch_end(1, dict(second))
                logger.on_train_end()
            files.append((tmp_path / name).read_text())
        assert files[0] == files[1]


def keras_twin(keras, model):
    """Return a Keras model with the same weights that is trained the same way."""
    layers = keras.layers
    twin = keras.Sequential(
        [layers.Input((6,)), layers.Dense(9, "relu"), layers.Dense(3, "softmax")]
    )
    twin.set_weights(model.get_weights())
    twin.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return twin


@pytest.fixture
def pair(keras):
    from digitnet.layers import Dense, Input

    weights = [w.copy() for w in model_of().get_weights()]
    model = Sequential([Input((6,)), Dense(9, "relu"), Dense(3, "softmax")])
    model.set_weights(weights)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.1
    return model, keras_twin(keras, model)


HOOKS = [
    f"on_{part}_{when}"
    for part in ("train", "epoch", "train_batch", "test", "test_batch")
    for when in ("begin", "end")
]


class Trace:
    """Which hooks are called, with which numbers and names of logs."""

    def __init__(self, module):
        self.calls = []
        self.callback = module.LambdaCallback(**{name: self.noting(name) for name in HOOKS})

    def noting(self, name):
        def note(*args, logs=None):
            *numbers, last = [*args, logs] if logs is not None else [*args]
            named = sorted(last) if name.endswith("end") and isinstance(last, dict) else None
            self.calls.append((name, [n for n in numbers if n is not None], named))

        return note


@pytest.mark.parametrize("settings", [
    {"epochs": 2},
    {"epochs": 3, "initial_epoch": 1, "validation": True},
    {"epochs": 5, "steps_per_epoch": 3},
    {"epochs": 3, "steps_per_epoch": 7},
    {"epochs": 4, "validation": True, "validation_freq": 2},
    {"epochs": 4, "validation": True, "validation_freq": [1, 4], "validation_batch_size": 20},
    {"epochs": 2, "validation": True, "validation_steps": 2},
    {"epochs": 2, "source": "list"},
    {"epochs": 4, "source": "sequence", "steps_per_epoch": 3},
    {"epochs": 4, "source": "generator", "steps_per_epoch": 3},
], ids=str)  # fmt: skip
def test_fit_calls_the_same_hooks_and_ends_with_the_same_weights(keras, pair, settings):
    settings = dict(settings)
    x, y = data_of()
    batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, len(x), BATCH)]
    if settings.pop("validation", False):
        settings["validation_data"] = (x[:30], y[:30])
    source = settings.pop("source", "arrays")

    class Dataset(keras.utils.PyDataset):
        __len__ = batches.__len__

        def __getitem__(self, i):
            return batches[i]

    results = []
    for model, module in zip(pair, (callbacks, keras.callbacks), strict=True):
        if source == "arrays":
            data = {"x": x, "y": y, "batch_size": BATCH}
        elif source == "list" and module is callbacks:
            data = {"x": batches}
        elif source == "generator":
            data = {"x": (batch for _ in range(9) for batch in batches)}
        else:
            data = {"x": Dataset()}
        trace = Trace(module)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(
                **data, **settings, shuffle=False, verbose=0, callbacks=[trace.callback]
            )
        short = [w for w in caught if "ran out of data" in str(w.message)]
        results.append((trace.calls, history.history, history.epoch, bool(short)))
    (calls, history, epochs, short), (their_calls, their_history, their_epochs, theirs) = results
    assert calls == their_calls
    assert (epochs, short) == (their_epochs, theirs)
    assert sorted(history) == sorted(their_history)
    for name, values in their_history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5, err_msg=name)
    for ours, theirs in zip(pair[0].get_weights(), pair[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert all(math.isfinite(value) for value in history["loss"])
