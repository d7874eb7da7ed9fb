"""Bad data at every public entry of a model: the exception, its sentence, nothing changed."""

from collections.abc import Iterator

import numpy as np
import pytest

from digitnet.layers import (
    Dense,
    Input,
)
from digitnet.models import Sequential
from digitnet.optimizers import SGD

X = np.ones((6, 4), np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])
ROWS = np.eye(3)[LABELS]


def compiled(loss, outputs=3):
    model = Sequential([Input((4,)), Dense(outputs)])
    model.compile(SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    model.fit(X, LABELS if "sparse" in loss else np.zeros((6, outputs)), verbose=0)
    return model


@pytest.fixture
def sparse():
    return compiled("sparse_categorical_crossentropy")


@pytest.fixture
def dense():
    return compiled("mse")


def put(array, position, value, dtype=float):
    result = np.array(array, dtype=dtype)
    result[position] = value
    return result


BAD_X = [
    (np.ones((6, 5)), ValueError, r"<x> must have shape \(n, 4\)\. Received: shape \(6, 5\)"),
    (np.ones((6, 2, 2)), ValueError, r"<x> must have shape \(n, 4\)"),
    (np.ones(4), ValueError, r"<x> must have shape \(n, 4\)"),
    (np.float32(1), ValueError, "<x> must hold samples along its first axis"),
    (np.ones((0, 4)), ValueError, r"<x> must hold at least one sample.*\(0, 4\)"),
    ([], ValueError, "<x> must hold at least one sample"),
    ([[1, 2, 3, 4], [1, 2]], ValueError, "<x> must be an array with rows of equal length"),
    (put(X, (2, 3), np.nan), ValueError, r"<x> must hold finite numbers.* <x>\[2, 3\] = nan"),
    (put(X, (5, 0), -np.inf, np.float32), ValueError, r"<x>\[5, 0\] = -inf"),
    (
        put(X, (1, 1), 1e300),
        ValueError,
        r"finite numbers only \(in float32\).*<x>\[1, 1\] = 1e\+300",
    ),
    (X.astype(object), TypeError, "<x> must be an array of real numbers.*dtype object"),
    (X.astype(str), TypeError, "<x> must be an array of real numbers.*dtype <U"),
    (X.astype(complex), TypeError, "<x> must be an array of real numbers.*dtype complex128"),
    (X.astype("M8[s]"), TypeError, "<x> must be an array of real numbers.*dtype datetime64"),
    (None, TypeError, "<x> must be an array of real numbers.*NoneType"),
    (np.ma.masked_equal(X, 0), TypeError, "<x> must not be a masked array"),
    ("digits", TypeError, "<x> must be an array of real numbers"),
    (iter([X]), TypeError, "<x> must be an array of real numbers"),
    (put(X, (), 1).astype([("a", "f4")]), TypeError, "<x> must be an array of real numbers"),
]
ENTRIES = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "validation": lambda model, x, y: model.fit(X, LABELS, verbose=0, validation_data=(x, y)),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "gradients": lambda model, x, y: model.gradients(x, y),
    "predict": lambda model, x, y: model.predict(x),
    "predict_classes": lambda model, x, y: model.predict_classes(x),
}


def state(model):
    core = model._core
    return core.get_weights(), core.get_slots(), core.iterations, core.epochs


def refuses(model, call, error, message):
    """Check that the call raises one sentence and leaves the model as it was."""
    before, history = state(model), model.history
    with pytest.raises(error, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
    np.testing.assert_equal(state(model), before)
    assert model.history is history


@pytest.mark.parametrize("entry", ENTRIES)
def test_bad_samples(sparse, entry):
    for x, error, message in BAD_X:
        if entry.startswith("predict") and isinstance(x, Iterator):
            continue  # which gives batches there
        expected = message.replace("<x>", r"validation_data\[0\]" if entry == "validation" else "x")
        refuses(sparse, lambda x=x: ENTRIES[entry](sparse, x, LABELS), error, expected)


@pytest.mark.parametrize(
    "entry", ["fit", "evaluate", "train_on_batch", "test_on_batch", "gradients"]
)
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (LABELS[:5], ValueError, "x and y must hold equally many samples. Received: 6 and 5"),
        (put(LABELS, 4, 3), ValueError, r"integer labels in \[0, 3\).*Received: y\[4\] = 3"),
        (put(LABELS, 4, 3, np.int64), ValueError, r"Received: y\[4\] = 3"),
        (put(LABELS, 4, 2**32 + 1, np.int64), ValueError, r"Received: y\[4\] = 4294967297"),
        (put(LABELS, 4, 2**63, np.uint64), ValueError, r"Received: y\[4\] = 9223372036854775808"),
        (put(LABELS, 1, -1, np.int8), ValueError, r"Received: y\[1\] = -1"),
        (put(LABELS, 0, 0.5), ValueError, r"Received: y\[0\] = 0\.5"),
        (put(LABELS, 3, np.nan), ValueError, r"Received: y\[3\] = nan"),
        (put(LABELS, 3, np.inf), ValueError, r"Received: y\[3\] = inf"),
        (ROWS, ValueError, r"y must hold class labels.*\(6, 3\) \(one-hot rows go with loss='cate"),
        (np.zeros((6, 2)), ValueError, r"y must hold class labels.*Received: shape \(6, 2\)$"),
        ([], ValueError, "y must hold at least one sample"),
        (["a"] * 6, TypeError, "y must be an array of real numbers"),
        (None, TypeError, "y must be given where x is an array. Received: None"),
        (np.ma.masked_equal(LABELS, 0), TypeError, "y must not be a masked array"),
    ],
)  # fmt: skip
def test_bad_labels(sparse, entry, y, error, message):
    refuses(sparse, lambda: ENTRIES[entry](sparse, X, y), error, message)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (
            LABELS,
            ValueError,
            r"y must have shape \(n, 3\).*\(6,\) \(class labels go with loss=",
        ),
        (LABELS[:, None], ValueError, "or through utils.to_categorical"),
        (np.zeros((6, 2)), ValueError, r"y must have shape \(n, 3\).*Received: shape \(6, 2\)$"),
        (ROWS[:4], ValueError, "equally many samples. Received: 6 and 4"),
        (put(ROWS, (2, 1), np.nan), ValueError, r"y must hold finite numbers.*y\[2, 1\] = nan"),
        (ROWS.astype(complex), TypeError, "y must be an array of real numbers"),
    ],
)
def test_bad_rows(dense, y, error, message):
    refuses(dense, lambda: dense.fit(X, y, verbose=0), error, message)
    refuses(dense, lambda: dense.evaluate(X, y, verbose=0), error, message)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.ones(5), ValueError, r"sample_weight must have shape \(6,\).*Received: shape \(5,\)"),
        (np.ones((6, 2)), ValueError, r"sample_weight must have shape \(6,\)"),
        (np.ma.masked_equal(np.ones(6), 0), TypeError, "sample_weight must not be a masked array"),
        (put(np.ones(6), 2, -1), ValueError, r"must not be negative.*sample_weight\[2\] = -1"),
        (put(np.ones(6), 2, np.nan), ValueError, r"finite numbers only.*sample_weight\[2\] = nan"),
        (["1"] * 6, TypeError, "sample_weight must be an array of real numbers"),
    ],
)
def test_bad_sample_weights(sparse, weights, error, message):
    for call in (
        lambda: sparse.fit(X, LABELS, verbose=0, sample_weight=weights),
        lambda: sparse.evaluate(X, LABELS, verbose=0, sample_weight=weights),
        lambda: sparse.train_on_batch(X, LABELS, weights),
        lambda: sparse.gradients(X, LABELS, weights),
    ):
        refuses(sparse, call, error, message)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be a positive integer. Received: 0"),
        ({"batch_size": -5}, ValueError, "batch_size must be a positive integer"),
        ({"batch_size": 2.0}, TypeError, r"batch_size must be a positive integer.*2\.0 \(float\)"),
        ({"batch_size": True}, TypeError, "batch_size must be a positive integer"),
        ({"batch_size": 2**40}, ValueError, "batch_size must be at most"),
        ({"epochs": -1}, ValueError, "epochs must be an integer, 0 or more"),
        ({"epochs": "3"}, TypeError, "epochs must be an integer, 0 or more"),
        ({"nb_epoch": -1}, ValueError, "nb_epoch must be an integer, 0 or more"),
        ({"nb_epoch": 3, "epochs": 2}, ValueError, "epochs and nb_epoch say the same"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be an integer, 0 or more"),
        ({"shuffle": "yes"}, TypeError, "shuffle must be True or False"),
        ({"verbose": 3}, ValueError, "verbose must be 0, 1, 2 or 'auto'. Received: 3"),
        ({"verbose": None}, TypeError, "verbose must be 0, 1, 2 or 'auto'. Received: None"),
        ({"verbose": 0.0}, TypeError, "verbose must be 0, 1, 2 or 'auto'. Received: 0.0"),
        ({"callbacks": 3}, TypeError, r"callbacks must be a list of .*Received: 3 \(int\)"),
        ({"validation_split": 1.0}, ValueError, "validation_split must be a number >= 0 and < 1"),
        ({"validation_split": 0.99}, ValueError, "validation_split must leave samples for train"),
        ({"validation_split": "half"}, TypeError, "validation_split must be a number"),
        ({"validation_data": X}, TypeError, "validation_data must be a tuple"),
        ({"validation_data": (X,)}, ValueError, "validation_data must be a tuple.*1 items"),
        ({"validation_data": (X, LABELS[:3])}, ValueError, r"validation_data\[1\] must hold equ"),
        ({"validation_data": (X, LABELS, [1])}, ValueError, r"validation_data\[2\] must have sh"),
    ],
)
def test_bad_fit_arguments(sparse, arguments, error, message):
    refuses(sparse, lambda: sparse.fit(X, LABELS, **{"verbose": 0, **arguments}), error, message)


def test_numpy_numbers_are_numbers(sparse):
    numbers = {"batch_size": np.int64(2), "epochs": np.uint8(2), "verbose": np.int64(0)}
    history = sparse.fit(X, LABELS, **numbers)
    assert history.epoch == [0, 1]


WEIGHTS = [np.ones((4, 3)), np.ones(3)]


@pytest.mark.parametrize("entry", ["set_weights", "apply_gradients"])
@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        (WEIGHTS[:1], ValueError, "must hold 2 arrays. Received: 1"),
        ([WEIGHTS[0].T, WEIGHTS[1]], ValueError, r"\[0\] must have shape \(4, 3\).*\(3, 4\)"),
        ([WEIGHTS[0], np.ones((3, 1))], ValueError, r"\[1\] must have shape \(3,\)"),
        ([WEIGHTS[0], [1, 2, np.nan]], ValueError, r"\[1\]\[2\] = nan"),
        ([put(WEIGHTS[0], (3, 2), 1e39), WEIGHTS[1]], ValueError, r"\[0\]\[3, 2\] = 1e\+39"),
        ([WEIGHTS[0], ["a", "b", "c"]], TypeError, r"\[1\] must be an array of real numbers"),
        (np.ones(2), TypeError, "must be a list of arrays. Received: ndarray"),
        (None, TypeError, "must be a list of arrays"),
    ],
)
def test_bad_weights_and_gradients(sparse, entry, arrays, error, message):
    refuses(sparse, lambda: getattr(sparse, entry)(arrays), error, message)
    if entry == "set_weights":
        refuses(sparse, lambda: sparse.layers[0].set_weights(arrays), error, message)
