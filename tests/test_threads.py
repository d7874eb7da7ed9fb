"""Many threads, many models: the same results, no idle work, no more threads than processors."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from digitnet import config
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

LIMIT = 120  # seconds until a test that hangs is given up
READERS = 8


def network(seed=0):
    set_random_seed(seed)
    model = Sequential([Input((100,)), Dense(160, "relu"), Dropout(0.2), Dense(3, "softmax")])
    model.compile(SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def data(rng):
    return rng.random((600, 100), np.float32), rng.integers(3, size=600)


def at_once(*functions):
    """Call each function in a thread of its own, all at the same time; return their results."""
    start = Barrier(len(functions))

    def call(function):
        start.wait(LIMIT)
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [done.result(LIMIT) for done in [pool.submit(call, f) for f in functions]]


@pytest.mark.parametrize("zeros", [0.0, 0.9])
@pytest.mark.parametrize("threads", [2, 4])
def test_predictions_side_by_side_are_the_same(threads_as_before, data, threads, zeros):
    """One row goes a way of its own, 600 rows ask for the team, which only one thread gets."""
    config.set_num_threads(threads)
    model, x = network(), data[0].copy()
    x[:, : int(100 * zeros)] = 0
    parts = [x, x[:1], x[:1], x[:20]]
    expected = [model.predict(part).tobytes() for part in parts]

    def read():
        return [[model.predict(part).tobytes() for part in parts] for _ in range(10)]

    for results in at_once(*[read] * READERS):
        assert results == [expected] * 10


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_two_models_train_in_two_threads(threads_as_before, data, threads):
    """Dropout and shuffling, too, are each model's own: as if the other were not there."""
    config.set_num_threads(threads)

    def train(model):
        model.fit(*data, batch_size=50, epochs=4, verbose=0)
        return [w.tobytes() for w in model.get_weights()]

    expected = [train(network(seed)) for seed in (1, 2)]
    assert expected[0] != expected[1]
    for _ in range(3):
        first, second = network(1), network(2)
        assert at_once(lambda m=first: train(m), lambda m=second: train(m)) == expected


def test_everything_on_one_model_at_once(threads_as_before, data):
    """Whole steps only, and no call that waits for one that waits for it."""
    config.set_num_threads(4)
    x, y = data
    model = network()
    weights = model.get_weights()

    def several(call):
        return lambda: [call() for _ in range(10)]

    results = at_once(
        several(lambda: model.fit(x, y, batch_size=50, verbose=0)),
        several(lambda: model.train_on_batch(x[:50], y[:50])),
        several(lambda: model.apply_gradients(model.gradients(x, y))),
        several(lambda: model.set_weights(weights)),
        several(lambda: model.evaluate(x, y, verbose=0)),
        several(lambda: model.predict(x)),
        several(lambda: config.set_num_threads(config.num_threads())),
        several(lambda: model.engine_report()["threads"]),
    )
    assert model._core.iterations == 10 * (12 + 1 + 1)
    assert np.isfinite(results[5]).all()


def test_sleeping_threads_use_no_processor(threads_as_before, data):
    config.set_num_threads(4)
    model = network()
    model.fit(*data, batch_size=50, verbose=0)
    assert model.engine_report()["threads"] == 4
    time.sleep(0.2)  # the team spins for a moment, then sleeps
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before <= 0.010


def threads_of_a_process(**environment):
    rest = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    program = "import digitnet; print(digitnet.config.num_threads())"
    command = [sys.executable, "-c", program]
    return int(subprocess.check_output(command, env=rest | environment, timeout=LIMIT))


def test_the_share_that_openmp_is_given_is_ours():
    every = threads_of_a_process()
    assert threads_of_a_process(OMP_NUM_THREADS="1") == 1
    assert threads_of_a_process(OMP_NUM_THREADS="1,4") == 1
    assert threads_of_a_process(OMP_NUM_THREADS="1", DIGITNET_NUM_THREADS="3") == 3
    for other in ("", "many", "0", "-2", "99999999999999999999"):
        assert threads_of_a_process(OMP_NUM_THREADS=other) == every


def fit_in_a_worker():
    x = np.random.default_rng(0).random((600, 100), np.float32)
    model = network()
    model.fit(x, np.arange(600) % 3, batch_size=100, verbose=0)
    return os.getpid(), model.engine_report()["threads"]


def test_workers_of_joblib_share_the_processors(monkeypatch):
    joblib = pytest.importorskip("joblib", reason="joblib comes with scikit-learn")
    monkeypatch.delenv("DIGITNET_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    fit_in_a_worker()  # the team of this process is asleep, and in its workers' way
    with joblib.parallel_config("loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(fit_in_a_worker)() for _ in range(4))
    share = max(joblib.cpu_count() // 2, 1)
    assert [threads for _, threads in found] == [share] * 4
    assert os.getpid() not in {pid for pid, _ in found}
