"""Callbacks, the history, the progress line, and what is left after an interruption."""

import io
import os
import signal
import threading
import time

import numpy as np
import pytest

from digitnet._model.progress import ProgressLine
from digitnet.callbacks import Callback, History, LambdaCallback, LearningRateScheduler
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD


@pytest.fixture
def model():
    result = Sequential([Input((3,)), Dense(2)])
    result.compile(SGD(0.1), "mse", ["mae"])
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
        (lambda: [type("Batch", (Callback,), {"on_train_batch_end": print})()], ValueError,
         "callbacks must not define on_train_batch_end"),
    ],
)  # fmt: skip
def test_bad_callbacks(model, data, make, error, message):
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(*data, verbose=0, callbacks=make())
    np.testing.assert_equal(model.get_weights(), before)


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


# --- the progress line


class Terminal(io.StringIO):
    """A stream that says it is a terminal of the usual 80 columns."""

    def isatty(self):
        return True


def test_one_line_for_every_epoch(model, data, capsys):
    x, y = data
    model.fit(x[:15], y[:15], epochs=2, validation_data=(x[15:], y[15:]))
    header, first, line, second, *_ = capsys.readouterr().out.split("\n")
    assert header == "Train on 15 samples, validate on 5 samples"
    assert (first, second) == ("Epoch 1/2", "Epoch 2/2")
    assert line.startswith(f"15/15 [{'=' * 30}] - 0s - loss: ")
    parts = [part.split(":")[0] for part in line.split(" - ")]
    assert parts[2:] == ["loss", "mae", "val_loss", "val_mae"]


def test_verbosity(model, data, capsys):
    model.fit(*data, verbose=0)
    model.evaluate(*data, verbose=0)
    model.predict(data[0])
    assert capsys.readouterr().out == ""
    model.fit(*data, verbose=2)
    assert "20/20 - 0s - loss: " in capsys.readouterr().out
    model.evaluate(*data)
    model.predict(data[0], verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith(f"20/20 [{'=' * 30}] - 0s") for line in lines] == [True, True]


def test_a_terminal_s_line_is_rewritten_in_place():
    stream = Terminal()
    line = ProgressLine(60000, ["accuracy"], 1, stream)
    assert line.callback is not None
    line.update(6000, 2.0, [0.125])
    line.update(30000, 1.5, [0.25])
    line.finish({"loss": 1.0, "accuracy": 0.5, "val_loss": 0.00025})
    first, second, last = stream.getvalue().split("\r")[1:]
    assert first.startswith(f" 6000/60000 [==>{'.' * 27}] - ETA: ")
    assert second.startswith(f"30000/60000 [{'=' * 14}>{'.' * 15}] - ETA: ")
    assert max(len(first), len(second)) < 80
    done = f"60000/60000 [{'=' * 30}] - 0s - loss: 1.0000 - accuracy: 0.5000 - val_loss: 2.5000e-04"
    assert last == done + "\n"


def test_elsewhere_nothing_is_written_before_the_end():
    line = ProgressLine(10, [], 1, io.StringIO())
    assert line.callback is None


def test_an_error_ends_the_terminal_s_line():
    stream = Terminal()
    line = ProgressLine(10, [], 1, stream)
    line.update(5, 1.0, [])
    line.__exit__(KeyboardInterrupt)
    assert stream.getvalue().endswith("\n")
