"""Random samples and targets at digitnet.sklearn: what plain float64 gives, or one error."""

import warnings

import numpy as np
import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("sklearn", "1.6", reason="needs scikit-learn 1.6 or later")

from hypothesis import event, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

import random_arrays as ra
from digitnet.sklearn import MLPClassifier, MLPRegressor

SETTINGS = {"max_iter": 2, "batch_size": 4, "learning_rate_init": 0.05, "random_state": 0}
REAL = [kind for kind in ra.REAL if kind != "g"]  # scikit-learn makes no promise for long double


def network(regression):
    return (MLPRegressor if regression else MLPClassifier)((3,), "tanh", **SETTINGS)


def quiet(call):
    """Return what the call returns, or None and its error; scikit-learn's may take several lines.

    What scikit-learn warns of is no error: shapes that it changes, a training of two epochs, labels
    that it cannot cast to integers.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataConversionWarning)
        warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)
        try:
            return call(), None
        except (ValueError, TypeError) as error:
            return None, error


@st.composite
def tables(draw):
    """Draw samples and targets, one of them odd now and then."""
    regression, n = draw(st.booleans()), draw(st.sampled_from([2, 6, 11]))
    which = draw(st.sampled_from(["x", "y", "none"]))
    x = draw(ra.given_arrays((n, 2), REAL, odd=0.9 * (which == "x")))
    kinds = REAL if regression else ["i1", "u2", "i8", ">i2", "?"]
    return regression, x, draw(ra.given_arrays((n,), kinds, odd=0.9 * (which == "y")))


@given(tables())
def test_fit_and_predict(case):
    regression, x, y = case
    passed = [ra.snapshot(x.value), ra.snapshot(y.value)]
    estimator = network(regression)
    before = dict(vars(estimator))
    _, error = quiet(lambda: estimator.fit(x.value, y.value))
    assert [ra.snapshot(x.value), ra.snapshot(y.value)] == passed
    event(f"{'regressor' if regression else 'classifier'}: {'refused' if error else 'fitted'}")
    if error is not None:
        assert vars(estimator) == before
        good = ra.valid_samples(x, (2,)) and x.array.ndim == 2 and y.array.ndim == 1
        good = good and ra.is_real(y) and ra.is_finite(y) and len(x.array) == len(y.array)
        if good and regression:
            assert np.abs(y.array.astype(float)).max() > 1e9, error  # else: it diverged
        elif good:
            one_class = len(np.unique(y.array)) < 2
            continuous = y.array.dtype.kind == "f" and (y.array != np.floor(y.array)).any()
            large = max(np.abs(a.array.astype(float)).max() for a in (x, y)) > 1e9
            assert one_class or continuous or large, error
        return
    found, error = quiet(lambda: estimator.predict(x.value))
    assert error is None
    assert [ra.snapshot(x.value), ra.snapshot(y.value)] == passed
    if not (ra.is_real(x) and ra.is_real(y)):
        return  # numbers as objects or in strings, which scikit-learn reads
    plain_x = np.ascontiguousarray(x.array.astype(np.float32))
    plain_y = y.array.astype(float) if regression else y.array.copy()
    plain = clone(network(regression))
    quiet(lambda: plain.fit(plain_x, plain_y))
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(plain.predict(plain_x), float), rtol=1e-5, atol=1e-6
    )


@given(ra.given_arrays((5, 2), REAL, odd=0.7), st.booleans())
def test_a_fitted_network_stays_as_it_is(x, regression):
    estimator = network(regression)
    y = np.arange(5) % 2
    quiet(lambda: estimator.fit(np.arange(10.0).reshape(5, 2) / 10, y))
    weights = [w.copy() for w in estimator.coefs_]
    for method in ("predict", "score", "fit"):
        arguments = (x.value,) if method == "predict" else (x.value, y)
        _, error = quiet(lambda m=method, a=arguments: getattr(estimator, m)(*a))
        if method != "fit" or error is not None:
            for old, new in zip(weights, estimator.coefs_, strict=True):
                np.testing.assert_array_equal(old, new)
