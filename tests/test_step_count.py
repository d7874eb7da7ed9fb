"""The optimizer's count of steps: the core's own, so that no interruption loses a step."""

import numpy as np
import pytest

from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import Adam

X, Y = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)


def model_of(optimizer):
    model = Sequential([Input((4,)), Dense(1)], device="cpu")
    model.compile(optimizer, "mean_squared_error")
    return model


def test_a_count_that_was_interrupted_is_right_all_the_same(monkeypatch):
    optimizer = Adam()
    model = model_of(optimizer)

    def interrupted():
        raise KeyboardInterrupt

    model.train_on_batch(X, Y)
    monkeypatch.setattr(optimizer, "rest", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=2, verbose=0)
    assert optimizer.iterations == model._core.iterations == 5
    monkeypatch.undo()
    model.fit(X, Y, batch_size=2, verbose=0)
    assert optimizer.iterations == model._core.iterations == 9


def test_it_goes_with_the_optimizer_to_another_model(monkeypatch):
    optimizer = Adam()
    first, second = model_of(optimizer), model_of(optimizer)
    monkeypatch.setattr(optimizer, "rest", lambda: None)  # as if Ctrl-C had come before
    first.train_on_batch(X, Y)
    monkeypatch.undo()
    second.train_on_batch(X, Y)
    assert optimizer.iterations == 2
    first.compile("sgd", "mean_squared_error")  # its steps count no more
    first.train_on_batch(X, Y)
    assert optimizer.iterations == 2
    optimizer.iterations = 7
    second.train_on_batch(X, Y)
    assert optimizer.iterations == 8
