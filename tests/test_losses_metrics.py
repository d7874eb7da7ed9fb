"""Losses and metrics on arrays, against formulas written out, and against the core in a model."""

import numpy as np
import pytest

from digitnet import _core, losses, metrics
from digitnet.layers import Dense, Input
from digitnet.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from digitnet.models import Sequential

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
ONE_HOT = np.array([[1, 0, 0], [0, 1, 0]])
LABELS = [0, 1]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- values


def test_cross_entropies():
    expected = -(np.log(0.7) + np.log(0.3)) / 2
    assert CategoricalCrossentropy()(ONE_HOT, P) == pytest.approx(expected)
    assert SparseCategoricalCrossentropy()(LABELS, P) == pytest.approx(expected)
    assert SparseCategoricalCrossentropy()([[0.0], [1.0]], P) == pytest.approx(expected)


def test_probabilities_are_rescaled_to_sum_one_and_clipped():
    assert CategoricalCrossentropy()(ONE_HOT, 5 * P) == pytest.approx(-np.log(0.21) / 2)
    assert CategoricalCrossentropy()([[1, 0]], [[0, 1]]) == pytest.approx(-np.log(1e-7))
    assert BinaryCrossentropy()([1], [0]) == pytest.approx(-np.log(1e-7))


def test_label_smoothing():
    smooth = ONE_HOT * 0.9 + 0.1 / 3
    expected = -(smooth * np.log(P)).sum(axis=1).mean()
    assert CategoricalCrossentropy(label_smoothing=0.1)(ONE_HOT, P) == pytest.approx(expected)
    assert SparseCategoricalCrossentropy(label_smoothing=0.1)(LABELS, P) == pytest.approx(expected)
    binary = -(0.95 * np.log(0.7) + 0.05 * np.log(0.3))
    assert BinaryCrossentropy(label_smoothing=0.1)([1], [0.7]) == pytest.approx(binary)


@pytest.mark.parametrize("size", [1.0, 1000.0])
def test_logits(rng, size):
    z = size * rng.standard_normal((5, 3))
    labels = [0, 1, 2, 0, 1]
    from_p = -np.log(np.maximum(softmax(z)[range(5), labels], 1e-300)).mean()
    result = SparseCategoricalCrossentropy(from_logits=True)(labels, z)
    assert np.isfinite(result)
    if size == 1:
        assert result == pytest.approx(from_p)
        targets = rng.integers(2, size=(5, 3))
        plain = BinaryCrossentropy()(targets, 1 / (1 + np.exp(-z)))
        assert BinaryCrossentropy(from_logits=True)(targets, z) == pytest.approx(plain)


def test_regression_losses():
    y, t = [[1.0, -3.0], [0.0, 0.5]], [[0.0, 0.0], [0.0, 0.0]]
    assert MeanSquaredError()(t, y) == pytest.approx((1 + 9 + 0.25) / 4)
    assert MeanAbsoluteError()(t, y) == pytest.approx(4.5 / 4)
    assert Huber()(t, y) == pytest.approx((0.5 + 2.5 + 0.125) / 4)
    assert Huber(2.0)(t, y) == pytest.approx((0.5 + 4 + 0.125) / 4)
    assert MeanSquaredError()([1, 2], [[2], [4]]) == pytest.approx(2.5)


def test_sample_weights_divide_by_the_number_of_samples():
    assert MeanSquaredError()([0, 0], [1, 2], [3, 0.5]) == pytest.approx((3 + 2) / 2)
    assert MeanSquaredError()([0, 0], [1, 2], [[3], [0.5]]) == pytest.approx((3 + 2) / 2)
    assert MeanSquaredError().rows([0, 0], [1, 2]).tolist() == [1, 4]


def test_metrics():
    assert metrics.CategoricalAccuracy()(ONE_HOT, P) == 0.5
    assert metrics.SparseCategoricalAccuracy()(LABELS, P) == 0.5
    assert metrics.BinaryAccuracy()([1, 0, 1, 0], [0.6, 0.6, 0.5, 0.2]) == 0.5
    assert metrics.MeanSquaredError()([0, 0], [1, 2]) == 2.5
    assert metrics.MeanAbsoluteError()([0, 0], [1, -2]) == 1.5


def test_accuracy_fits_the_targets():
    accuracy = metrics.get("accuracy")
    assert accuracy(ONE_HOT, P) == accuracy(LABELS, P) == accuracy([[0], [1]], P) == 0.5
    assert accuracy([1, 0], [0.9, 0.8]) == accuracy([[1], [0]], [[0.9], [0.8]]) == 0.5


# --- the core computes the same


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        (CategoricalCrossentropy(), "softmax"),
        (CategoricalCrossentropy(), "sigmoid"),
        (CategoricalCrossentropy(True, 0.2), "linear"),
        (SparseCategoricalCrossentropy(), "softmax"),
        (SparseCategoricalCrossentropy(), "softplus"),
        (SparseCategoricalCrossentropy(True, label_smoothing=0.2), "linear"),
        (BinaryCrossentropy(), "sigmoid"),
        (BinaryCrossentropy(True, 0.2), "linear"),
        (MeanSquaredError(), "tanh"),
        (MeanAbsoluteError(), "relu"),
        (Huber(0.3), "linear"),
    ],
    ids=repr,
)
def test_a_model_reports_the_loss_and_metrics_of_its_output(rng, loss, activation):
    x = rng.standard_normal((31, 6))
    labels = rng.integers(4, size=31)
    y = labels if loss.takes_labels else np.eye(4)[labels]
    model = Sequential([Input((6,)), Dense(4, activation, bias_initializer="random_normal")])
    names = ["accuracy"] if loss.takes_labels else ["acc", "binary_accuracy", "mse", "mae"]
    model.compile("sgd", loss, metrics=names)
    output = model.predict(x)
    result = model.evaluate(x, y, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(loss(y, output), rel=1e-5)
    for name in names:
        assert result[name] == pytest.approx(metrics.get(name)(y, output), rel=1e-5)


@pytest.mark.parametrize(
    ("activation", "loss", "y", "kernel", "expected"),
    [
        ("softmax", CategoricalCrossentropy(), [[0, 1]], [[30, -30]], 60),
        ("softmax", SparseCategoricalCrossentropy(), [1], [[30, -30]], 60),
        ("sigmoid", BinaryCrossentropy(), [[1]], [[-30]], 30),
    ],
)
def test_probabilities_below_the_clip_keep_their_loss_in_a_model(
    activation, loss, y, kernel, expected
):
    model = Sequential([Input((1,)), Dense(len(kernel[0]), activation, use_bias=False)])
    model.set_weights([kernel])
    model.compile("sgd", loss)
    assert model.evaluate([1], y, verbose=0) == pytest.approx(expected, rel=1e-6)
    clipped = -np.log(1e-7)  # what Keras 3.15 reports on JAX: 16.118
    assert loss(y, model.predict([1])) == pytest.approx(clipped, rel=1e-6)
    assert loss(y, model.predict([1])) == pytest.approx(16.118096, rel=1e-6)


def test_the_core_knows_these_names_and_no_others():
    assert {losses.get(name).kind for name in _core.LOSSES} == set(_core.LOSSES)
    assert {metrics.get(name).kind for name in _core.METRICS} == set(_core.METRICS)


# --- names and configurations


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mse", MeanSquaredError),
        ("MSE", MeanSquaredError),
        ("MeanSquaredError", MeanSquaredError),
        ("mae", MeanAbsoluteError),
        ("bce", BinaryCrossentropy),
        ("huber", Huber),
        (Huber, Huber),
        ({"class_name": "Huber", "config": {"delta": 2.0}}, Huber),
    ],
)
def test_losses_by_name(name, kind):
    assert type(losses.get(name)) is kind


def test_configurations():
    loss = CategoricalCrossentropy(True, 0.25)
    name = {"name": "categorical_crossentropy"}
    assert loss.get_config() == {"from_logits": True, "label_smoothing": 0.25, **name}
    assert MeanSquaredError(name="distance").get_config() == {"name": "distance"}
    assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()
    assert repr(Huber(2.0)) == "Huber(delta=2.0, name='huber')"


def test_metrics_keep_the_name_the_user_wrote():
    model = Sequential([Input((2,)), Dense(2)])
    named = metrics.MeanAbsoluteError(name="distance")
    model.compile("sgd", "mse", metrics=["acc", "mse", "accuracy", "accuracy", named])
    expected = ["loss", "acc", "mse", "accuracy", "accuracy_1", "distance"]
    assert model.metrics_names == expected
    result = model.test_on_batch(np.ones((3, 2)), np.ones((3, 2)), return_dict=True)
    assert list(result) == expected


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.get("mean"), ValueError, "loss must be one of categorical_cross.* 'mean'"),
        (lambda: losses.get(3), TypeError, "loss must be a name"),
        (lambda: metrics.get("auc"), ValueError, "metric must be one of accuracy, .*'auc'"),
        (lambda: metrics.get(np.mean), TypeError, "metric must be a name"),
        (lambda: Huber(0), ValueError, "delta must be a number > 0"),
        (lambda: Huber("1"), TypeError, "delta must be a number > 0"),
        (lambda: BinaryCrossentropy(label_smoothing=2), ValueError, "label_smoothing must be"),
        (lambda: BinaryCrossentropy(from_logits=0.1), TypeError, "from_logits must be True or"),
        (lambda: MeanSquaredError()([1, 2], [1, 2, 3]), ValueError, "y_true must have the shape"),
        (lambda: MeanSquaredError()([], []), ValueError, "y_true must hold at least one sample"),
        (lambda: MeanSquaredError()(["a"], [1]), TypeError, "y_true must be an array of real"),
        (lambda: MeanSquaredError()([1], [[[1]]]), ValueError, r"y_pred must have shape \(n, out"),
        (lambda: MeanSquaredError()([1], [1], [1, 2]), ValueError, "sample_weight must have shape"),
        (lambda: SparseCategoricalCrossentropy()([3, 0], P), ValueError, "3 at position 0"),
        (lambda: SparseCategoricalCrossentropy()([0, 0.5], P), ValueError, "0.5 at position 1"),
        (lambda: SparseCategoricalCrossentropy()([0], P), ValueError, "y_true must hold 2 labels"),
        (lambda: metrics.SparseCategoricalAccuracy()([0, -1], P), ValueError, "-1 at position 1"),
        (lambda: MeanSquaredError()([1], [1], [-1]), ValueError, "sample_weight must not be nega"),
        (lambda: MeanSquaredError()([1], [1], ["1"]), TypeError, "sample_weight must be an array"),
        (lambda: MeanSquaredError()([[1], [1, 2]], [1]), ValueError, "y_true must be an array wi"),
        (lambda: MeanSquaredError()([1], [1j]), TypeError, "y_pred must be an array of real num"),
        (lambda: Huber()(3, 4), ValueError, "y_true must hold samples along its first axis"),
        (lambda: metrics.Accuracy()(3, 4), ValueError, "y_true must hold samples along its first"),
        (lambda: metrics.BinaryAccuracy(""), ValueError, "name must not be empty"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
