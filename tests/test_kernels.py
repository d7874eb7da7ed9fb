"""Every kernel but activations and losses: each table against NumPy, and the vector tables' bits.

The specification in NumPy float64 (or, where one order of rounding is promised, float32) checks
each table; AVX2 and AVX-512 must agree to the last bit.
"""

import itertools

import numpy as np
import pytest

from digitnet import _core
from kernel_checks import (
    GENERIC,
    SIZES,
    TABLES,
    VECTOR_TABLES,
    assert_close,
    assert_same_bits,
    float32,
)

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
each_vector_table = pytest.mark.parametrize("table", VECTOR_TABLES, ids=lambda table: table.name)


def test_tables_have_their_names():
    assert [table.name for table in TABLES] == _core.supported_cpu_isas()


# --- multiply, transpose --------------------------------------------------------------------------
def check_multiply(rng, rows, depth, cols, with_bias, transpose_a):
    a = float32(rng.normal(size=(depth, rows) if transpose_a else (rows, depth)))
    b, bias = float32(rng.normal(size=(depth, cols)), rng.normal(size=cols))
    left = np.float64(a.T if transpose_a else a)
    want, magnitude = left @ np.float64(b), np.abs(left) @ np.abs(np.float64(b))
    if with_bias:
        want, magnitude = want + bias, magnitude + np.abs(bias)
    results = [t.multiply(a, b, bias if with_bias else None, transpose_a) for t in TABLES]
    for result in results:  # a product and an addition round per step of depth
        assert_close(result, want, magnitude, 2 * depth + 2)
    assert_same_bits([r for r, t in zip(results, TABLES, strict=True) if t is not GENERIC])


@pytest.mark.parametrize("depth", SIZES)
def test_multiply_at_every_depth(rng, depth):
    for cols, with_bias, transposed in itertools.product((1, 10, 33), (False, True), (False, True)):
        check_multiply(rng, 7, depth, cols, with_bias, transposed)


@pytest.mark.parametrize("cols", range(1, 34))
def test_multiply_at_every_width(rng, cols):
    check_multiply(rng, 13, 9, cols, True, False)
    check_multiply(rng, 13, 9, cols, False, True)


@pytest.mark.parametrize("rows", [*range(1, 27), *SIZES])
def test_multiply_at_every_height(rng, rows):
    for cols in (16, 17):
        check_multiply(rng, rows, 5, cols, True, rows % 2 == 0)


def test_multiply_without_depth_gives_the_bias():
    bias = float32(np.arange(5))
    for table in TABLES:
        result = table.multiply(np.zeros((3, 0), np.float32), np.zeros((0, 5), np.float32), bias)
        np.testing.assert_array_equal(result, np.tile(bias, (3, 1)))


@each_table
@pytest.mark.parametrize("rows", [1, 7, 16, 17, 31, 32])
@pytest.mark.parametrize("cols", [1, 8, 15, 16, 17, 32])
def test_transpose(table, rng, rows, cols):
    x = float32(rng.normal(size=(rows, cols)))
    np.testing.assert_array_equal(table.transpose(x), x.T)


# --- convert: multiplication and addition round once each, so float32 NumPy gives the bits --------
@each_table
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(("scale", "offset"), [(1 / 255, 0), (1 / 127.5, -1), (1, 0), (0, 2)])
def test_convert(table, rng, size, dtype, scale, offset):
    x = rng.integers(0, 256, size=(3, 2 * size)).astype(dtype)
    for view in (x[:, :size], x[:, ::2], x[:, ::-1], x[::-1, 1::2], np.asfortranarray(x)):
        want = view.astype(np.float32) * np.float32(scale) + np.float32(offset)
        np.testing.assert_array_equal(table.convert(view, scale, offset), want, strict=True)


# --- product, sums --------------------------------------------------------------------------------
@each_table
@pytest.mark.parametrize("size", SIZES)
def test_product_sum_rows_and_sum_squares(table, rng, size):
    x, y = float32(rng.normal(size=(6, size)), rng.normal(size=(6, size)))
    np.testing.assert_array_equal(table.product(x, y), x * y)
    in_order = np.zeros((1, size), np.float32)  # the promised order: rows ascending
    for row in x:
        in_order += row
    np.testing.assert_array_equal(table.sum_rows(x), in_order)
    # Doubles: n additions with 2^-53 each.
    np.testing.assert_allclose(
        table.sum_squares(x), np.sum(np.float64(x) ** 2), rtol=6 * size * 2.0**-53
    )


def test_sum_squares_has_one_order(rng):
    x = float32(rng.normal(size=(33, 65)))
    assert_same_bits([table.sum_squares(x) for table in VECTOR_TABLES])


# --- optimizer ------------------------------------------------------------------------------------
@pytest.mark.parametrize("lane", range(16))
@pytest.mark.parametrize("value", [1.0, 1e-30, np.inf, np.nan])
def test_sgd_sees_a_single_gradient_among_zeros(lane, value):
    w, g = np.ones((1, 48), np.float32), np.zeros((1, 48), np.float32)
    g[0, 16 + lane] = value
    want = w - np.float32(0.5) * g
    for table in TABLES:
        new_w, _ = table.sgd(_core.Sgd(0.5), 0.0, w, g, None)
        np.testing.assert_array_equal(new_w, want)


def test_sgd_with_momentum_moves_on_without_a_gradient():
    w, g, v = (np.full((1, 40), value, np.float32) for value in (1, 0, 0.25))
    for table in TABLES:
        new_w, new_v = table.sgd(_core.Sgd(0.1, 0.5), 0.0, w, g, v)
        assert (new_v == 0.125).all()
        assert (new_w == 1.125).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(("weight_decay", "l2"), [(0, 0), (0.01, 0), (0, 0.02), (0.01, 0.02)])
def test_sgd(rng, size, momentum, nesterov, weight_decay, l2):
    settings = _core.Sgd(0.1, momentum, nesterov, weight_decay)
    w, g, v = float32(*(rng.normal(size=(2, size)) for _ in range(3)))
    gradient = np.float64(g) + l2 * np.float64(w)
    velocity = momentum * np.float64(v) - 0.1 * gradient
    step = momentum * velocity - 0.1 * gradient if nesterov and momentum else velocity
    want = w - w * np.float64(weight_decay) * 0.1 + (step if momentum else -0.1 * gradient)
    magnitude = np.abs(w) + np.abs(g) + np.abs(v)
    results = [table.sgd(settings, l2, w, g, v if momentum else None) for table in TABLES]
    for new_w, new_v in results:  # the settings round to float32 too
        assert_close(new_w, want, magnitude, 8)
        assert (new_v is None) == (momentum == 0)
        if momentum:
            assert_close(new_v, velocity, magnitude, 8)
    bits = [r for r, table in zip(results, TABLES, strict=True) if table is not GENERIC]
    assert_same_bits([tuple(array for array in r if array is not None) for r in bits])


# --- dropout --------------------------------------------------------------------------------------
def philox(key, counter):
    """Return the four words of a Philox 4x32-10 block; key (2,) and counter (4,) of 32 bits."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (p1 >> 32) ^ c1 ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c3 ^ k1,
            p0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def test_philox_known_answers():
    # The published vectors of the generator's authors.
    ones = 0xFFFFFFFF
    zeros_answer = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert philox((0, 0), (0, 0, 0, 0)) == zeros_answer
    ones_answer = (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    assert philox((ones, ones), (ones,) * 4) == ones_answer


@pytest.mark.parametrize("cols", SIZES)
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_mask_is_philox(cols, rate):
    rows, seed, iteration, first_row, layer = 3, 0xFEDCBA9876543210, 2**40 + 17, 41, 5
    key = (seed & 0xFFFFFFFF, seed >> 32)
    words = np.array(
        [
            [
                philox(key, (first_row + r, block, iteration & 0xFFFFFFFF, layer << 8 | 3))
                for block in range((cols + 3) // 4)
            ]
            for r in range(rows)
        ],
        dtype=np.uint64,
    ).reshape(rows, -1)[:, :cols]
    kept = np.float32(1) / (np.float32(1) - np.float32(rate))
    want = np.where(words < int(float(np.float32(rate)) * 2**32), np.float32(0), kept)
    for table in TABLES:
        mask = table.dropout_mask(rows, cols, rate, seed, iteration, first_row, layer)
        np.testing.assert_array_equal(mask, want, strict=True)


@each_vector_table
def test_dropout_mask_keeps_the_mean_and_never_repeats(table):
    rows, cols, rate = 500, 500, 0.3
    mask = table.dropout_mask(rows, cols, rate, 1, 0, 0, 0)
    spread = np.sqrt(rate / (1 - rate) / mask.size)  # standard deviation of the mean
    assert abs(mask.mean() - 1) < 5 * spread
    for other in ((2, 0, 0), (1, 1, 0), (1, 0, 1)):  # seed, iteration, layer
        seed, iteration, layer = other
        assert (
            table.dropout_mask(rows, cols, rate, seed, iteration, 0, layer) != mask
        ).mean() > 0.4
    later = table.dropout_mask(rows - 7, cols, rate, 1, 0, 7, 0)
    np.testing.assert_array_equal(later, mask[7:])  # a row's mask does not depend on its block


# --- fields of displacements ----------------------------------------------------------------------
@pytest.mark.parametrize("count", SIZES)
def test_noise_is_philox(count):
    seed, counter = 0xFEDCBA9876543210, (2**32 - 3, 7, 11, 4)
    key = (seed & 0xFFFFFFFF, seed >> 32)
    blocks = [
        philox(key, ((counter[0] + b) % 2**32, *counter[1:])) for b in range((count + 3) // 4)
    ]
    words = np.array(blocks, dtype=np.uint64).reshape(1, -1)[:, :count]
    want = [(2.0 * half - 65535) / 65536 for half in (words % 2**16, words // 2**16)]
    for table in TABLES:
        for got, half in zip(table.noise(seed, counter, count), want, strict=True):
            np.testing.assert_array_equal(got, half.astype(np.float32), strict=True)


@pytest.mark.parametrize("cols", SIZES)
@pytest.mark.parametrize(("taps", "step"), [(1, 5), (2, 0), (25, 1), (25, 17), (28, 28), (7, 784)])
def test_filter(rng, cols, taps, step):
    weights, x = float32(rng.normal(size=taps), rng.normal(size=(taps - 1) * step + cols + 31))
    rows = np.stack([x[k * step : k * step + cols] for k in range(taps)]).astype(np.float64)
    want = weights.astype(np.float64) @ rows
    results = [table.filter(weights, x, step, cols) for table in TABLES]
    magnitude = np.abs(weights).astype(np.float64) @ np.abs(rows)
    assert_close(results[0][0], want, magnitude, 2 * taps)
    assert_same_bits(results)  # the generic one's, too
