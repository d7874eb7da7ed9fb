"""An epoch that is stopped has done whole steps, and says how many."""

import numpy as np
import pytest

from digitnet import _core, config

LOSS = _core.Loss("sparse_categorical_crossentropy")
BATCH = 8


class Stop(Exception):
    """What the progress callback raises."""


def model_of(seed):
    rng = np.random.default_rng(seed)
    layers = [_core.Layer("dense", units=300, activation="relu"), _core.Layer("dense", units=10)]
    layers.append(_core.Layer("activation", activation="softmax"))
    model = _core.Model(100, layers, "cpu", 1)
    sizes = [(100, 300), (300,), (300, 10), (10,)]
    model.set_weights([rng.normal(0, 0.1, size).astype(np.float32) for size in sizes])
    return model


def train(model, x, y, progress=None):
    metrics = ["sparse_categorical_accuracy"]
    return model.train_epoch(x, y, None, BATCH, False, LOSS, metrics, _core.Sgd(0.01), progress)


@pytest.mark.parametrize("zeros", [0.0, 0.8])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_stopped_epoch_is_the_first_steps_of_a_whole_one(threads_as_before, threads, zeros):
    rng = np.random.default_rng(0)
    x = rng.integers(1, 4, (200_000, 100), dtype=np.uint8)
    x[rng.random(x.shape) < zeros] = 0
    y = rng.integers(0, 10, len(x)).astype(np.int32)

    begun = 0

    def stop(done, loss, metrics):
        assert done == BATCH * (model.iterations - begun)
        raise Stop

    config.set_num_threads(threads)
    model = model_of(3)
    stopped = False
    while not stopped:  # the clock asks every 50 ms: on a fast machine in a later epoch
        begun = model.iterations
        try:
            train(model, x, y, stop)
        except Stop:
            stopped = True
    done = model.iterations
    assert done > begun
    config.set_num_threads(1)
    twin = model_of(3)
    for _ in range(begun * BATCH // len(x)):
        train(twin, x, y)
    train(twin, x[: BATCH * (done - begun)], y[: BATCH * (done - begun)])
    assert twin.iterations == done
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
