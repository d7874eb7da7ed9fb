"""Adam's step, clipping and the largest norm, of every kernel table."""

import numpy as np
import pytest

from digitnet import _core
from kernel_checks import GENERIC, SIZES, TABLES, assert_close, assert_same_bits, float32

PANEL = 32


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("l2", [0, 0.02])
@pytest.mark.parametrize("decay", [0, 0.01])
def test_adam(rng, size, l2, decay):
    w, g, m = float32(*(rng.normal(size=(2, size)) for _ in range(3)))
    v = float32(rng.uniform(0, 2, size=(2, size)))
    gain_1, gain_2, alpha, epsilon = 0.1, 0.001, 0.03, 1e-7
    gradient = np.float64(g) + l2 * np.float64(w)
    want_m = m + (gradient - m) * gain_1
    want_v = v + (gradient**2 - v) * gain_2
    want_w = w * (1 - decay) - alpha * want_m / (np.sqrt(want_v) + epsilon)
    results = [t.adam(decay, gain_1, gain_2, alpha, epsilon, l2, w, g, m, v) for t in TABLES]
    magnitude = np.abs(w) + np.abs(g) + np.abs(m)
    for new_w, new_m, new_v in results:
        assert_close(new_m, want_m, magnitude, 8)
        assert_close(new_v, want_v, magnitude**2 + v, 8)
        assert_close(new_w, want_w, magnitude + np.abs(want_m) / np.sqrt(want_v), 8)
    assert_same_bits(results)


def test_adam_leaves_what_never_had_a_gradient():
    w = float32(np.linspace(-1, 1, 48)[None])
    zero = np.zeros_like(w)
    for table in TABLES:
        new = table.adam(0, 0.1, 0.001, 0.03, 1e-37, 0, w, zero, zero, zero)
        assert_same_bits([new, (w, zero, zero)])


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_adam_keeps_nan(value):
    w, g = np.ones((1, 40), np.float32), np.zeros((1, 40), np.float32)
    g[0, 17] = value
    for table in TABLES:
        new_w, new_m, new_v = table.adam(0, 0.1, 0.1, 0.5, 1e-7, 0, w, g, 0 * w, 0 * w)
        for array in (new_w, new_m, new_v):
            assert not np.isfinite(array[0, 17])
            assert np.isfinite(np.delete(array[0], 17)).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("l2", [0, 0.5])
@pytest.mark.parametrize(("scale", "limit"), [(1, np.inf), (0.3, np.inf), (1, 0.4), (0.3, 0.1)])
def test_clip(rng, size, l2, scale, limit):
    w, g = float32(rng.normal(size=(3, size)), rng.normal(size=(3, size)))
    want = np.clip((np.float64(g) + l2 * np.float64(w)) * scale, -limit, limit)
    results = [table.clip(l2, scale, limit, w, g) for table in TABLES]
    for result in results:
        assert_close(result, want, np.abs(w) + np.abs(g), 4)
        assert np.abs(result).max() <= np.float32(limit)
    assert_same_bits(results)


def test_clip_without_limits_changes_no_bit(rng):
    w, g = float32(rng.normal(size=(2, 33)), rng.normal(size=(2, 33)))
    for table in TABLES:
        assert_same_bits([table.clip(0, 1, np.inf, w, g), g])


def test_clip_limits_infinity_and_keeps_nan():
    w, g = np.zeros((1, 35), np.float32), np.zeros((1, 35), np.float32)
    g[0, [2, 18, 33]] = np.nan, np.inf, -np.inf
    for table in TABLES:
        result = table.clip(0, 1, 0.5, w, g)
        np.testing.assert_array_equal(result[0, [2, 18, 33]], float32([np.nan, 0.5, -0.5]))


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("cols", [1, 16, 17, PANEL])
def test_max_norm(rng, rows, cols):
    w = float32(rng.normal(size=(rows, cols)) * np.linspace(0, 2, cols))
    norm = np.linalg.norm(np.float64(w), axis=0)
    limit = float(np.median(norm)) or 1.0
    want = w * (np.minimum(norm, limit) / (1e-7 + norm))
    results = [table.max_norm(limit, w) for table in TABLES]
    for result in results:  # sums of at most 32 rows, and of a 32nd of them
        assert_close(result, want, np.abs(w), 8 + min(rows, 32) + rows / 32)
    assert_same_bits(results)


def test_max_norm_keeps_nan_in_its_column():
    w = np.ones((5, 20), np.float32)
    w[2, 7] = np.nan
    for table in TABLES:
        result = table.max_norm(1.0, w)
        assert np.isnan(result[:, 7]).all()
        assert np.isfinite(np.delete(result, 7, axis=1)).all()


def test_wrong_arguments_are_refused():
    w = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="same shape"):
        GENERIC.adam(0, 0.1, 0.1, 0.1, 1e-7, 0, w, w, w, w[:1])
    with pytest.raises(ValueError, match="same shape"):
        GENERIC.clip(0, 1, 1, w, w[:1])
    with pytest.raises(ValueError, match="at most 32 columns"):
        GENERIC.max_norm(1, np.ones((2, 33), np.float32))


@pytest.mark.parametrize(
    ("rule", "settings", "message"),
    [
        (_core.Adam(0.1, beta_1=1.0), {}, r"beta_1 must be in \[0, 1\)"),
        (_core.Adam(0.1, beta_2=float("nan")), {}, r"beta_2 must be in \[0, 1\)"),
        (_core.Adam(0.1, epsilon=0), {}, "epsilon must be finite and positive"),
        (_core.Adam(float("inf")), {}, "learning_rate must be finite"),
        (_core.Sgd(0.1), {"clipvalue": 0}, "clipvalue must be positive"),
        (_core.Sgd(0.1), {"clipnorm": float("nan")}, "clipnorm must be positive"),
        (_core.Sgd(0.1), {"clipnorm": 1, "global_clipnorm": 1}, "only one of"),
        (_core.Sgd(0.1), {"rates": np.ones(2, np.float32)}, "each of 1 steps, got 2"),
        (_core.Sgd(0.1), {"rates": float32([-1.0])}, "every learning rate must be finite"),
    ],
)
def test_the_core_checks_its_settings(rule, settings, message):
    model = _core.Model(2, [_core.Layer("dense", units=1)], "cpu", 0)
    gradients = [np.ones((2, 1), np.float32), np.ones(1, np.float32)]
    with pytest.raises(ValueError, match=message):
        model.apply_gradients(gradients, _core.Optimizer(rule, **settings))
    assert model.iterations == 0
    assert model.get_slots() == []


def test_the_core_checks_slots():
    model = _core.Model(2, [_core.Layer("dense", units=1)], "cpu", 0)
    slot = [np.ones((2, 1), np.float32), np.ones(1, np.float32)]
    for wrong, message in [
        ([slot] * 3, "got 3"),
        ([slot, [-slot[0], slot[1]]], "v must not be negative"),
        ([slot, slot[:1]], "slots must hold"),
        ([[slot[0] * np.nan, slot[1]]], "must be finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.set_slots(wrong)
        assert model.get_slots() == []
    model.set_slots([slot, slot])
    assert len(model.get_slots()) == 2
