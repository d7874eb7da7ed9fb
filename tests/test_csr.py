"""CSR matrices of scipy.sparse as samples: the bits of the same array, without one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitnet import Sequential, config
from digitnet.layers import Activation, Dense, Dropout, Input, Rescaling
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

sparse = pytest.importorskip("scipy.sparse")

SAMPLES, FEATURES, CLASSES = 130, 83, 5


pytestmark = pytest.mark.usefixtures("threads_as_before")


def array(rng, dtype, density=0.2):
    """Return samples with some rows of zeros, of any real dtype."""
    x = rng.integers(1, 256, (SAMPLES, FEATURES))
    x[rng.random(x.shape) >= density] = 0
    x[[0, 17, SAMPLES - 1]] = 0
    return (x / 255).astype(dtype) if np.dtype(dtype).kind == "f" else x.astype(dtype)


def with_index(matrix, index):
    """Return the matrix on the same data with index arrays of another type."""
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    return matrix


NETWORKS = {
    "dense": lambda: [],
    "rescaling": lambda: [Rescaling(1 / 3)],
    "offset": lambda: [Rescaling(1 / 3, offset=-0.2)],
    "negative": lambda: [Rescaling(-0.5, offset=-0.0)],
    "activation": lambda: [Activation("sigmoid")],
    "dropout": lambda: [Dropout(0.2)],
}


def results(x, y, first="dense", threads=2):
    """Return everything that comes of a run on x."""
    config.set_num_threads(threads)
    set_random_seed(7)
    layers = [*NETWORKS[first](), Dense(37, "tanh"), Dense(CLASSES, "softmax")]
    model = Sequential([Input((FEATURES,)), *layers])
    model.compile(SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = {"validation_data": (x, y), "sample_weight": np.linspace(0.5, 2, len(y))}
    numbers = [
        model.fit(x, y, 32, 2, 0, **data).history,
        model.fit(x, y, 200, 1, 0, validation_split=0.3, shuffle=False).history,
        model.train_on_batch(x, y),
        model.evaluate(x, y, verbose=0),
        model.test_on_batch(x, y),
        model.predict_classes(x).tolist(),
    ]
    arrays = [*model.get_weights(), *model.gradients(x, y, training=True), model.predict(x)]
    return numbers, [a.tobytes() for a in arrays]


@pytest.fixture
def y(rng):
    return rng.integers(0, CLASSES, SAMPLES)


@pytest.mark.parametrize("first", NETWORKS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_bits_of_the_array(rng, y, dtype, first):
    x = array(rng, dtype)
    expected = results(x, y, first)
    for threads in (1, 2, 3):
        assert results(sparse.csr_array(x), y, first, threads) == expected


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool, np.int16, np.uint64])
def test_dtypes(rng, y, dtype, index):
    x = array(rng, dtype)
    expected = results(x, y)
    for kind in (sparse.csr_array, sparse.csr_matrix):
        assert results(with_index(kind(x), index), y) == expected


@pytest.mark.parametrize("density", [0.0, 0.45, 0.55, 1.0])
@pytest.mark.parametrize("first", ["rescaling", "offset"])
def test_any_density(rng, y, density, first):
    x = array(rng, np.float32, density)
    assert results(sparse.csr_array(x), y, first) == results(x, y, first)


@pytest.mark.parametrize("first", ["dense", "offset", "negative"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_stored_zeros(rng, y, first, zero):
    x = array(rng, np.float32)
    matrix = sparse.csr_array(x)
    matrix.data[::3] = zero
    stored = matrix.nnz
    assert results(matrix, y, first) == results(matrix.toarray(), y, first)
    assert matrix.nnz == stored


def copies(matrix):
    flags = {name: value for name, value in vars(matrix).items() if name.startswith("_has")}
    parts = (matrix.data, matrix.indices, matrix.indptr)
    return [*map(id, parts), *(part.tobytes() for part in parts), flags, matrix.shape]


def shuffled_within_rows(rng, matrix):
    for begin, end in zip(matrix.indptr, matrix.indptr[1:], strict=False):
        order = begin + rng.permutation(end - begin)
        matrix.data[begin:end] = matrix.data[order]
        matrix.indices[begin:end] = matrix.indices[order]


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool])
def test_columns_out_of_order_and_the_matrix_as_it_was(rng, y, dtype, lies):
    x = array(rng, dtype)
    matrix = sparse.csr_array(x)
    if lies:
        assert matrix.has_canonical_format  # and keeps saying so
    shuffled_within_rows(rng, matrix)
    before = copies(matrix)
    assert results(matrix, y) == results(x, y)
    assert copies(matrix) == before


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool])
def test_columns_given_twice_are_summed_as_scipy_does(rng, y, dtype):
    count = 4000
    data = (rng.integers(1, 200, count) / (1 if dtype is np.uint8 else 3)).astype(dtype)
    indptr = np.linspace(0, count, SAMPLES + 1).astype(np.int32)
    indices = rng.integers(0, FEATURES, count).astype(np.int32)
    matrix = sparse.csr_matrix((data, indices, indptr), shape=(SAMPLES, FEATURES))
    tidy = matrix.copy()
    tidy.sum_duplicates()
    before = copies(matrix)
    assert results(matrix, y) == results(tidy.toarray(), y)
    assert copies(matrix) == before


def test_a_sound_matrix_stays_as_it_was(rng, y):
    for dtype in (np.uint8, np.float64):
        matrix = sparse.csr_array(array(rng, dtype))
        for part in (matrix.data, matrix.indices, matrix.indptr):
            part.flags.writeable = False
        before = copies(matrix)
        results(matrix, y)
        assert copies(matrix) == before


def odd_parts(matrix):
    """Yield the same matrix with parts that scipy would not make but takes."""
    yield with_index(matrix.copy(), np.uint32)
    yield with_index(matrix.copy(), ">i4")
    mixed = matrix.copy()
    mixed.indptr = mixed.indptr.astype(np.int64)
    yield mixed
    longer = matrix.copy()  # room behind the last row, with what must not be read
    longer.data = np.append(longer.data, np.float32([np.nan] * 3))
    longer.indices = np.append(longer.indices, np.int32([-5] * 3))
    yield longer
    strided = matrix.copy()
    strided.data, strided.indices = strided.data.repeat(2)[::2], strided.indices.repeat(2)[::2]
    yield strided
    for shuffle in (False, True):
        swapped = matrix.copy()
        if shuffle:
            shuffled_within_rows(np.random.default_rng(1), swapped)
        swapped.data = swapped.data.astype(">f8")
        yield swapped


def test_odd_parts(rng, y):
    x = array(rng, np.float32)
    expected = results(x, y)
    for matrix in odd_parts(sparse.csr_array(x)):
        assert results(matrix, y) == expected


def test_an_unbuilt_model_takes_the_features_from_the_matrix(rng, y):
    x = array(rng, np.uint8)
    model = Sequential([Dense(CLASSES, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(sparse.csr_array(x), y, verbose=0, validation_data=(x, y))
    assert model.input_shape == (None, FEATURES)
    assert Sequential([Dense(3)]).predict(sparse.csr_matrix(x)).shape == (SAMPLES, 3)


# --- memory: this file, run as a program, prints the peak of a run beyond what it starts from

LIMIT_MB = 150


def status_mb(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def extra_mb_of_a_large_fit():
    """Return the peak above the matrix, whose dense form would take 1.6 GB."""
    size, per_row = 20_000, 20
    rng = np.random.default_rng(0)
    columns = rng.integers(0, size // per_row, (size, per_row)) * per_row + np.arange(per_row)
    indices = np.sort(columns, axis=1).reshape(-1).astype(np.int32)
    indptr = np.arange(0, size * per_row + 1, per_row, dtype=np.int32)
    x = sparse.csr_array((rng.random(len(indices)), indices, indptr), shape=(size, size))
    y = rng.integers(0, 3, size)
    before = status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten: see proc(5)
    for first in ([], [Rescaling(1.0, offset=0.1)]):
        model = Sequential([Input((size,)), *first, Dense(8, "relu"), Dense(3, "softmax")])
        model.compile(SGD(0.1), "sparse_categorical_crossentropy")
        if not first:
            model.fit(x, y, epochs=1, verbose=0, validation_split=0.1)
        model.evaluate(x, y, verbose=0)
        model.predict(x)
    return status_mb("VmHWM") - before


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_no_dense_copy():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < LIMIT_MB


if __name__ == "__main__":
    print(extra_mb_of_a_large_fit())
