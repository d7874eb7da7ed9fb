"""TerminateOnNaN, and the hook it stands on: a look at the training about every 50 ms."""

import numpy as np
import pytest

from digitnet.callbacks import Callback, LambdaCallback, TerminateOnNaN
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from training_cases import BATCH, data_of, model_of


def diverging():
    model = Sequential([Input((6,)), Dense(9), Dense(3)])
    model.compile(SGD(1e4), "mse")
    return model


@pytest.mark.parametrize("hooks", [False, True])
def test_terminate_on_nan(hooks, capsys, rng):
    x, y = rng.random((2000, 6)), rng.random((2000, 3))
    callbacks = [TerminateOnNaN()]
    if hooks:
        callbacks.append(LambdaCallback(on_train_batch_end=lambda batch, logs: None))
    model = diverging()
    history = model.fit(x, y, batch_size=2, epochs=50, verbose=0, callbacks=callbacks)
    assert history.epoch == [0]
    out = capsys.readouterr().out
    assert out.count("The training has diverged: the loss is ") == 1
    if hooks:  # after the very batch, as in Keras
        assert model.optimizer.iterations < 100


def test_a_long_epoch_is_cut_short_where_the_loss_is_not_finite(rng, capsys):
    x, y = rng.random((400_000, 50), np.float32), rng.random((400_000, 1), np.float32)
    model = Sequential([Input((50,)), Dense(200), Dense(1)])
    model.compile(SGD(1e4), "mse")
    history = model.fit(x, y, batch_size=4, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert model.optimizer.iterations < 100_000  # an epoch
    assert model._core.epochs == 1
    assert "samples of an epoch" in capsys.readouterr().out


def test_terminate_on_nan_can_raise():
    ends = []
    callbacks = [LambdaCallback(on_train_end=ends.append), TerminateOnNaN(raise_error=True)]
    x = np.ones((8, 6))
    with pytest.raises(RuntimeError, match="The training has diverged: the loss is"):
        diverging().fit(x, np.ones((8, 3)), epochs=99, verbose=0, callbacks=callbacks)
    assert not ends
    x, y = data_of()
    fine = [TerminateOnNaN(raise_error=True)]
    model_of().fit(x, y, batch_size=BATCH, verbose=0, callbacks=fine)


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_end", "on_epoch_end"])
def test_it_looks_also_where_another_callback_has_stopped_the_training(hook, capsys):
    def stop(number, logs):  # after the second batch: plain loops may sum the first in float64
        if hook != "on_train_batch_end" or number == 1:
            model.stop_training = True

    def fit(terminate):
        callbacks = [LambdaCallback(**{hook: stop}), terminate]
        model.fit(np.ones((8, 6)), y, batch_size=2, epochs=9, verbose=0, callbacks=callbacks)

    model, y = diverging(), np.full((8, 3), np.float32(3e38))  # so that the first loss is infinite
    with pytest.raises(RuntimeError, match="The training has diverged: the loss is"):
        fit(TerminateOnNaN(raise_error=True))
    model = diverging()
    fit(TerminateOnNaN())
    assert capsys.readouterr().out.count("The training has diverged: the loss is ") == 1


def test_progress_between_the_batches_may_end_the_training(rng):
    seen = []

    class Watch(Callback):
        def on_train_progress(self, samples, logs):
            seen.append((samples, sorted(logs)))
            self.model.stop_training = len(seen) == 2

    x, y = rng.random((100_000, 100), np.float32), rng.integers(10, size=100_000)
    model = Sequential([Input((100,)), Dense(300, "relu"), Dense(10, "softmax")])
    model.compile(SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=10, epochs=9, verbose=0, callbacks=[Watch()])
    assert len(seen) == 2
    assert 0 < seen[0][0] < seen[1][0] < 100_000
    assert seen[0][1] == ["accuracy", "loss"]
    assert (history.epoch, model.optimizer.iterations * 10) == ([0], seen[1][0])
