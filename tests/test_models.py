"""Sequential: training, testing, predicting; what each returns, as Keras 3 has it."""

import threading

import numpy as np
import pytest

from digitnet import losses, metrics
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed, to_categorical


def classifier(device="auto"):
    """Return a small compiled model for 3 classes of 4 numbers."""
    set_random_seed(1)
    model = Sequential(
        [Input((4,)), Dense(8, activation="relu"), Dense(3, activation="softmax")], device=device
    )
    model.compile(SGD(0.2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def data(rng):
    x = rng.standard_normal((60, 4)).astype(np.float32)
    return x, np.argmax(x[:, :3], axis=1)


# --- training and testing


def test_fit_learns_and_reports_by_name(data):
    model = classifier()
    history = model.fit(*data, batch_size=8, epochs=30, verbose=0, validation_split=0.2)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 30 for values in history.history.values())
    assert history.epoch == list(range(30))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert history.history["accuracy"][-1] > 0.9
    assert model.optimizer.iterations == 30 * 6
    assert model.history is history


def test_validation_is_what_evaluate_returns(data):
    x, y = data
    model = classifier()
    history = model.fit(x[:40], y[:40], verbose=0, validation_data=(x[40:], y[40:]))
    loss, accuracy = model.evaluate(x[40:], y[40:], verbose=0)
    assert history.history["val_loss"] == [loss]
    assert history.history["val_accuracy"] == [accuracy]
    again = classifier().fit(x, y, verbose=0, validation_split=1 / 3)
    assert again.history == history.history


def test_evaluate_agrees_with_the_losses_and_metrics_on_arrays(data):
    x, y = data
    model = classifier()
    output = model.predict(x)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(losses.SparseCategoricalCrossentropy()(y, output), rel=1e-5)
    assert accuracy == metrics.SparseCategoricalAccuracy()(y, output)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert model.test_on_batch(x, y) == [loss, accuracy]
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert model.evaluate(x, y, verbose=0) == loss


def test_sample_weights_weigh_the_loss_but_not_the_metrics(data, rng):
    x, y = data
    model = classifier()
    weights = rng.uniform(0, 2, len(x))
    loss, accuracy = model.evaluate(x, y, verbose=0, sample_weight=weights)
    expected = losses.SparseCategoricalCrossentropy()(y, model.predict(x), weights)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert accuracy == model.evaluate(x, y, verbose=0)[1]
    assert [loss, accuracy] == model.evaluate(x, y, verbose=0, sample_weight=weights[:, None])


def test_train_on_batch_returns_the_batch_before_the_step(data):
    model = classifier()
    before = model.evaluate(*data, verbose=0)
    assert model.train_on_batch(*data) == pytest.approx(before, rel=1e-6)
    assert model.evaluate(*data, verbose=0)[0] < before[0]
    assert model.optimizer.iterations == 1
    assert list(model.train_on_batch(*data, return_dict=True)) == ["loss", "accuracy"]


def test_applying_the_gradients_is_one_step_of_training(data):
    one, other = classifier(), classifier()
    gradients = one.gradients(*data)
    np.testing.assert_equal(one.get_weights(), other.get_weights())
    one.apply_gradients(gradients)
    other.train_on_batch(*data)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-7)
    assert one.optimizer.iterations == 1


def test_the_l2_penalty_counts_in_loss_and_gradients(data):
    x, y = data
    model = Sequential([Input((4,)), Dense(3, "softmax", kernel_regularizer="l2")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    kernel = model.layers[0].kernel
    plain = losses.SparseCategoricalCrossentropy()(y, model.predict(x))
    penalty = 0.01 * np.sum(np.square(kernel, dtype=float))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(plain + penalty, rel=1e-5)
    without = Sequential([Input((4,)), Dense(3, "softmax")])
    without.compile("sgd", "sparse_categorical_crossentropy")
    without.set_weights(model.get_weights())
    difference = model.gradients(x, y)[0] - without.gradients(x, y)[0]
    np.testing.assert_allclose(difference, 0.02 * kernel, atol=1e-6)


def test_dropout_is_for_training_only(data):
    x, y = data
    model = Sequential([Input((4,)), Dense(50, "relu"), Dropout(0.5), Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    test, train = model.gradients(x, y)[0], model.gradients(x, y, training=True)[0]
    assert not np.array_equal(test, train)


def test_same_seed_same_bits(data):
    runs = []
    for _ in range(2):
        model = classifier()
        model.fit(*data, batch_size=7, epochs=3, verbose=0)
        runs.append(model.get_weights())
    np.testing.assert_equal(*runs)
    model = classifier()
    model.fit(*data, batch_size=7, epochs=3, verbose=0, shuffle=False)
    assert not np.array_equal(model.get_weights()[0], runs[0][0])


def test_epochs_spellings(data):
    model = classifier()
    assert len(model.fit(*data, nb_epoch=3, verbose=0).epoch) == 3
    assert model.fit(*data, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


def test_inputs_are_not_modified(data):
    x, y = data
    copies, weights = (x.copy(), y.copy()), np.ones(len(x))
    x.flags.writeable = y.flags.writeable = weights.flags.writeable = False
    classifier().fit(x, y, verbose=0, sample_weight=weights)
    np.testing.assert_equal((x, y), copies)


# --- predicting


def test_predict(data):
    model = classifier()
    output = model.predict(data[0])
    assert (output.dtype, output.shape) == (np.float32, (60, 3))
    np.testing.assert_allclose(output.sum(axis=1), 1, rtol=1e-6)
    classes = model.predict_classes(data[0])
    assert (classes.dtype, classes.shape) == (np.int64, (60,))
    np.testing.assert_array_equal(classes, output.argmax(axis=1))


def test_one_output_is_a_yes_or_no(rng):
    x = rng.standard_normal(40)
    model = Sequential([Input((1,)), Dense(1, activation="sigmoid")])
    model.compile(SGD(1.0), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, x > 0, epochs=50, verbose=0)
    np.testing.assert_array_equal(model.predict_classes(x), x > 0)
    assert model.evaluate(x, x > 0, verbose=0)[1] == 1


def test_predict_from_several_threads(data):
    model = classifier()
    expected, results = model.predict(data[0]), []
    threads = [
        threading.Thread(target=lambda: results.append(model.predict(data[0]))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.tolist(),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: np.ascontiguousarray(x[:, ::-1])[:, ::-1],
        lambda x: x[:, :, np.newaxis],
    ],
    ids=["list", "float64", "big-endian", "columns", "every other row", "backwards", "extra axis"],
)
def test_samples_of_any_form(data, convert):
    model = classifier()
    np.testing.assert_array_equal(model.predict(convert(data[0])), model.predict(data[0]))


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int64, np.uint16, np.float16])
def test_samples_of_any_real_dtype(rng, dtype):
    x = rng.integers(0, 2, (10, 4))
    model = classifier()
    expected = model.predict(x.astype(np.float32))
    np.testing.assert_array_equal(model.predict(x.astype(dtype)), expected)
    np.testing.assert_allclose(model.predict(x.astype(np.uint8)), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint64, np.uint8, np.float32, np.float64])
def test_labels_of_any_dtype_and_one_hot_give_the_same_training(data, dtype):
    x, y = data
    one, other = classifier(), classifier()
    other.compile(SGD(0.2), "categorical_crossentropy", metrics=["accuracy"])
    kept = one.fit(x, y.astype(dtype)[:, np.newaxis], verbose=0).history
    one_hot = other.fit(x, to_categorical(y, 3), verbose=0).history
    assert kept["loss"] == pytest.approx(one_hot["loss"], rel=1e-6)
    assert kept["accuracy"] == one_hot["accuracy"]
