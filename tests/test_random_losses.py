"""Losses, metrics and the other functions of arrays, against NumPy or refused with one error."""

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import event, given
from hypothesis import strategies as st

import random_arrays as ra
import reference_mlp
from agreement import LOSS_CLASSES
from digitnet import activations, losses, metrics
from digitnet.utils import to_categorical

NAMES = list(LOSS_CLASSES)
METRICS = list(reference_mlp.METRICS)


@st.composite
def pairs(draw, names):
    """Draw a name, and y_true, y_pred and weights for it, one of them odd now and then."""
    name = draw(st.sampled_from(names))
    labels = name.startswith("sparse")
    n, outputs = draw(st.sampled_from([1, 2, 9])), draw(st.sampled_from([1, 3]))
    outputs = 3 if "categorical" in name else outputs
    which = draw(st.sampled_from(["true", "pred", "weight", "none"]))
    kinds = ["i1", "u1", "i8", ">i2"] if labels or "entropy" in name else None
    y_true = draw(ra.given_arrays((n,) if labels else (n, outputs), kinds,
                                  odd=0.9 * (which == "true")))  # fmt: skip
    y_pred = draw(ra.given_arrays((n, outputs), ["f4", "f8", ">f8", "f2"],
                                  odd=0.9 * (which == "pred")))  # fmt: skip
    weight = None
    if draw(st.booleans()):
        weight = draw(ra.given_arrays((n,), ["u1", "?", "i4"], odd=0.9 * (which == "weight")))
    return name, y_true, y_pred, weight


def fit_together(name, y_true, y_pred):
    """Return targets and outputs, float64 (n, outputs) or labels (n,); None if they do not fit."""
    if not (ra.is_real(y_true) and ra.is_real(y_pred)):
        return None
    t, y = y_true.array, y_pred.array.astype(float)
    if 0 in t.shape or 0 in y.shape or 0 in (t.ndim, y.ndim):
        return None
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2:
        return None
    if name.startswith("sparse"):
        if t.shape not in ((len(y),), (len(y), 1)):
            return None
        exact = t.reshape(-1).astype(float)
        with np.errstate(invalid="ignore"):
            fine = (exact >= 0) & (exact < y.shape[1]) & (exact == np.floor(exact))
        return (exact.astype(int), y) if fine.all() else None
    t = t[:, None] if t.ndim == 1 else t
    return (t.astype(float), y) if t.shape == y.shape else None


def same(found, expected):
    """Hold two numbers against each other; where one is beyond float64, so is the other."""
    if np.isfinite(expected):
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
    else:
        assert not np.isfinite(found)


@given(pairs(NAMES))
def test_losses(case):
    name, y_true, y_pred, weight = case
    passed = [ra.snapshot(g.value) for g in (y_true, y_pred, weight) if g is not None]
    logits = "entropy" in name
    loss = getattr(losses, LOSS_CLASSES[name])(**({"from_logits": True} if logits else {}))
    weights = None if weight is None else weight.value
    with np.errstate(all="ignore"):
        found, error = ra.outcome(lambda: loss(y_true.value, y_pred.value, weights))
    assert [ra.snapshot(g.value) for g in (y_true, y_pred, weight) if g is not None] == passed
    fitting = fit_together(name, y_true, y_pred)
    valid = fitting is not None
    if valid and weight is not None:
        valid = ra.valid_weights(weight, len(fitting[1]))
    event("valid" if valid else "refused")
    assert (error is None) == valid, error
    if not valid:
        return
    t, y = fitting
    with np.errstate(all="ignore"):
        rows, _ = reference_mlp.Loss(name, from_logits=logits).rows(y, t)
        scale = 1.0 if weight is None else weight.array.reshape(-1).astype(float)
        same(found, float((rows * scale).mean()))


@given(pairs(METRICS))
def test_metrics(case):
    name, y_true, y_pred, _ = case
    with np.errstate(all="ignore"):
        found, error = ra.outcome(lambda: metrics.get(name)(y_true.value, y_pred.value))
    fitting = fit_together(name, y_true, y_pred)
    event("valid" if fitting else "refused")
    assert (error is None) == (fitting is not None), error
    if fitting is not None:
        t, y = fitting
        with np.errstate(all="ignore"):
            same(found, float(np.mean(reference_mlp.METRICS[name](y, t))))


FUNCTIONS = [name for name in reference_mlp.ACTIVATIONS if hasattr(activations, name)]


@given(st.sampled_from(FUNCTIONS), st.sampled_from([(5,), (2, 3), (1, 1), ()]), st.data())
def test_activations(name, shape, data):
    x = data.draw(ra.given_arrays(shape, odd=0.5))
    passed = ra.snapshot(x.value)
    with np.errstate(all="ignore"):
        found, error = ra.outcome(lambda: getattr(activations, name)(x.value))
    assert ra.snapshot(x.value) == passed
    event("valid" if error is None else "refused")
    assert (error is None) == ra.is_real(x), error
    if error is not None:
        return
    assert found.shape == x.array.shape
    if (
        found.ndim != 2
        or not found.size
        or not ra.is_finite(x)
        or np.abs(x.array.astype(float)).max() > 50
    ):
        return
    alpha = activations.default_alpha(name)
    expected = reference_mlp.ACTIVATIONS[name](x.array.astype(np.float32).astype(float), alpha)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@given(st.data(), st.sampled_from([None, 2, 3, 5]))
def test_to_categorical(data, classes):
    x = data.draw(ra.given_arrays((6,), ["u1", "i4", "i8", ">i2", "?", "f4"], odd=0.6))
    passed = ra.snapshot(x.value)
    most = 2**30 if classes is None else classes
    exact = x.array.astype(np.longdouble) if ra.is_real(x) else np.zeros(0)
    with np.errstate(invalid="ignore"):
        fine = (exact >= 0) & (exact < most) & (exact == np.floor(exact))
    if exact.size and fine.all() and exact.max() > 100:
        return  # many classes: the memory is not worth it
    found, error = ra.outcome(lambda: to_categorical(x.value, classes))
    assert ra.snapshot(x.value) == passed
    assert (error is None) == bool(exact.size and fine.all()), error
    if error is None:
        np.testing.assert_array_equal(found.argmax(axis=-1).ravel(), exact.ravel().astype(int))
        np.testing.assert_array_equal(found.sum(axis=-1), 1)
