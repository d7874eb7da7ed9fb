"""``class_weight``: the bits of the same weights given by sample, and Keras' meaning of it."""

import importlib.util
import os

import numpy as np
import pytest

from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from training_cases import BATCH, Loader, X, Y, model_of, state_of

WEIGHTS = {0: 0.25, 2: 3.1}
BY_SAMPLE = np.array([WEIGHTS.get(label, 1.0) for label in Y])
OWN = np.linspace(0.5, 2, len(X), dtype=np.float32)
ROWS = np.eye(3, dtype=np.float32)[Y]


def rows_model(outputs=3, loss="categorical_crossentropy"):
    model = Sequential([Input((6,)), Dense(outputs, "softmax" if outputs > 1 else "sigmoid")])
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    model._seed = model._core.seed = 5
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("own", [None, OWN], ids=["alone", "times sample_weight"])
@pytest.mark.parametrize("source", ["arrays", "list", "loader", "generator", "train_on_batch"])
def test_labels(own, source):
    def train(class_weight, weight):
        model = model_of()
        part = [slice(i, i + BATCH) for i in range(0, len(X), BATCH)]
        batches = [(X[p], Y[p]) if weight is None else (X[p], Y[p], weight[p]) for p in part]
        settings = {"verbose": 0, "epochs": 2, "class_weight": class_weight}
        if source == "arrays":
            model.fit(X, Y, sample_weight=weight, batch_size=BATCH, **settings)
        elif source == "train_on_batch":
            model.train_on_batch(X, Y, weight, class_weight)
        elif source == "loader":
            loader = Loader()
            type(loader).__iter__, before = lambda self: iter(batches), type(loader).__iter__
            try:
                model.fit(loader, **settings)
            finally:
                type(loader).__iter__ = before
        elif source == "generator":
            model.fit(iter(batches * 2), steps_per_epoch=len(batches), **settings)
        else:
            model.fit(batches, **settings)
        return state_of(model)

    expected = train(None, BY_SAMPLE if own is None else BY_SAMPLE * own)
    assert train(WEIGHTS, own) == expected
    assert train(None, own) != expected
    assert train({}, own)[0] == train({0: 1, 1: 1.0}, own)[0] == train(None, own)[0]
    assert train({np.int64(k): np.float64(v) for k, v in WEIGHTS.items()}, own) == expected


def test_rows_and_single_outputs():
    soft = ROWS * 0.9 + 0.05
    binary = (Y == 1).astype(float)
    for outputs, loss, y, weights in (
        (3, "categorical_crossentropy", ROWS, BY_SAMPLE),
        (3, "mse", soft, BY_SAMPLE),
        (1, "binary_crossentropy", binary, np.where(binary, 1.0, 0.25)),
        (1, "mse", binary[:, np.newaxis] * 0.6 + 0.2, np.where(binary, 1.0, 0.25)),
    ):
        one, other = rows_model(outputs, loss), rows_model(outputs, loss)
        one.fit(X, y, class_weight=WEIGHTS if outputs > 1 else {0: 0.25}, verbose=0)
        other.fit(X, y, sample_weight=weights, verbose=0)
        assert state_of(one) == state_of(other), loss


def test_validation_is_not_weighted():
    one, other = model_of(), model_of()
    split = one.fit(X, Y, validation_split=0.3, class_weight=WEIGHTS, epochs=2, verbose=0)
    given = other.fit(
        X[:35], Y[:35], sample_weight=BY_SAMPLE[:35], validation_data=(X[35:], Y[35:]), epochs=2,
        verbose=0,
    )  # fmt: skip
    assert split.history == given.history
    assert state_of(one) == state_of(other)
    scores = one.evaluate(X[35:], Y[35:], verbose=0)
    assert [values[-1] for name, values in split.history.items() if "val" in name] == scores


def test_a_model_that_is_not_built_yet():
    for fit in (
        lambda model: model.fit(X, Y, class_weight=WEIGHTS, verbose=0),
        lambda model: model.fit(iter([(X, Y)]), class_weight=WEIGHTS, verbose=0),
        lambda model: model.train_on_batch(X, Y, class_weight=WEIGHTS),
    ):
        model = Sequential([Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        fit(model)
        assert model.built


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ("balanced", TypeError, "class_weight must be a dict .* Received: 'balanced'$"),
        ([1.0, 2.0], TypeError, r"class_weight must be a dict .* Received: a list$"),
        (np.ones(5000), TypeError, r"dict\(enumerate\(weights\)\)\. Received: a ndarray$"),
        (
            {3: 1.0},
            ValueError,
            r"class_weight's keys must be .* integers in \[0, 3\)\. Received: 3",
        ),
        ({-1: 1.0}, ValueError, "class_weight's keys must be classes"),
        ({"0": 1.0}, TypeError, r"class_weight's keys must be classes, .* '0' \(str\)"),
        ({0.0: 1.0}, TypeError, r"class_weight's keys must be classes, .* 0\.0 \(float\)"),
        ({True: 1.0}, TypeError, r"class_weight's keys must be classes, .* True \(bool\)"),
        ({1: -0.5}, ValueError, r"class_weight\[1\] must be a number >= 0"),
        ({1: np.nan}, ValueError, r"class_weight\[1\] must be a number >= 0, finite"),
        ({1: np.inf}, ValueError, r"class_weight\[1\] must be a number >= 0, finite"),
        ({1: 1e300}, ValueError, r"class_weight\[1\] must be a number >= 0, finite"),
        ({1: None}, TypeError, r"class_weight\[1\] must be a number >= 0"),
    ],
)
def test_mistakes(weights, error, message):
    model = model_of()
    before = state_of(model)
    for call in (
        lambda: model.fit(X, Y, class_weight=weights, verbose=0),
        lambda: model.fit([(X, Y)], class_weight=weights, verbose=0),
        lambda: model.train_on_batch(X, Y, class_weight=weights),
    ):
        with pytest.raises(error, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
        assert state_of(model) == before
    unbuilt = Sequential([Dense(3, "softmax")])
    unbuilt.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(error, match=message):
        unbuilt.fit(X, Y, class_weight=weights, verbose=0)
    assert not unbuilt.built


def test_products_beyond_float32():
    heavy = np.full(len(X), 1e20)
    message = (
        r"class_weight times sample_weight must be finite .* 1e\+50 for the sample of y\[\d+\]"
    )
    with pytest.raises(ValueError, match=message):
        model_of().fit(X, Y, sample_weight=heavy, class_weight={1: 1e30}, verbose=0)


def test_targets_of_one_output_that_are_no_classes():
    model = rows_model(1, "mse")
    with pytest.raises(ValueError, match=r"y must hold 0 or 1 where .* Received: y\[3\] = 5\.0"):
        model.fit(X, np.eye(50)[3] * 5, class_weight={0: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="y of x's batch 1 must hold 0 or 1 where class_weight"):
        model.fit([(X, Y == 1), (X, Y)], class_weight={0: 2.0}, shuffle=False, verbose=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ["labels", "rows", "one output"])
def test_keras_means_the_same(case):
    """The same weights and history after three epochs, to float32's rounding of 12 steps."""
    backends = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]
    if backends:
        os.environ.setdefault("KERAS_BACKEND", backends[0])
    keras = pytest.importorskip("keras")
    loss, y, outputs = {
        "labels": ("sparse_categorical_crossentropy", Y, 3),
        "rows": ("categorical_crossentropy", ROWS, 3),
        "one output": ("binary_crossentropy", (Y == 1).astype(np.float32)[:, np.newaxis], 1),
    }[case]
    ours = rows_model(outputs, loss)
    activation = "softmax" if outputs > 1 else "sigmoid"
    theirs = keras.Sequential([keras.Input((6,)), keras.layers.Dense(outputs, activation)])
    theirs.set_weights(ours.get_weights())
    weights = {0: 0.25, 1: 3.1}  # of three classes, the third counts 1
    settings = {"batch_size": BATCH, "epochs": 3, "shuffle": False, "verbose": 0}
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", loss, metrics=["accuracy"])
        validation = (X[:20], y[:20])
        history = model.fit(X, y, class_weight=weights, validation_data=validation, **settings)
        histories.append(history.history)
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=2e-6, err_msg=name)
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)
    plain = rows_model(outputs, loss)
    plain.compile("sgd", loss, metrics=["accuracy"])
    unweighted = plain.fit(X, y, **settings).history["loss"]
    assert np.abs(np.subtract(unweighted, histories[0]["loss"])).min() > 0.01
