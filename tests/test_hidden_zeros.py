"""Skipping the zeros between the layers changes no bit, and what it skips would have added none.

Where ReLU and dropout leave enough zeros, products are taken over the non-zeros alone, in blocks
of 64 (nonzero_lists.hpp), forward, backward and for the kernel's gradient. Held against it: the
same products with all zeros, which run where there are too few zeros or too few samples.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from digitnet import Sequential
from digitnet.config import set_num_threads
from digitnet.layers import Dense, Dropout, Input
from digitnet.optimizers import SGD
from digitnet.regularizers import L2
from digitnet.utils import set_random_seed
from kernel_checks import TABLES, float32

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@each_table
@pytest.mark.parametrize("density", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("depth", [1, 63, 64, 65, 200])
def test_listed_multiply_has_the_bits_of_multiply(table, depth, density, rng):
    for rows, cols in ((1, 1), (3, 32), (17, 33), (40, 97), (33, 224)):
        a, b, bias = float32(
            rng.normal(size=(rows, depth)), rng.normal(size=(depth, cols)), rng.normal(size=cols)
        )
        a[rng.random(a.shape) >= density] = 0
        for start in (bias, None):
            want = table.multiply(a, b, start)
            assert table.listed_multiply(a, b, start).tobytes() == want.tobytes()


def network(units, dropout=0.0):
    hidden = []
    for n in units:
        hidden += [Dense(n, activation="relu")] + ([Dropout(dropout)] if dropout else [])
    model = Sequential([Input((150,)), *hidden, Dense(10, activation="softmax")], device="cpu")
    model.compile(SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    return model


def data(rng, count=300):
    return float32(rng.uniform(0.1, 1, (count, 150))), rng.integers(0, 10, count)


def with_silent_units(weights, rng):
    """Return weights of a net with as many units again in each hidden layer, which never fire.

    They stand between the others at random places; what reads them has weights of any size.
    Second value: the places of the others, by layer.
    """
    wide, places = [], [np.arange(weights[0].shape[0])]
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        last = len(wide) + 2 == len(weights)
        count = kernel.shape[1] if last else 2 * kernel.shape[1]
        own = np.arange(count) if last else np.sort(rng.permutation(count)[: count // 2])
        rows = wide[-1].shape[0] if wide else kernel.shape[0]
        big = float32(rng.uniform(-1, 1, (rows, count)))
        big[np.ix_(places[-1], own)] = kernel
        silent = np.full(count, np.float32(-1e6))
        silent[own] = bias
        wide += [big, silent]
        places.append(own)
    return wide, places


def test_units_that_never_fire_change_no_gradient(rng):
    """Half of the values are zero with them, none without: one net skips, the other does not."""
    narrow, wide = network((128, 160, 128)), network((256, 320, 256))
    weights = narrow.get_weights()
    for kernel, bias in zip(weights[:-2:2], weights[1:-1:2], strict=True):
        kernel *= 0.01
        bias += 100  # all fire
    narrow.set_weights(weights)
    silent, places = with_silent_units(weights, rng)
    wide.set_weights(silent)
    x, y = data(rng)
    assert wide.predict(x).tobytes() == narrow.predict(x).tobytes()
    want, got = narrow.gradients(x, y), wide.gradients(x, y)
    for i, (kernel, bias) in enumerate(zip(got[::2], got[1::2], strict=True)):
        own = kernel[np.ix_(places[i], places[i + 1])]
        assert np.array_equal(own, want[2 * i])
        assert np.array_equal(bias[places[i + 1]], want[2 * i + 1])
        if i < 3:
            assert not np.delete(kernel, places[i + 1], axis=1).any()


@pytest.mark.parametrize("count", [32, 97, 300])
def test_predictions_are_those_of_one_sample_at_a_time(count, rng):
    model = network((224, 131, 96))
    x, _ = data(rng, count)
    one_by_one = np.concatenate([model.predict(x[i : i + 1]) for i in range(count)])
    assert model.predict(x).tobytes() == one_by_one.tobytes()


@pytest.mark.parametrize("batch_size", [31, 64, 300])
def test_a_fit_with_dropout_has_the_same_bits_for_any_number_of_threads(
    batch_size, rng, threads_as_before
):
    x, y = data(rng, 600)
    results = []
    for threads in (1, 2, 3):
        set_num_threads(threads)
        set_random_seed(3)
        model = network((200, 131, 130), dropout=0.5)
        model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0)
        results.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("units", [17, 52, 116, 120])
def test_what_lies_behind_the_last_unit_counts_in_no_norm(
    units, activation, rng, threads_as_before
):
    """Kernels are stored with columns up to the next multiple of 32, which must stay zeros."""
    x, y = data(rng, 200)
    found = []
    for threads in (1, 2, 3):
        set_num_threads(threads)
        set_random_seed(1)
        hidden = [Dense(n, activation, kernel_regularizer=L2(0.01)) for n in (300, units)]
        model = Sequential([Input((150,)), *hidden, Dense(10, "softmax")], device="cpu")
        model.compile(SGD(0.1, global_clipnorm=0.5), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=50, epochs=2, verbose=0)
        weights = model.get_weights()
        penalty = sum(0.01 * float((w.astype(np.float64) ** 2).sum()) for w in weights[:4:2])
        picked = np.take_along_axis(model.predict(x), y[:, None], axis=1)
        loss = model.evaluate(x, y, verbose=0)
        assert loss == pytest.approx(penalty - float(np.log(picked).mean()), rel=1e-5)
        found.append((loss, b"".join(w.tobytes() for w in weights)))
    assert found[0] == found[1] == found[2]


TRAINING = """
import hashlib, numpy as np
from test_hidden_zeros import data, network
from digitnet.utils import set_random_seed

x, y = data(np.random.default_rng(5), 600)
set_random_seed(3)
model = network((200, 131, 130), dropout=0.4)
model.fit(x, y, batch_size=150, epochs=3, verbose=0)
print(model.engine_report()["hidden_skip_below"])
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""


def test_a_fit_that_always_skips_has_the_bits_of_one_that_never_does():
    found = {}
    for below in ("0", "1"):
        environment = os.environ | {"DIGITNET_SKIP_HIDDEN_BELOW": below}
        done = subprocess.run(
            [sys.executable, "-c", TRAINING],
            cwd=os.path.dirname(__file__), env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        share, found[below] = done.stdout.split()
        assert float(share) == float(below)
    assert found["0"] == found["1"]
