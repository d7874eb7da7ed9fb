"""The same seed gives the same bits for any number of threads."""

import numpy as np
import pytest

from digitnet import config
from digitnet.constraints import MaxNorm
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD, Adam, AdamW
from digitnet.optimizers.schedules import CosineDecay
from digitnet.utils import set_random_seed

OPTIMIZERS = {
    "SGD": lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "clipped values": lambda: SGD(0.5, clipvalue=0.01),
    "clipped norms": lambda: SGD(0.5, momentum=0.5, clipnorm=0.05),
    "Adam": lambda: Adam(CosineDecay(0.01, 30)),
    "clipped global norm": lambda: AdamW(0.01, global_clipnorm=0.1),
}


def run(threads, x, y, units, optimizer="SGD", limit=None):
    """Train an awkward network and return everything that comes of it, as bytes and numbers."""
    config.set_num_threads(threads)
    set_random_seed(5)
    model = Sequential(
        [
            Input((17,)),
            Dense(units, "relu", kernel_regularizer="l2", kernel_constraint=limit),
            Dropout(0.3),
            Dense(129, "tanh"),
            Dropout(0.2),
            Dense(9, "softmax", kernel_regularizer="l2", kernel_constraint=limit),
        ]
    )
    model.compile(
        OPTIMIZERS[optimizer](),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(x, y, batch_size=37, epochs=3, verbose=0, validation_split=0.25)
    model.train_on_batch(x[:37], y[:37])
    assert model.engine_report()["threads"] == threads  # or the test compares nothing
    return (
        [weights.tobytes() for weights in model.get_weights()],
        history.history,
        model.evaluate(x, y, verbose=0),
        model.predict(x).tobytes(),
        [gradient.tobytes() for gradient in model.gradients(x, y, training=True)],
    )


# 160 units are five panels, which teams of 2, 3 and 5 can share out; 40 are two: only some can.
@pytest.mark.parametrize("units", [40, 160])
@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_any_number_of_threads(rng, threads_as_before, zeros, units):
    x = rng.standard_normal((501, 17)).astype(np.float32)
    x[rng.random(x.shape) < zeros] = 0
    y = rng.integers(9, size=501)
    expected = run(1, x, y, units)
    for threads in (2, 3, 5):
        assert run(threads, x, y, units) == expected


@pytest.mark.parametrize("zeros", [0.0, 0.8])
@pytest.mark.parametrize("limit", [None, MaxNorm(0.8)], ids=["free", "limited"])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS)[1:])
def test_any_number_of_threads_with_any_optimizer(rng, threads_as_before, optimizer, limit, zeros):
    x = rng.standard_normal((501, 17)).astype(np.float32)
    x[rng.random(x.shape) < zeros] = 0
    y = rng.integers(9, size=501)
    expected = run(1, x, y, 160, optimizer, limit)
    for threads in (2, 3):
        assert run(threads, x, y, 160, optimizer, limit) == expected


def test_bad_numbers_of_threads():
    before = config.num_threads()
    for wrong, error in ((0, ValueError), (1025, ValueError), (2.0, TypeError), (True, TypeError)):
        with pytest.raises(error, match="count must be"):
            config.set_num_threads(wrong)
    assert config.num_threads() == before
