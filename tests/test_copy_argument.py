"""``copy=False``: what need not be copied passes, all else is refused by its reason."""

import numpy as np
import pytest

from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential

X = np.random.default_rng(2).random((12, 4, 3), np.float32)
LABELS = np.arange(12, dtype=np.int32) % 3
ROWS = np.eye(3, dtype=np.float32)[LABELS]
WEIGHT = np.linspace(0, 1, 12, dtype=np.float32)


def model_of(loss="sparse_categorical_crossentropy", shape=(4, 3)):
    model = Sequential([Input(shape), Flatten(), Dense(3, "softmax")])
    model.compile("sgd", loss)
    return model


PASS = {
    "plain": X,
    "bytes": (X * 255).astype(np.uint8),
    "rows apart": X.repeat(2, axis=0)[::2],
    "rows backwards": X[::-1],
    "one row, again and again": np.broadcast_to(X[:1], X.shape),
    "every other value": X.repeat(2, axis=2)[:, :, ::2],
    "a missing axis": X[..., np.newaxis],
    "a buffer": memoryview(X),
}
CALLS = {
    "fit": lambda x: model_of().fit(x, LABELS, verbose=0, copy=False),
    "evaluate": lambda x: model_of().evaluate(x, LABELS, verbose=0, copy=False),
    "predict": lambda x: model_of().predict(x, copy=False),
    "validation": lambda x: model_of().fit(
        X, LABELS, verbose=0, copy=False, validation_data=(x, LABELS)
    ),
    "batches of fit": lambda x: model_of().fit([(x, LABELS)], verbose=0, copy=False),
    "batches of evaluate": lambda x: model_of().evaluate([(x, LABELS)], verbose=0, copy=False),
    "batches of predict": lambda x: model_of().predict(iter([(x,)]), copy=False),
    "batches of validation": lambda x: model_of().fit(
        X, LABELS, verbose=0, copy=False, validation_data=iter([(x, LABELS)])
    ),
}


@pytest.mark.parametrize("kind", PASS)
def test_samples_that_pass_are_not_copied(kind):
    for call in CALLS.values():
        call(PASS[kind])
    rows = model_of()._data(PASS[kind], LABELS, None, copy=False).x
    assert np.may_share_memory(rows, np.asarray(PASS[kind]))


def unaligned(x):
    return np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


class Computes:
    """Makes a new array whenever it is asked for one."""

    def __array__(self, dtype=None, copy=None):
        return X.copy()


REFUSED = {
    "float64": (X.astype(float), "as an array of native uint8 or float32 .*: dtype <f8"),
    "float16": (X.astype(np.float16), "dtype <f2"),
    "bool": (X > 0.5, r"dtype \|b1"),
    "big-endian": (X.astype(">f4"), "native uint8 or float32 does not. Received: dtype >f4"),
    "Fortran": (np.asfortranarray(X), r"an array in C order .* \(12, 4, 3\) with strides \(4, 48"),
    "a window": (np.pad(X, 1)[1:-1, 1:-1, 1:-1], "an array in C order"),
    "a column of columns": (X.repeat(2, axis=1)[:, ::2], "an array in C order"),
    "unaligned": (unaligned(X), "an aligned array does not. Received: a field of a packed record"),
    "list": (X.tolist(), "as a NumPy array does not. Received: a list"),
    "tuple": (tuple(X), "as a NumPy array does not. Received: a tuple"),
    "computed": (Computes(), "as a NumPy array .*: a Computes that NumPy copies"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("call", CALLS)
def test_samples_that_are_refused(kind, call):
    x, message = REFUSED[kind]
    with pytest.raises(ValueError, match=f"must need no copy where copy is False, .*{message}"):
        CALLS[call](x)


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (LABELS.astype(np.int64), "sparse_categorical_crossentropy"),
        (LABELS.astype(np.uint8), "sparse_categorical_crossentropy"),
        (LABELS.repeat(2)[::2], "sparse_categorical_crossentropy"),
        (LABELS.tolist(), "sparse_categorical_crossentropy"),
        (ROWS.astype(float), "categorical_crossentropy"),
        (np.asfortranarray(ROWS), "categorical_crossentropy"),
        (unaligned(ROWS), "categorical_crossentropy"),
    ],
)
def test_targets_that_are_refused(y, loss):
    model = model_of(loss)
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"^y must need no copy where copy is False"):
            method(X, y, verbose=0, copy=False)
        method(X, y, verbose=0)


def test_targets_and_weights_that_pass():
    for y, loss in (
        (LABELS, "sparse_categorical_crossentropy"),
        (LABELS[:, np.newaxis], "sparse_categorical_crossentropy"),
        (ROWS, "mse"),
    ):
        model = model_of(loss)
        data = model._data(X, y, WEIGHT, copy=False)
        assert np.shares_memory(data.y, y)
        assert np.shares_memory(data.sample_weight, WEIGHT)
        model.fit(X, y, sample_weight=WEIGHT, verbose=0, copy=False)


@pytest.mark.parametrize("weight", [WEIGHT.astype(float), WEIGHT.repeat(2)[::2], [1.0] * 12])
def test_weights_that_are_refused(weight):
    with pytest.raises(ValueError, match=r"^sample_weight must need no copy where copy is False"):
        model_of().fit(X, LABELS, sample_weight=weight, verbose=0, copy=False)


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    dense = (X * (X > 0.6)).reshape(12, 12)
    matrix = sparse.csr_array(dense)
    model = model_of(shape=(12,))
    expected = model.predict(dense)
    np.testing.assert_array_equal(model.predict(matrix, copy=False), expected)
    wide = sparse.csr_array(
        (matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)), (12, 12)
    )
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    np.testing.assert_array_equal(model.predict(wide, copy=False), expected)
    mixed, backwards = matrix.copy(), matrix.copy()
    mixed.indptr = mixed.indptr.astype(np.int64)
    for i in range(12):
        row = slice(backwards.indptr[i], backwards.indptr[i + 1])
        backwards.indices[row] = backwards.indices[row][::-1].copy()
        backwards.data[row] = backwards.data[row][::-1].copy()
    for bad, message in (
        (matrix.astype(float), r"^x\.data must need no copy .*dtype <f8"),
        (mixed, r"^x\.indptr must need no copy .*dtype <i8"),
        (backwards, "^x must need no copy .* a matrix with its columns in order, each once"),
    ):
        np.testing.assert_array_equal(model.predict(bad), expected)
        with pytest.raises(ValueError, match=message):
            model.predict(bad, copy=False)


@pytest.mark.parametrize("value", [True, 0, 1, "never", np.True_])
def test_other_values(value):
    for call in (
        lambda: model_of().fit(X, LABELS, copy=value),
        lambda: model_of().evaluate(X, LABELS, copy=value),
        lambda: model_of().predict(X, copy=value),
    ):
        with pytest.raises(TypeError, match=r"^copy must be None .* or False .* Received: "):
            call()
    model_of().predict(X, copy=np.False_)


def test_no_copy_changes_no_bit():
    models = [model_of() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    models[1]._core.seed = models[0]._core.seed
    models[0].fit(X, LABELS, epochs=3, batch_size=5, verbose=0)
    models[1].fit(X, LABELS, epochs=3, batch_size=5, verbose=0, copy=False)
    np.testing.assert_equal(models[0].get_weights(), models[1].get_weights())
