"""Skipping zeros changes no bit: the kernels, and whole runs on sparse and on dense data.

`sparse_multiply` leaves the zeros of its left side out and adds the rest in the order of
`multiply`; adding 0 * b changes nothing. So whether a fit reads its samples as non-zeros (few of
them) or densely (many) must not show in the result, to the last bit.
"""

import numpy as np
import pytest

from digitnet import Sequential, _core
from digitnet.layers import Dense, Dropout, Input, Rescaling
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed
from kernel_checks import SIZES, TABLES, float32

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def with_zeros(rng, shape, density):
    values = float32(rng.normal(size=shape))
    values[rng.random(shape) >= density] = 0
    return values


def check_sparse(table, a, b, bias):
    want = table.multiply(float32(a), b, bias)
    assert table.sparse_multiply(a, b, bias).tobytes() == want.tobytes()


@each_table
@pytest.mark.parametrize("density", [0.0, 0.02, 0.2, 0.9, 1.0])
@pytest.mark.parametrize("depth", SIZES)
def test_sparse_multiply_has_the_bits_of_multiply(table, depth, density, rng):
    for rows, cols in ((1, 1), (3, 10), (9, 33), (18, 65), (4, 128)):
        a = with_zeros(rng, (rows, depth), density)
        b, bias = float32(rng.normal(size=(depth, cols)), rng.normal(size=cols))
        check_sparse(table, a, b, bias)
        check_sparse(table, a, b, None)


@each_table
@pytest.mark.parametrize("density", [0.0, 0.02, 0.2, 1.0])
def test_descent_is_the_product_and_a_step_of_sgd(table, density, rng):
    step = _core.Sgd(0.3)
    for rows, depth, cols in ((1, 1, 1), (9, 40, 33), (96, 32, 65), (18, 100, 128)):
        a = with_zeros(rng, (rows, depth), density)
        b, w = float32(rng.normal(size=(depth, cols)), rng.normal(size=(rows, cols)))
        want, _ = table.sgd(step, 0.0, w, table.sparse_multiply(a, b), None)
        assert table.sparse_multiply(a, b, w=w, rate=0.3).tobytes() == want.tobytes()


@each_table
def test_descent_leaves_rows_without_entries_alone(table, rng):
    a = np.zeros((7, 5), np.float32)
    a[3, 2] = 1
    w = np.full((7, 40), np.float32(-0.0))
    got = table.sparse_multiply(a, float32(rng.normal(size=(5, 40))), w=w, rate=1.0)
    assert (got[3] != 0).all()
    assert np.delete(got, 3, axis=0).tobytes() == np.delete(w, 3, axis=0).tobytes()


@each_table
def test_bytes_and_strides(table, rng):
    whole = rng.integers(0, 256, (20, 200), dtype=np.uint8)
    whole[rng.random(whole.shape) < 0.8] = 0
    b, bias = float32(rng.normal(size=(67, 40)), rng.normal(size=40))
    for a in (whole[:, :67], whole[::2, 1:135:2], whole[:, ::-3], whole[::-1, 133:]):
        check_sparse(table, a, b, bias)
        check_sparse(table, float32(a)[:, ::1], b, bias)


def trained(x, y, *, threads, optimizer):
    """Return everything that a run on x can show, as bytes."""
    _core.set_num_threads(threads)
    set_random_seed(3)
    model = Sequential(
        [Input((97,)), Rescaling(0.5), Dense(130, "gelu"), Dropout(0.2), Dense(7, "softmax")]
    )
    model.compile(SGD(**optimizer), loss="sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=33, epochs=2, verbose=0).history
    output = model.predict(x)
    results = [*model.get_weights(), *model.gradients(x, y), output]
    values = [*history["loss"], model.evaluate(x, y, verbose=0)]
    return b"".join(array.tobytes() for array in results), values


@pytest.mark.parametrize(
    "optimizer",
    [{"learning_rate": 0.1}, {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}],
    ids=["plain", "nesterov"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_number_of_threads_does_not_show(threads_as_before, dtype, optimizer, rng):
    x = rng.integers(0, 256, (150, 97)).astype(dtype)
    x[rng.random(x.shape) < 0.8] = 0
    y = rng.integers(0, 7, 150)
    samples = x / np.float32(255) if dtype is np.float32 else x
    one = trained(samples, y, threads=1, optimizer=optimizer)
    for threads in (2, 3, 5):
        assert trained(samples, y, threads=threads, optimizer=optimizer) == one


def test_predictions_do_not_depend_on_the_company_of_a_row(rng):
    """A call whose samples are mostly dense reads the sparse ones densely too: same bits."""
    set_random_seed(1)
    model = Sequential([Input((97,)), Dense(65, "tanh"), Dense(3)])
    sparse, dense = with_zeros(rng, (8, 97), 0.1), with_zeros(rng, (300, 97), 1.0)
    alone = model.predict(sparse)
    together = model.predict(np.concatenate([dense, sparse]))
    assert together[300:].tobytes() == alone.tobytes()
    assert model.predict(sparse[:1]).tobytes() == alone[:1].tobytes()


def test_training_does_not_depend_on_the_way_either(rng):
    """Gradients of sparse rows, alone and in a batch with dense rows of weight 0."""
    set_random_seed(2)
    sparse, dense = with_zeros(rng, (8, 97), 0.1), with_zeros(rng, (300, 97), 1.0)
    model = Sequential([Input((97,)), Dense(65, "relu"), Dense(3)])
    model.compile("sgd", loss="mse")
    y = float32(rng.normal(size=(308, 3)))
    weight = np.repeat([0.0, 308 / 8], [300, 8])
    want = model.gradients(sparse, y[300:])
    got = model.gradients(np.concatenate([dense, sparse]), y, weight)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-7)


def first_path(model):
    return next(iter(model.engine_report()["layers"].values()))["path"]


@pytest.mark.parametrize("units", [33, 130])
def test_a_step_does_not_depend_on_the_way_to_the_last_bit(units, rng):
    """Plain SGD on sparse rows, and on the same in a fit that rows of weight 0 make dense."""
    sparse, dense = with_zeros(rng, (33, 97), 0.1), with_zeros(rng, (330, 97), 1.0)
    y = rng.integers(0, 3, 363)
    weights = np.repeat([1.0, 0.0], [33, 330])
    results = []
    for x in (sparse, np.concatenate([sparse, dense])):
        set_random_seed(2)
        layers = [Input((97,)), Dense(units, "relu"), Dense(3, "softmax")]
        model = Sequential(layers, device="cpu")
        model.compile(SGD(0.1), loss="sparse_categorical_crossentropy")
        model.fit(x, y[: len(x)], 33, sample_weight=weights[: len(x)], shuffle=False, verbose=0)
        results.append((first_path(model), [w.tobytes() for w in model.get_weights()]))
    assert [way for way, _ in results] == ["sparse", "dense"]
    assert results[0][1] == results[1][1]
