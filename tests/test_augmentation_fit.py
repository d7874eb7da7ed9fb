"""`fit(augmentation=…)` trains each epoch on that epoch's copies, and changes nothing else."""

import re
import tracemalloc

import numpy as np
import pytest

from digitnet import _core, config
from digitnet.augmentation import ElasticDistortion, ImageAugmentation
from digitnet.callbacks import BackupAndRestore, Callback, LambdaCallback
from digitnet.layers import Dense, Dropout, Flatten, Input, Rescaling
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed

AUGMENT = ImageAugmentation(0.1, 20, 0.2, 10, ElasticDistortion(6, 2), seed=5)


def a_model(shape=(9, 8), device="cpu"):
    """Return a compiled network, the same every time."""
    set_random_seed(1)
    layers = [Input(shape), Flatten(), Rescaling(1 / 255), Dense(12, "tanh"), Dropout(0.2)]
    model = Sequential([*layers, Dense(3, "softmax")], device=device)
    model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def data(rng):
    """Return 50 images of bytes with labels, and 20 more."""
    x = rng.integers(0, 256, (70, 9, 8), dtype=np.uint8)
    y = rng.integers(0, 3, 70)
    return x[:50], y[:50], x[50:], y[50:]


def by_hand(model, x, y, epochs, augment=AUGMENT, first=0, **arguments):
    """Train as `fit` should, with one call for each epoch's copies."""
    history = {}
    for epoch in range(first, epochs):
        copies = augment(x, epoch)
        arguments |= {"batch_size": 16, "verbose": 0}
        logs = model.fit(copies, y, initial_epoch=epoch, epochs=epoch + 1, **arguments).history
        history = {name: history.get(name, []) + values for name, values in logs.items()}
    return history


def assert_same(model, other):
    """Compare the weights to the last bit."""
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("hooks", [False, True], ids=["epochs", "batches"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "bool"])
def test_every_epoch_trains_on_its_own_copies(data, dtype, hooks):
    x, y, x_test, y_test = data
    x = x > 127 if dtype == "bool" else x.astype(dtype)
    before = x.copy()
    model, other = a_model(), a_model()
    watch = [LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if hooks else None
    arguments = {"validation_data": (x_test, y_test), "callbacks": watch}
    history = model.fit(
        x, y, batch_size=16, epochs=4, verbose=0, augmentation=AUGMENT, **arguments
    ).history
    assert history == by_hand(other, x, y, 4, **arguments)
    assert_same(model, other)
    np.testing.assert_array_equal(x, before)


def test_the_order_of_the_samples_is_that_without_augmentation(data):
    x, y, *_ = data
    model, other = a_model(), a_model()
    nothing = ImageAugmentation(seed=3)
    model.fit(x, y, batch_size=16, epochs=3, verbose=0, augmentation=nothing)
    other.fit(x, y, batch_size=16, epochs=3, verbose=0)
    assert_same(model, other)


def test_it_goes_on_where_it_ended(data):
    x, y, *_ = data
    model, other = a_model(), a_model()
    arguments = {"batch_size": 16, "verbose": 0, "augmentation": AUGMENT}
    model.fit(x, y, epochs=5, **arguments)
    other.fit(x, y, epochs=2, **arguments)
    other.fit(x, y, epochs=5, initial_epoch=2, **arguments)
    assert_same(model, other)


def test_any_threads_and_a_file_in_the_middle(data, tmp_path, threads_as_before):
    x, y, x_test, y_test = data
    arguments = {"batch_size": 16, "verbose": 0, "validation_data": (x_test, y_test)}

    def training(threads, halt):
        config.set_num_threads(threads)
        model = a_model()
        # Its seed is the next one of set_random_seed's.
        augment = ImageAugmentation(0.1, 20, 0.2, 10, ElasticDistortion(6, 2))
        first = model.fit(x, y, epochs=halt, augmentation=augment, **arguments).history
        model.save(tmp_path / "half.safetensors")
        model = load_model(tmp_path / "half.safetensors")
        config.set_num_threads(9 - threads)
        rest = model.fit(
            x, y, epochs=4, initial_epoch=halt, augmentation=augment, **arguments
        ).history
        history = {name: first.get(name, []) + rest.get(name, []) for name in {*first, *rest}}
        return [w.tobytes() for w in model.get_weights()], history, model.predict(x).tobytes()

    whole = training(1, 4)
    assert len(whole[1]["val_loss"]) == 4
    for threads in (1, 2, 3, 4, 8):
        assert training(threads, 1 + threads % 3) == whole


def test_a_backup_within_an_epoch_is_taken_up_with_the_same_copies(data, tmp_path):
    class Fails(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 7:  # the third batch of the second epoch
                raise RuntimeError("power cut")

    x, y, *_ = data
    arguments = {"batch_size": 16, "epochs": 3, "verbose": 0, "augmentation": AUGMENT}
    backup = tmp_path / "backup.safetensors"
    model, other = a_model(), a_model()
    with pytest.raises(RuntimeError, match="power cut"):
        model.fit(x, y, callbacks=[BackupAndRestore(backup, save_freq=1), Fails()], **arguments)
    model = a_model()
    model.fit(x, y, callbacks=BackupAndRestore(backup, save_freq=1), **arguments)
    other.fit(x, y, **arguments)
    assert_same(model, other)


def test_what_is_tested_is_never_augmented(data):
    x, y, *_ = data
    model, other = a_model(), a_model()
    arguments = {"batch_size": 16, "verbose": 0, "validation_split": 0.4}
    split = model.fit(x, y, epochs=1, augmentation=AUGMENT, **arguments).history
    other.fit(AUGMENT(x)[:30], y[:30], batch_size=16, epochs=1, verbose=0)
    assert_same(model, other)
    loss, accuracy = other.evaluate(x[30:], y[30:], verbose=0)
    assert split["val_loss"] == [pytest.approx(loss)]
    assert split["val_accuracy"] == [pytest.approx(accuracy)]


def test_flat_images_and_weights_and_other_strides(data, rng):
    x, y, *_ = data
    weights = rng.uniform(size=50)
    flat = ImageAugmentation(**AUGMENT.get_config() | {"image_shape": (9, 8), "elastic": None})
    model, other = a_model((72,)), a_model((72,))
    strided = np.repeat(x.reshape(50, 72), 2, axis=0)[::2]
    arguments = {"batch_size": 16, "verbose": 0, "sample_weight": weights}
    model.fit(strided, y, epochs=2, augmentation=flat, **arguments)
    by_hand(other, x.reshape(50, 72), y, 2, flat, sample_weight=weights)
    assert_same(model, other)


def test_parts_of_a_pass_are_taken_from_the_copies_of_their_epoch(data):
    x, y, *_ = data
    model, other = a_model(), a_model()
    steps = {"batch_size": 10, "steps_per_epoch": 1, "shuffle": False}
    model.fit(x, y, epochs=7, verbose=0, augmentation=AUGMENT, **steps)
    for epoch in range(7):
        begin = epoch % 5 * 10
        rows = slice(begin, begin + 10)
        other.train_on_batch(AUGMENT(x, epoch)[rows], y[rows])
    assert_same(model, other)


def test_the_copies_take_the_memory_of_x_once(rng):
    x, y = rng.uniform(size=(3000, 28, 28)).astype(np.float32), rng.integers(0, 3, 3000)
    model = a_model((28, 28))
    model.fit(x[:32], y[:32], verbose=0, augmentation=AUGMENT)  # what the first call imports
    tracemalloc.start()
    try:
        model.fit(x, y, batch_size=500, epochs=3, verbose=0, augmentation=AUGMENT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert x.nbytes < peak < 1.1 * x.nbytes


@pytest.mark.gpu
@pytest.mark.skipif(bool(_core.why_no_cuda()), reason=_core.why_no_cuda() or "there is a GPU")
def test_a_gpu_trains_on_new_copies_too(data):
    x, y, x_test, y_test = data
    model, other = a_model(device="cuda"), a_model(device="cuda")
    arguments = {"validation_data": (x_test, y_test)}
    model.fit(x, y, batch_size=16, epochs=3, verbose=0, augmentation=AUGMENT, **arguments)
    by_hand(other, x, y, 3, **arguments)
    assert_same(model, other)


def test_mistakes_are_named_before_the_first_step(data):
    sparse = pytest.importorskip("scipy.sparse")
    x, y, *_ = data
    flat = x.reshape(50, 72)
    calls = {
        "augmentation must be an ImageAugmentation or None. Received: <function": (
            TypeError,
            (x, y, np.flipud),
        ),
        "augmentation needs all images in one array x; ": (
            TypeError,
            ([(x[:8], y[:8])], None, AUGMENT),
        ),
        "Received: a sparse matrix (csr_array)": (
            TypeError,
            (sparse.csr_array(flat), y, AUGMENT),
        ),
        "x must have shape (n, rows, columns)": (ValueError, (flat, y, AUGMENT)),
        "x must have shape (n, 49) or (n, 7, 7)": (
            ValueError,
            (flat, y, ImageAugmentation(image_shape=(7, 7))),
        ),
        "fill_value must be a number from 0 to 255 for images of bytes": (
            ValueError,
            (x, y, ImageAugmentation(fill_value=-1)),
        ),
    }
    for sentence, (error, (samples, labels, augmentation)) in calls.items():
        is_flat = samples is not x and not isinstance(samples, list)
        model = a_model((72,) if is_flat else (9, 8))
        before = model.get_weights()
        with pytest.raises(error, match=re.escape(sentence)):
            model.fit(samples, labels, verbose=0, augmentation=augmentation)
        for one, two in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
