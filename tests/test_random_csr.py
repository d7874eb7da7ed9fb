"""CSR matrices with random parts, some of them wrong: the dense array's bits, or one error."""

import numpy as np
import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("scipy.sparse")

from hypothesis import event, given
from hypothesis import strategies as st
from scipy import sparse

import random_arrays as ra
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.utils import set_random_seed

FEATURES = 9
NUMBERS = [-1, -2, 0, 1, FEATURES - 1, FEATURES, FEATURES + 1, 2**31 - 1, 2**31, 2**62, -(2**63)]


@st.composite
def matrices(draw):
    """Draw a CSR matrix whose parts have been changed behind scipy's back, or have not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.sampled_from([1, 2, 8, 70]))
    dense = rng.integers(0, 5, (rows, FEATURES)) * (rng.random((rows, FEATURES)) < 0.3)
    dtype = draw(st.sampled_from(["u1", "i1", "i4", "u8", "f4", "f8", "?"]))
    matrix = sparse.csr_array(dense.astype(dtype))
    index = draw(st.sampled_from(["i4", "i8"]))
    data, indices, indptr = matrix.data, matrix.indices.astype(index), matrix.indptr.astype(index)
    change = draw(st.sampled_from(
        ["none", "none", "order", "twice", "indices", "indptr", "short", "long", "type", "value"]
    ))  # fmt: skip
    if change == "order" and len(indices) > 1:
        first, last = indptr[0], indptr[1]
        indices[first:last], data[first:last] = indices[first:last][::-1], data[first:last][::-1]
    elif change == "twice" and len(indices) > 1:
        indices[1] = indices[0]
    elif change in ("indices", "indptr") and len(indices):
        part = indices if change == "indices" else indptr
        number = draw(st.sampled_from(NUMBERS))
        number = number if index == "i8" else int(np.clip(number, -(2**31), 2**31 - 1))
        part[rng.integers(len(part))] = number
    elif change == "short":
        which = draw(st.sampled_from(["data", "indices", "indptr"]))
        data = data[:-1] if which == "data" else data
        indices = indices[:-1] if which == "indices" else indices
        indptr = indptr[:-1] if which == "indptr" else indptr
    elif change == "long":
        data, indices = np.append(data, data[:1]), np.append(indices, indices[:1])
    elif change == "type":
        which = draw(st.sampled_from(["c8", "O", "M8[s]", "f2", ">f4"]))
        data = data.astype(which)
    elif change == "value" and len(data) and data.dtype.kind == "f":
        data[0] = draw(st.sampled_from([np.nan, np.inf, 1e38]))
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    return matrix


def dense_of(matrix):
    """Return the samples as float32, or None where the parts do not fit together."""
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    rows, features = matrix.shape
    if data.dtype.kind not in "biuf" or len(indptr) != rows + 1 or indptr[0] != 0:
        return None
    if (np.diff(indptr.astype(object)) < 0).any() or indptr[-1] > min(len(data), len(indices)):
        return None
    stored = indices[: indptr[-1]]
    if ((stored < 0) | (stored >= features)).any():
        return None
    whole = data.dtype if data.dtype.kind != "f" else float
    result = np.zeros((rows, features), whole)  # equals sum up in the dtype of the data
    for row in range(rows):
        for at in range(indptr[row], indptr[row + 1]):
            result[row, indices[at]] += data[at]
    with np.errstate(over="ignore"):
        result = result.astype(np.float32)
    return result if np.isfinite(result).all() else None


def new_model():
    set_random_seed(3)
    model = Sequential([Input((FEATURES,)), Dense(6, "tanh"), Dense(3, "softmax")], device="cpu")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@given(matrices(), st.sampled_from(["predict", "evaluate", "fit", "gradients"]))
def test_parts(matrix, method):
    model, other = new_model(), new_model()
    rows = matrix.shape[0]
    y = np.arange(rows) % 3
    before = model.get_weights()
    parts = [ra.snapshot(part) for part in (matrix.data, matrix.indices, matrix.indptr)]

    def call(model, x):
        if method == "predict":
            return model.predict(x)
        arguments = {} if method == "gradients" else {"verbose": 0}
        result = getattr(model, method)(x, y, **arguments)
        return result.history["loss"] if method == "fit" else result

    found, error = ra.outcome(lambda: call(model, matrix))
    assert [ra.snapshot(p) for p in (matrix.data, matrix.indices, matrix.indptr)] == parts
    plain = dense_of(matrix)
    event("refused" if plain is None else "taken")
    assert (error is None) == (plain is not None), error
    if plain is None:
        np.testing.assert_equal(model.get_weights(), before)
        return
    np.testing.assert_equal(found, call(other, plain))
    np.testing.assert_equal(model.get_weights(), other.get_weights())
