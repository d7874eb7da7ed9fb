"""Predictions beside each other, beside training, within it and after a fork."""

import signal
import subprocess
import sys
import sysconfig
import threading

import numpy as np
import pytest

from digitnet import _core, config
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

LIMIT = 60  # seconds until a test that hangs is given up


def network():
    model = Sequential([Input((100,)), Dense(33, "relu"), Dense(3, "softmax")])
    model.compile(SGD(0.01), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def model():
    return network()


@pytest.fixture
def data(rng):
    return rng.random((300, 100), np.float32), rng.integers(3, size=300)


def run_all(*functions):
    """Run every function in a thread of its own; raise what one of them raised."""
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    for failure in failures:
        raise failure


def test_predictions_see_whole_steps_only(model, data):
    """While one thread swaps the weights, every output is that of one of the two states."""
    x, y = data
    states = [model.get_weights(), [-w for w in model.get_weights()]]
    few, many = x[:1], x
    expected = {}
    for i, weights in enumerate(states):
        model.set_weights(weights)
        expected[i] = (model.predict(few).tobytes(), model.predict(many).tobytes())
    done = threading.Event()

    def write():
        for i in range(300):
            model.set_weights(states[i % 2])
            model.evaluate(x, y, verbose=0)
        done.set()

    def read(rows, which):
        allowed = {expected[0][which], expected[1][which]}
        while not done.is_set():
            assert model.predict(rows).tobytes() in allowed

    run_all(write, *[lambda: read(few, 0)] * 3, lambda: read(many, 1))


def test_predictions_beside_training(model, data):
    x, y = data
    twin, done = Sequential.from_config(model.get_config()), threading.Event()
    twin.set_weights(model.get_weights())
    twin.compile(SGD(0.01), "sparse_categorical_crossentropy")

    def train():
        for _ in range(20):
            model.fit(x, y, batch_size=50, shuffle=False, verbose=0)
        done.set()

    def read():
        while not done.is_set():
            assert np.isfinite(model.predict(x[:1])).all()

    run_all(train, read, read, read)
    for _ in range(20):
        twin.fit(x, y, batch_size=50, shuffle=False, verbose=0)
    np.testing.assert_equal(model.get_weights(), twin.get_weights())


def test_who_waits_for_a_writer_does_not_keep_the_gil(model, data):
    """The writer's callback needs it."""
    x, y = np.tile(data[0], (300, 1)), np.tile(data[1], 300).astype(np.int32)
    inside, go_on, seen = threading.Event(), threading.Event(), []

    def callback(*_):
        if inside.is_set():
            return
        seen.append(model.predict(x[:1]))  # the writer's own thread may read
        inside.set()
        assert go_on.wait(LIMIT)

    def train():
        loss, sgd = _core.Loss("sparse_categorical_crossentropy"), _core.Sgd(0.01)
        while not inside.is_set():  # again, where an epoch is over before the first callback
            model._core.train_epoch(x, y, None, 1, False, loss, [], sgd, callback)

    def read():
        assert inside.wait(LIMIT)
        threading.Timer(0.05, go_on.set).start()
        seen.append(model.predict(x[:1]))
        assert go_on.is_set()

    run_all(train, read)
    assert [output.shape for output in seen] == [(1, 3), (1, 3)]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of Unix")
def test_within_its_own_training_a_thread_sees_the_last_step(model, data):
    x, y = np.tile(data[0], (300, 1)), np.tile(data[1], 300)
    outputs = []

    def handler(*_):
        fresh = network()
        fresh.set_weights(model.get_weights())
        outputs.append((model.predict(x[:1]), fresh.predict(x[:1])))

    before = signal.signal(signal.SIGALRM, handler)
    threads = config.num_threads()
    config.set_num_threads(1)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        for _ in range(50):
            model.fit(x, y, batch_size=1, verbose=0)
            if outputs:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        config.set_num_threads(threads)
    (inside, fresh), *_ = outputs
    np.testing.assert_array_equal(inside, fresh)


FORK = """
import os, threading, warnings
import numpy as np
from digitnet.layers import Dense, Input
from digitnet.models import Sequential

warnings.simplefilter("ignore")
model = Sequential([Input((100,)), Dense(50, "relu"), Dense(10)])
x = np.random.default_rng(0).random((2000, 100), np.float32)
one, many = model.predict(x[:1]), model.predict(x)
going = True

def read(rows):
    while going:
        model.predict(rows)

threads = [threading.Thread(target=read, args=(rows,)) for rows in (x[:1], x[:1], x)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        same = (model.predict(x[:1]) == one).all() and (model.predict(x) == many).all()
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
going = False
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="fork is Unix's")
def test_a_forked_child_predicts():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=LIMIT)


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL in any case"
)
def test_importing_digitnet_does_not_bring_the_gil_back():
    program = (
        "import sys, digitnet; digitnet.models, digitnet._core; assert not sys._is_gil_enabled()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=LIMIT)
