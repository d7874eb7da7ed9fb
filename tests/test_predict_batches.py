"""`predict` on batches that the caller makes, and on the first batches of an array."""

import importlib.util
import inspect

import numpy as np
import pytest

from digitnet.callbacks import Callback
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential
from training_cases import BATCH, BATCHES, Loader, X, Y, model_of


class Dataset:
    """What `keras.utils.PyDataset` is made of."""

    def __len__(self):
        return len(BATCHES)

    def __getitem__(self, i):
        return BATCHES[i]


SOURCES = {
    "loader": Loader,
    "dataset": Dataset,
    "generator": lambda: (batch for batch in BATCHES),
    "alone": lambda: (x for x, _ in BATCHES),
    "in tuples": lambda: ((x,) for x, _ in BATCHES),
    "in lists": lambda: ([x] for x, _ in BATCHES),
    "with weights": lambda: ((x, y, np.ones(len(x))) for x, y in BATCHES),
    "map": lambda: map(tuple, BATCHES),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_the_bits_of_one_array(kind):
    model = model_of()
    expected = model.predict(X)
    for steps in (None, 4):
        found = model.predict(SOURCES[kind](), steps=steps)
        np.testing.assert_array_equal(found, expected, strict=True)
    np.testing.assert_array_equal(model.predict(SOURCES[kind](), steps=2), expected[: 2 * BATCH])
    np.testing.assert_array_equal(model.predict_classes(SOURCES[kind]()), expected.argmax(axis=1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_batches_of_an_array(dtype):
    model, x = model_of(), X.astype(dtype)
    expected = model.predict(x)
    for size, steps, rows in ((None, 1, 32), (BATCH, 2, 2 * BATCH), (BATCH, 4, 50), (1, 7, 7)):
        found = model.predict(x, size, steps=steps)
        np.testing.assert_array_equal(found, expected[:rows], strict=True)
    np.testing.assert_array_equal(model.predict(x, 7, 0, 3), expected[:21])  # Keras' order
    with pytest.warns(UserWarning, match="x ran out of data: it gave 8 of the 99") as caught:
        np.testing.assert_array_equal(model.predict(x, 7, steps=99), expected)
    assert caught[0].filename == __file__


def test_a_list_is_an_array():
    model = model_of()
    np.testing.assert_array_equal(model.predict(X.tolist()), model.predict(X))
    np.testing.assert_array_equal(model.predict(tuple(X)), model.predict(X))
    with pytest.raises(ValueError, match=r"x must have shape \(n, 6\)\. Received: shape \(2, 5, 6"):
        model.predict([X[:5], X[5:10]])


def test_sparse_batches():
    sparse = pytest.importorskip("scipy.sparse")
    model = model_of()
    batches = [(sparse.csr_array(x), y) for x, y in BATCHES]
    np.testing.assert_array_equal(model.predict(iter(batches)), model.predict(X))
    matrix = sparse.csr_array(X)
    np.testing.assert_array_equal(model.predict(matrix, BATCH, steps=2), model.predict(X)[:32])


def test_data_that_run_out():
    model = model_of()
    with pytest.warns(UserWarning, match="x ran out of data: it gave 4 of the 6 batches") as caught:
        found = model.predict(Loader(), steps=6)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found, model.predict(X))


def test_no_more_is_drawn_than_needed():
    drawn = []

    def endless():
        while True:
            drawn.append(len(drawn))
            yield BATCHES[0]

    assert model_of().predict(endless(), steps=5).shape == (5 * BATCH, 3)
    assert drawn == list(range(5))


def test_a_model_that_is_not_built_yet(rng):
    for batches in (iter([rng.random((4, 2, 3))] * 2), Loader()):
        model = Sequential([Flatten(), Dense(2)])
        outputs = model.predict(batches)
        assert outputs.shape[1] == 2
        assert model.built


def test_outputs_that_are_not_flat(rng):
    model = Sequential([Input((2, 3))])
    model.add(Flatten())
    model.pop()
    model.add(__import__("digitnet").layers.Rescaling(2.0))
    x = rng.random((4, 2, 3), np.float32)
    np.testing.assert_array_equal(model.predict(iter([x, x])), np.concatenate([x, x]) * 2)


class Notes(Callback):
    def __init__(self):
        super().__init__()
        self.calls, self.outputs = [], []

    def on_predict_begin(self, logs=None):
        self.calls.append(("begin", dict(self.params)))

    def on_predict_batch_begin(self, batch, logs=None):
        self.calls.append(batch)

    def on_predict_batch_end(self, batch, logs=None):
        self.outputs.append(logs["outputs"])

    def on_predict_end(self, logs=None):
        self.calls.append("end")


@pytest.mark.parametrize("kind", ["arrays", "generator"])
def test_callbacks_are_told(kind):
    model, notes = model_of(), Notes()
    x = X if kind == "arrays" else SOURCES[kind]()
    outputs = model.predict(x, BATCH, steps=3, callbacks=notes)
    known = {"steps": 3, "samples": 48 if kind == "arrays" else None}
    assert notes.calls == [("begin", {"epochs": 1, "verbose": 0} | known), 0, 1, 2, "end"]
    np.testing.assert_array_equal(np.concatenate(notes.outputs), outputs)


def test_the_line(capsys):
    model_of().predict(Loader(), verbose=2)
    assert capsys.readouterr().out == "50 samples - 0s\n"
    model_of().predict(X, verbose=2, steps=1)
    assert capsys.readouterr().out == "32/32 - 0s\n"


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (iter(()), ValueError, "x must give at least one batch. Received: an empty tuple_iterator"),
        (iter([X, X[:, :2]]), ValueError, r"x of x's batch 1 must have shape \(n, 6\)"),
        (iter([X * np.nan]), ValueError, "x of x's batch 0 must hold finite numbers"),
        (iter([(X, X, X, X)]), ValueError, "Received: a tuple of 4 as batch 0"),
        (iter([()]), ValueError, "Received: a tuple of 0 as batch 0"),
        (iter([None]), TypeError, "x of x's batch 0 must be an array of real numbers"),
        (iter(["abc"]), TypeError, "x of x's batch 0 must be an array of real numbers"),
        (iter([X[0]]), ValueError, r"x of x's batch 0 must have shape \(n, 6\)"),
        ({"x": X}, TypeError, "x must be an array of real numbers"),
    ],
)
def test_mistakes(x, error, message):
    with pytest.raises(error, match=message):
        model_of().predict(x)


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, "all"])
def test_bad_steps(steps):
    with pytest.raises((TypeError, ValueError), match="steps must be a positive integer"):
        model_of().predict(X, steps=steps)


def test_predict_on_batch():
    model = model_of()
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X), strict=True)
    assert model.train_on_batch(X, Y, None, None, True).keys() == {"loss", "accuracy"}
    assert model.test_on_batch(X, Y, None, True).keys() == {"loss", "accuracy"}


# --- other libraries' loaders


def test_a_loader_of_pytorch():
    torch = pytest.importorskip("torch")
    from torch.utils.data import DataLoader, TensorDataset

    model = model_of()
    for tensors in ([torch.tensor(X), torch.tensor(Y)], [torch.tensor(X)]):
        loader = DataLoader(TensorDataset(*tensors), batch_size=BATCH)
        np.testing.assert_array_equal(model.predict(loader, copy=False), model.predict(X))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_datasets_of_keras_and_of_tensorflow():
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    import tensorflow as tf
    from keras.utils import PyDataset

    class Batches(PyDataset):
        __len__ = BATCHES.__len__

        def __getitem__(self, i):
            return BATCHES[i]

    model = model_of()
    with_targets = tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)
    alone = tf.data.Dataset.from_tensor_slices(X).batch(BATCH)
    for source in (Batches(), with_targets, alone):
        np.testing.assert_array_equal(model.predict(source), model.predict(X))
    np.testing.assert_array_equal(model.predict(alone, steps=2), model.predict(X[: 2 * BATCH]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    ["fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"],
)
def test_the_arguments_stand_where_they_stand_in_keras(name):
    keras = pytest.importorskip("keras")
    ours, theirs = (
        [
            parameter.name
            for parameter in inspect.signature(getattr(cls, name)).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        for cls in (Sequential, keras.Model)
    )
    assert ours == theirs
