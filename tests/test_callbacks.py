"""Callbacks, the history, the progress line, and what is left after an interruption."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from digitnet import callbacks
from digitnet.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.optimizers.schedules import ExponentialDecay


@pytest.fixture
def model():
    result = Sequential([Input((3,)), Dense(2)])
    result.compile(SGD(0.1), "mse", metrics=["mae"])
    return result


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 3)), rng.standard_normal((20, 2))


class Recorder(Callback):
    """Notes every call."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("train begin")

    def on_train_end(self, logs=None):
        self.calls.append(("train end", sorted(logs)))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("end", epoch, sorted(logs)))


# --- callbacks


def test_callbacks_are_called_in_order(model, data):
    recorder = Recorder()
    model.fit(*data, batch_size=8, epochs=2, verbose=0, callbacks=[recorder])
    keys = ["loss", "mae"]
    assert recorder.calls == [
        "train begin",
        ("begin", 0),
        ("end", 0, keys),
        ("begin", 1),
        ("end", 1, keys),
        ("train end", keys),
    ]
    assert recorder.model is model
    assert recorder.params == {"epochs": 2, "steps": 3, "samples": 20, "verbose": 0}


@pytest.mark.parametrize(
    "schedule", [lambda epoch, rate: rate / 2, lambda epoch: 0.1 * 0.5 ** (epoch + 1)]
)
def test_learning_rate_scheduler(model, data, schedule):
    history = model.fit(*data, epochs=3, verbose=0, callbacks=[LearningRateScheduler(schedule)])
    assert history.history["learning_rate"] == pytest.approx([0.05, 0.025, 0.0125])
    assert model.optimizer.learning_rate == pytest.approx(0.0125)


def test_lambda_callback_and_stop_training(model, data):
    def stop(epoch, logs):
        model.stop_training = epoch == 1

    history = model.fit(*data, epochs=9, verbose=0, callbacks=[LambdaCallback(on_epoch_end=stop)])
    assert history.epoch == [0, 1]
    assert model.fit(*data, epochs=3, verbose=0).epoch == [0, 1, 2]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: [Sequential()], TypeError, "callbacks must hold digitnet.callbacks.Callback"),
        (lambda: [LambdaCallback(on_epoch_end=3)], TypeError, "on_epoch_end must be callable"),
        (lambda: [LearningRateScheduler(0.1)], TypeError, "schedule must be callable"),
        (lambda: [LearningRateScheduler(lambda e: "fast")], TypeError, "learning rate must be a"),
        (lambda: [LearningRateScheduler(lambda e: -1)], ValueError, "learning rate must be a num"),
        (lambda: [LambdaCallback(on_epoch_ends=print)], ValueError,
         r"name of a hook must be one of .* Received: 'on_epoch_ends' \(did you mean 'on_epoch_en"),
    ],
)  # fmt: skip
def test_bad_callbacks(model, data, make, error, message):
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(*data, verbose=0, callbacks=make())
    np.testing.assert_equal(model.get_weights(), before)


def test_a_lone_callback_is_a_list_of_one(model, data):
    recorder = Recorder()
    model.fit(*data, verbose=0, callbacks=recorder)
    assert len(recorder.calls) == 4
    given = History()
    returned = model.fit(*data, verbose=0, callbacks=given)
    assert given.history == returned.history


def test_lists_in_lists_are_one_list(model, data):
    """A list overrides every hook: `fit` took it for one that waits for every batch."""
    order = []

    def noting(number, runs_last=False):
        callback = LambdaCallback(on_epoch_end=lambda epoch, logs: order.append(number))
        callback.runs_last = runs_last
        return callback

    inner = CallbackList([noting(3, runs_last=True), noting(0)])
    nested = CallbackList([CallbackList([inner, noting(1)]), noting(2)])
    assert not nested.waits_for_train_batches
    for given in (nested, [nested]):
        order.clear()
        model.fit(*data, verbose=0, callbacks=given)
        assert order == [0, 1, 2, 3]


def test_a_list_that_does_more_stays_in_one_piece(model, data):
    class Loud(CallbackList):
        def on_epoch_end(self, epoch, logs=None):
            calls.append("loud")
            super().on_epoch_end(epoch, logs)

    calls = []
    inner = LambdaCallback(on_epoch_end=lambda epoch, logs: calls.append("inner"))
    model.fit(*data, verbose=0, callbacks=[Loud([inner])])
    assert calls == ["loud", "inner"]


def test_no_epochs_no_history(model, data):
    recorder = Recorder()
    before = model.get_weights()
    assert model.fit(*data, epochs=0, verbose=0, callbacks=[recorder]).history == {}
    assert recorder.calls == ["train begin", ("train end", [])]
    np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("add", lambda model: model.add(Dense(2))),
        ("pop", lambda model: model.pop()),
        ("compile", lambda model: model.compile("sgd", "mae")),
    ],
)
def test_a_callback_may_not_change_what_is_trained(model, data, name, change):
    stop = LambdaCallback(on_epoch_end=lambda epoch, logs: change(model))
    with pytest.raises(
        RuntimeError, match=f"{name} needs a model at rest; 'sequential' is fitting"
    ):
        model.fit(*data, verbose=0, callbacks=[stop])
    assert (len(model.layers), model.metrics_names) == (1, ["loss", "mae"])
    nested = LambdaCallback(on_epoch_end=lambda epoch, logs: model.fit(*data, verbose=0))
    model.fit(*data, verbose=0, callbacks=[nested])
    change(model)


def test_every_callback_is_there_and_loaded_when_asked_for():
    code = (
        "import sys, digitnet; from digitnet import callbacks as c; "
        "assert not any('early' in name for name in sys.modules); "
        "assert set(c.__all__) <= set(dir(c)); "
        "print(*[getattr(c, name).__name__ for name in c.__all__ if name != 'Logs'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == [name for name in callbacks.__all__ if name != "Logs"]
    with pytest.raises(AttributeError, match="has no attribute 'Early'"):
        _ = callbacks.Early


# --- interruption


def test_an_interrupt_between_epochs_keeps_the_finished_ones(model, data):
    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, epochs=5, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=interrupt)])
    assert isinstance(model.history, History)
    assert model.history.epoch == [0, 1]
    assert len(model.history.history["loss"]) == 2
    assert model.optimizer.iterations == 2


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_within_an_epoch_keeps_the_steps_done(rng):
    x, y = rng.standard_normal((20000, 200)).astype(np.float32), rng.integers(10, size=20000)
    model = Sequential([Input((200,)), Dense(500, "relu"), Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()[0]
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=10, epochs=1000, verbose=0)
    assert time.monotonic() - start < 10
    assert model.optimizer.iterations > 0
    assert not np.array_equal(model.get_weights()[0], before)
    assert np.isfinite(model.get_weights()[0]).all()
    model.fit(x[:100], y[:100], verbose=0)


def test_a_schedule_and_a_callback_that_lowers_the_rate_do_not_go_together(rng):
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(SGD(ExponentialDecay(0.1, 10, 0.9)), "mse")
    before = model.get_weights()
    x, y = rng.random((4, 2)), rng.random((4, 1))
    with pytest.raises(TypeError, match=r"ReduceLROnPlateau would .* where a schedule says it"):
        model.fit(x, y, verbose=0, callbacks=[ReduceLROnPlateau("loss")])
    np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.parametrize("typo", ["val_acuracy", "val_acc", "acuracy"])
def test_a_typo_in_monitor_gets_a_hint(typo, rng):
    model = Sequential([Input((2,)), Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    expected = ("val_" if typo.startswith("val_") else "") + "accuracy"
    with pytest.raises(ValueError, match=rf"\(did you mean monitor='{expected}'\?\)"):
        model.fit(rng.random((4, 2)), [0, 1, 0, 1], callbacks=[EarlyStopping(typo)], verbose=0)
