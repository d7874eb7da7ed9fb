"""Activations and losses of every kernel table, held against the float64 oracle."""

import numpy as np
import pytest

import reference_mlp as reference
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

ALPHA = 0.25
EXTREMES = float32(
    [0, -0.0, 1e-40, -1e-40, 1e-20, -1e-20, 20, -20, 87, -87, 88.8, -88.8, 100, -100, 1e4, -1e4]
)


# --- activations ----------------------------------------------------------------------------------
def activation_magnitude(name, z, a):
    """Return what the rounding errors of a = activation(z) are proportional to."""
    if name == "softmax":  # exp turns the rounding of z - max into a relative error
        return np.abs(a) * (1 + z.max(axis=1, keepdims=True) - z)
    if name == "gelu":  # 1 + erf cancels for z < 0
        return np.abs(a) + np.abs(z)
    return np.abs(a)


def check_activation(name, z):
    exact = reference.ACTIVATIONS[name](np.float64(z), ALPHA)
    magnitude = activation_magnitude(name, np.float64(z), exact)
    roundings = 8 + (z.shape[1] if name == "softmax" else 0)
    results = [table.activate(name, ALPHA, z) for table in TABLES]
    for result in results:
        assert_close(result, exact, magnitude, roundings)
    assert_same_bits([table.activate(name, ALPHA, z) for table in VECTOR_TABLES])


def check_activation_backward(name, z, da):
    a = GENERIC.activate(name, ALPHA, z)
    if name == "softmax":
        b = np.float64(a)
        exact = b * (da - np.sum(da * b, axis=1, keepdims=True))
        magnitude = b * (np.abs(da) + np.sum(np.abs(da) * b, axis=1, keepdims=True))
    else:
        exact = reference.activation_backward(name, ALPHA, np.float64(z), np.float64(da))
        # The derivatives are differences from 1, of an a that is itself rounded; z times that for
        # silu and gelu.
        needs_z = name in ("silu", "gelu")
        magnitude = np.abs(da) * (1 + np.minimum(np.abs(z), 30) * needs_z)
    roundings = 8 + (z.shape[1] if name == "softmax" else 0)
    results = [table.activate_backward(name, ALPHA, z, a, da) for table in TABLES]
    for result in results:
        assert_close(result, exact, magnitude, roundings)
    assert_same_bits([t.activate_backward(name, ALPHA, z, a, da) for t in VECTOR_TABLES])


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
@pytest.mark.parametrize("size", SIZES)
def test_activations(rng, name, size):
    z, da = float32(3 * rng.normal(size=(5, size)), rng.normal(size=(5, size)))
    check_activation(name, z)
    check_activation_backward(name, z, da)


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activations_of_extreme_values(name):
    z = np.stack([EXTREMES, EXTREMES[::-1]])
    check_activation(name, z)
    check_activation_backward(name, z, np.ones_like(z))


@pytest.mark.parametrize("name", _core.ACTIVATIONS)
def test_activations_keep_nan(name):
    z = np.zeros((1, 20), np.float32)
    z[0, 3] = np.nan
    for table in TABLES:
        assert np.isnan(table.activate(name, ALPHA, z)[0, 3])


# --- losses ---------------------------------------------------------------------------------------
CLASS_LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")
LOGIT_LOSSES = (*CLASS_LOSSES, "binary_crossentropy")
FORMS = [(name, form) for name in LOGIT_LOSSES for form in ("probabilities", "logits", "fused")] + [
    (name, "values") for name in ("mean_squared_error", "mean_absolute_error", "huber")
]


def draw_targets(rng, name, rows, cols):
    """Return targets as the kernel takes them: labels, or a matrix whose rows need not sum to 1."""
    if name.startswith("sparse"):
        return rng.integers(0, cols, size=rows).astype(np.int32)
    return float32(rng.uniform(size=(rows, cols)))


def draw_output(rng, form, rows, cols):
    if form == "probabilities":
        y = rng.uniform(0.001, 0.999, size=(rows, cols))
        if cols > 1:
            y[0, 0] = 0  # clipped
        return float32(y)
    return float32(3 * rng.normal(size=(rows, cols)))


def loss_magnitudes(name, form, y, t, smoothing):
    """Return what the rounding errors of the row loss (rows, 1) and of its gradient grow with."""
    if name in CLASS_LOSSES:
        t = smoothing + (np.eye(y.shape[1])[t] if t.ndim == 1 else t)
        total = 1 + t.sum(axis=1, keepdims=True)
        if form == "probabilities":  # errors of q and log q; t / q in the gradient
            scale = np.abs(y).sum(axis=1, keepdims=True)
            return 20 * total, (total + t * scale / np.maximum(y, reference.EPSILON)) / scale
        below = y.max(axis=1, keepdims=True) - y
        p = reference.ACTIVATIONS["softmax"](y, 0)
        return total * (1 + below.max(axis=1, keepdims=True)), p * total * (1 + below) + t
    count = y.shape[1]
    if form == "probabilities":
        return np.full((len(y), 1), 20.0), (1 / (1e-6 + y) + 1 / (1 + 1e-6 - y)) / count
    size = 1 + np.abs(y) + np.abs(t)
    return np.mean(size**2, axis=1, keepdims=True), size / count


def check_loss(name, form, y, t, weights, smoothing=0.0):
    loss = _core.Loss(name, from_logits=form == "logits", label_smoothing=smoothing, delta=0.75)
    oracle = reference.Loss(name, form in ("logits", "fused"), smoothing, 0.75)
    factor = np.ones(len(y)) if weights is None else np.float64(weights)
    exact = oracle.rows(np.float64(y), t if t.ndim == 1 else np.float64(t))
    want_loss, want_delta = exact[0] * factor, exact[1] * factor[:, None] * 0.5
    loss_size, delta_size = loss_magnitudes(name, form, np.float64(y), t, smoothing)
    activation = "sigmoid" if name == "binary_crossentropy" else "softmax"
    want_output = reference.ACTIVATIONS[activation](np.float64(y), 0) if form == "fused" else y
    roundings = y.shape[1] + 16
    results = [table.loss_rows(loss, form == "fused", y, t, weights, 0.5) for table in TABLES]
    for row_loss, delta, output in results:
        assert_close(row_loss, want_loss, loss_size[:, 0] * factor, roundings)
        assert_close(delta, want_delta, delta_size * factor[:, None], roundings)
        size = activation_magnitude("softmax", np.float64(y), want_output)
        assert_close(output, want_output, size if form == "fused" else 0, roundings)
    assert_same_bits([r for r, table in zip(results, TABLES, strict=True) if table is not GENERIC])


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize("size", SIZES)
def test_losses(rng, name, form, size):
    y, t = draw_output(rng, form, 5, size), draw_targets(rng, name, 5, size)
    check_loss(name, form, y, t, None)
    check_loss(name, form, y, t, float32([1, 0.5, 0, 3, 2]))
    if name in LOGIT_LOSSES:
        check_loss(name, form, y, t, float32([1, 0.5, 0, 3, 2]), smoothing=0.1)


@pytest.mark.parametrize(("name", "form"), [pair for pair in FORMS if pair[1] != "probabilities"])
def test_losses_of_extreme_outputs(rng, name, form):
    y = np.stack([EXTREMES, EXTREMES[::-1], np.zeros_like(EXTREMES)])
    check_loss(name, form, y, draw_targets(rng, name, *y.shape), None)


@pytest.mark.parametrize("name", LOGIT_LOSSES)
def test_losses_of_certain_probabilities_are_clipped(name):
    y = np.eye(3, dtype=np.float32)
    t = np.array([1, 2, 0], np.int32) if name.startswith("sparse") else np.roll(y, 1, axis=1)
    lower, upper = np.float32(1e-7), np.float32(1) - np.float32(1e-7)
    wrong = -np.log(np.float64(lower))  # of a 0 where 1 was wanted
    if name.startswith("binary"):  # and of a 1 where 0 was wanted, and of a right 0
        wrong = (wrong - np.log(1 - np.float64(upper)) + np.float64(lower)) / 3
    for table in TABLES:
        row_loss, delta, _ = table.loss_rows(_core.Loss(name), False, y, t, None, 1.0)
        np.testing.assert_allclose(row_loss, wrong, rtol=1e-6)
        np.testing.assert_array_equal(delta, 0)  # no gradient beyond the clipping


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_losses_keep_nan(rng, name, form):
    y, t = draw_output(rng, form, 2, 20), draw_targets(rng, name, 2, 20)
    y[1, 3] = np.nan
    loss = _core.Loss(name, from_logits=form == "logits")
    for table in TABLES:
        row_loss, _, _ = table.loss_rows(loss, form == "fused", y, t, None, 1.0)
        assert np.isfinite(row_loss[0])
        assert np.isnan(row_loss[1])


def test_fused_loss_equals_the_loss_of_the_logits(rng):
    y, t = draw_output(rng, "logits", 9, 10), draw_targets(rng, "sparse", 9, 10)
    for table in TABLES:
        name = "sparse_categorical_crossentropy"
        apart = table.loss_rows(_core.Loss(name, from_logits=True), False, y, t, None, 1.0)
        fused = table.loss_rows(_core.Loss(name), True, y, t, None, 1.0)
        assert_same_bits([apart[:2], fused[:2]])
        np.testing.assert_array_equal(apart[2], y)
