"""The optimizer's count of steps: the core's own, so that no interruption loses a step."""

import copy
import pickle

import numpy as np
import pytest

from digitnet.callbacks import LambdaCallback
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

    def interrupted(core):
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
    monkeypatch.setattr(optimizer, "rest", lambda core: None)  # as if Ctrl-C had come before
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


def in_the_middle(optimizer, hook):
    """Fit a model, and call `hook` once while the core works; return the number of its steps."""
    model = Sequential([Input((200,)), Dense(500), Dense(1)], device="cpu")
    model.compile(optimizer, "mean_squared_error")
    calls = []

    def told(samples, logs):
        calls.append(samples)
        if len(calls) == 1:
            hook(model)
        else:  # it went on after the hook
            model.stop_training = True

    x, y = np.ones((20_000, 200), np.float32), np.ones((20_000, 1), np.float32)
    model.fit(x, y, batch_size=1, verbose=0, callbacks=LambdaCallback(on_train_progress=told))
    assert 0 < calls[0] < model._core.iterations
    return model._core.iterations


@pytest.mark.parametrize("interrupted", [False, True])
def test_fits_within_fits_count_for_the_optimizer_they_share(monkeypatch, interrupted):
    optimizer, seen = Adam(), []
    inner, third = model_of(optimizer), model_of(optimizer)

    def fit_others(model):
        before = optimizer.iterations
        assert before == model._core.iterations
        inner.fit(X, Y, batch_size=2, epochs=2, verbose=0)
        third.train_on_batch(X, Y)
        third.compile("sgd", "mean_squared_error")  # the outer model's steps count on
        seen.append(optimizer.iterations - before)

    if interrupted:  # as if Ctrl-C had come before each end, and been caught
        monkeypatch.setattr(optimizer, "rest", lambda core: None)
    steps = in_the_middle(optimizer, fit_others)
    assert seen == [9]
    assert optimizer.iterations == steps + 9
    monkeypatch.undo()
    inner.train_on_batch(X, Y)
    assert optimizer.iterations == steps + 10


def test_a_number_set_in_a_fit_is_counted_on_from():
    optimizer, before = Adam(), []

    def set_it(model):
        before.append(model._core.iterations)
        optimizer.iterations = 7

    steps = in_the_middle(optimizer, set_it)
    assert optimizer.iterations == 7 + steps - before[0]


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_the_optimizer_is_copied_in_a_fit(how):
    optimizer, copies = Adam(), []
    steps = in_the_middle(
        optimizer, lambda model: copies.append((how(optimizer), model._core.iterations))
    )
    [(again, copied)] = copies
    assert again.iterations == copied < optimizer.iterations == steps
    model_of(again).train_on_batch(X, Y)
    assert again.iterations == copied + 1
    assert again.get_config() == optimizer.get_config()
