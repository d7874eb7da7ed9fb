"""What a signal handler may do with a model that is at work: read it, but not change it."""

import signal
import time

import numpy as np
import pytest

from digitnet import config
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of Unix")
LIMIT = 300  # seconds until SIGALRM's default action ends a test that hangs
METHODS = {
    "fit": lambda model, x, y: model.fit(x, y, batch_size=10, verbose=0),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "predict": lambda model, x, y: model.predict(x),
}


class DoneError(Exception):
    """Ends the work from within a handler."""


@pytest.fixture
def work(rng):
    """Return a model and data that keep it busy for longer than a moment on any machine."""
    threads = config.num_threads()
    config.set_num_threads(1)
    hidden = [Dense(1000, "relu"), Dense(1000, "relu")]
    model = Sequential([Input((200,)), *hidden, Dense(10, "softmax")])
    model.compile(SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    yield model, rng.random((30000, 200), np.float32), rng.integers(10, size=30000)
    config.set_num_threads(threads)


@pytest.fixture
def soon():
    """Return a function that lets a handler run once, a moment from now."""

    def arm(handler):
        def once(number, frame):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, LIMIT)
            handler()

        signal.signal(signal.SIGALRM, once)
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.getsignal(signal.SIGALRM)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("method", METHODS)
def test_a_handler_may_read_and_save_the_model(work, soon, tmp_path, method):
    model, x, y = work
    path = tmp_path / "m.safetensors"
    seen = []

    def handler():
        model.save(path)
        seen.append(model.get_weights())
        seen.append(model.predict(x[:10]))
        seen.append(model.evaluate(x[:10], y[:10], verbose=0))
        raise DoneError

    soon(handler)
    with pytest.raises(DoneError):
        METHODS[method](model, x, y)
    again = load_model(path)
    np.testing.assert_equal(again.get_weights(), seen[0])
    np.testing.assert_array_equal(again.predict(x[:10]), seen[1])
    assert again.evaluate(x[:10], y[:10], verbose=0) == seen[2]
    model.fit(x[:100], y[:100], verbose=0)


def test_the_training_goes_on_as_if_nobody_had_read(work, soon):
    model, x, y = work
    twin = Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    twin.compile(SGD(0.01), "sparse_categorical_crossentropy")
    calls = []
    soon(lambda: calls.append(model.predict(x[:500])))
    for one in (model, twin):
        one.fit(x[:2000], y[:2000], batch_size=10, shuffle=False, verbose=0)
    assert len(calls) == 1
    np.testing.assert_equal(model.get_weights(), twin.get_weights())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("change", ["set_weights", "train_on_batch", "apply_gradients", "fit"])
def test_a_handler_may_not_change_the_model(work, soon, method, change):
    model, x, y = work
    weights = model.get_weights()
    changes = {
        "set_weights": lambda: model.set_weights(weights),
        "train_on_batch": lambda: model.train_on_batch(x[:10], y[:10]),
        "apply_gradients": lambda: model.apply_gradients(weights),
        "fit": lambda: model.fit(x[:10], y[:10], verbose=0),
    }

    def work_until_refused():
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:  # again, if the signal came between two calls
            soon(changes[change])
            METHODS[method](model, x, y)

    with pytest.raises(RuntimeError, match="the model is at work in this very thread; change it"):
        work_until_refused()
    model.set_weights(weights)
    model.fit(x[:100], y[:100], verbose=0)
