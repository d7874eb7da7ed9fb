"""A child that is forked from a process at work: it goes on with what is whole, and never hangs."""

import multiprocessing
import os
import signal
import sys
import threading
import warnings

import numpy as np
import pytest

from digitnet import _core, config
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the system's libraries do not bear a bare fork"
)
LIMIT = 300  # seconds until SIGALRM's default action ends a child that hangs
LOSS = _core.Loss("sparse_categorical_crossentropy")


def network():
    hidden = [Dense(1000, "relu"), Dense(1000, "relu")]
    model = Sequential([Input((100,)), *hidden, Dense(3, "softmax")])
    model.compile(SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def model(threads_as_before):
    config.set_num_threads(2)
    return network()


@pytest.fixture
def data(rng):
    x = rng.random((300, 100), np.float32)
    return np.tile(x, (300, 1)), np.tile(rng.integers(3, size=300, dtype=np.int32), 300)


def fork():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of what is tested here
        return os.fork()


def end_child(pipe, function):
    """In a child: write what the function returns or raises, and end."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LIMIT)
    try:
        text = str(function())
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    os.write(pipe, text.encode())
    os._exit(0)


def in_child(function):
    """Return what the function returns or raises in a forked child, as text."""
    ours, theirs = os.pipe()
    child = fork()
    if child == 0:
        end_child(theirs, function)
    return answer_of(child, ours, theirs)


def answer_of(child, ours, theirs):
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "the child was ended: it hung, or crashed"
    return text


class Inside:
    """While it lives, another thread is in the middle of a call on a model's core."""

    def __init__(self, call):
        self._arrived, self._leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(call,))

    def _run(self, call):
        while not self._arrived.is_set():  # again, where it was over before it could be seen
            call(self._progress)

    def _progress(self, *_):
        self._arrived.set()
        assert self._leave.wait(LIMIT)

    def __enter__(self):
        self._thread.start()
        assert self._arrived.wait(LIMIT)

    def __exit__(self, *_):
        self._leave.set()
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()


def training(model, data):
    sgd = _core.Sgd(0.01)
    return lambda progress: model._core.train_epoch(*data, None, 300, True, LOSS, [], sgd, progress)


def evaluating(model, data):
    return lambda progress: model._core.evaluate(*data, None, LOSS, [], progress)


def trained(model, data):
    """Train a little and return a digest of the weights."""
    x, y = data
    model.fit(x[:3000], y[:3000], batch_size=100, shuffle=False, verbose=0)
    return str([float(np.abs(w).sum(dtype=np.float64)) for w in model.get_weights()])


def twin_of(model):
    twin = network()
    twin.set_weights(model.get_weights())
    return twin


def test_while_another_thread_reads_the_child_may_do_everything(model, data):
    expected = trained(twin_of(model), data)
    with Inside(evaluating(model, data)):
        assert in_child(lambda: trained(model, data)) == expected
    assert trained(model, data) == expected  # and the parent, whose lock is as it was


CALLS = {
    "predict": lambda model, x, y: model.predict(x[:1]),
    "get_weights": lambda model, x, y: model.get_weights(),
    "set_weights": lambda model, x, y: model.set_weights(network().get_weights()),
    "fit": lambda model, x, y: model.fit(x[:300], y[:300], verbose=0),
}


def test_while_another_thread_writes_the_child_leaves_the_model_alone(model, data):
    fresh = network()
    expected = trained(twin_of(fresh), data)
    with Inside(training(model, data)):
        for call in CALLS.values():
            said = in_child(lambda call=call: call(model, *data))
            assert said.startswith("RuntimeError: another thread was changing the model when")
            assert said.endswith("build or load a new one, or fork while nobody changes it")
        assert in_child(lambda: trained(fresh, data)) == expected  # another model, whole
        grandchild = in_child(lambda: in_child(lambda: model.predict(data[0][:1])))
        assert grandchild.startswith("RuntimeError: another thread was changing the model when")
    model.predict(data[0][:1])
    assert trained(fresh, data) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_from_a_callback_does_not_wait_for_the_team(model, data, threads):
    """It comes back into the middle of a step, whose other threads are not there."""
    config.set_num_threads(threads)
    answers = []
    for work in (training(model, data), evaluating(model, data)):
        ours, theirs = os.pipe()
        children = []

        def callback(*_, children=children):
            if not children:
                children.append(fork())
                signal.alarm(0 if children[0] else LIMIT)

        try:
            while not children:
                work(callback)
            said = "nothing"
        except RuntimeError as error:
            said = str(error)
        if children == [0]:
            end_child(theirs, lambda said=said: (said, trained(network(), data) != ""))
        answers.append(answer_of(children[0], ours, theirs))
        assert said == "nothing"  # in the parent
    for answer in answers:
        assert "this process was forked from the middle of this call" in answer
        assert answer.endswith("True)")


def test_processes_of_multiprocessing_fork(model, data):
    """The usual way: a model that was used, and a pool that is forked after."""
    trained(model, data)
    expected = model.predict(data[0][:600]).tobytes()
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with context.Pool(2, initializer=signal.alarm, initargs=(LIMIT,)) as pool:
            found = pool.map(model.predict, [data[0][:600]] * 4)
    assert [y.tobytes() for y in found] == [expected] * 4
