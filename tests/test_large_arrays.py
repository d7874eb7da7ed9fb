"""Large arrays are looked at and converted in parts, between which Ctrl-C comes through."""

import numpy as np
import pytest

from digitnet import _arrays, _core
from digitnet.layers import Dense, Input
from digitnet.models import Sequential

ROWS, FEATURES = 5000, 1000  # 20 MB of float32: several parts


@pytest.fixture
def model():
    return Sequential([Input((FEATURES,)), Dense(2)], device="cpu")


@pytest.mark.parametrize("row", [0, 4193, 4194, 4999])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_is_not_finite_is_found_in_every_part(model, row, order):
    x = np.zeros((ROWS, FEATURES), np.float32, order)
    assert _core.first_nonfinite(x) is None
    x[row, 77] = np.inf
    x[-1, 78] = np.nan
    assert _core.first_nonfinite(x) == (row, 77)
    assert _core.first_nonfinite(x[::-1]) == (0, 78 if row != ROWS - 1 else 77)
    with pytest.raises(ValueError, match=rf"x\[{row}, 77\] = inf"):
        model.predict(x)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_of_sparse_rows_too(model, index):
    sparse = pytest.importorskip("scipy.sparse")
    indptr = np.arange(ROWS + 1, dtype=index)
    data = np.ones(ROWS, np.float32)
    data[4500] = np.nan
    indices = (np.arange(ROWS) % FEATURES).astype(index)
    with pytest.raises(ValueError, match=r"x\[4500, 500\] = nan"):
        model.predict(sparse.csr_matrix((data, indices, indptr), shape=(ROWS, FEATURES)))


def test_samples_without_features():
    nothing = np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(4, np.int32)
    assert _core.first_nonfinite(_core.Csr(*nothing, 3, 0, "x")) is None


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64, np.bool_, ">f4"])
def test_conversion_in_parts(rng, dtype, order):
    x = np.asarray(rng.normal(0, 100, (ROWS, FEATURES)).astype(dtype), order=order)
    converted = _arrays.as_float32(x)
    assert converted.dtype == np.float32
    assert converted.flags.f_contiguous == (order == "F")
    np.testing.assert_array_equal(converted, x.astype(np.float32))
    large = np.full((3, 10**6), 1e300)
    assert np.isinf(_arrays.as_float32(large)).all()  # which is refused later, by its name
