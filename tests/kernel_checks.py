"""What the kernel tests share: the size sweep, the tables and the two comparisons."""

import numpy as np

from digitnet import _core

# Around the lanes of a vector (8, 16), a panel of parameters (32), and the reference network.
SIZES = [1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 500, 784]

TABLES = [_core.KernelTable(isa) for isa in _core.supported_cpu_isas()]
(GENERIC,) = (table for table in TABLES if table.name == "generic")
VECTOR_TABLES = [table for table in TABLES if table is not GENERIC]

UNIT = 2.0**-24  # the largest relative error of one rounding to float32
TINY = 2.0**-125  # below this the relative error of a float32 grows


def float32(*arrays):
    """Return the arrays as float32 (one array: itself)."""
    results = [np.asarray(array, dtype=np.float32) for array in arrays]
    return results[0] if len(results) == 1 else results


def assert_close(got, want, magnitude, roundings):
    """Check that got and want differ by at most `roundings` roundings of numbers like `magnitude`.

    For a sum of n terms, magnitude is the sum of their absolute values and roundings is n and a
    few: each of the n additions rounds a partial sum that is no larger than that.
    """
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape
    assert np.isfinite(got).all()
    excess = np.abs(got - want) - (roundings * UNIT * magnitude + TINY)
    worst = np.unravel_index(np.argmax(excess), excess.shape)
    assert excess[worst] <= 0, f"at {worst}: {got[worst]!r}, expected {want[worst]!r}"


def assert_same_bits(results):
    """Check that all results (arrays, or tuples of arrays) are equal to the last bit."""
    tuples = [result if isinstance(result, tuple) else (result,) for result in results]
    for other in tuples[1:]:
        for a, b in zip(tuples[0], other, strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
