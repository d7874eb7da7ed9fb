"""`fit` and `evaluate` on batches that the caller makes, and epochs of so many steps."""

import importlib.util
import itertools

import numpy as np
import pytest

from batch_sources import Dataset, Loader
from digitnet import _core
from digitnet.callbacks import LambdaCallback
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential
from training_cases import BATCH, BATCHES, X, Y, model_of, state_of

WEIGHTED = [(x, y, np.linspace(0, 2, len(x))) for x, y in BATCHES]


SOURCES = {
    "list": lambda: BATCHES,
    "loader": Loader,
    "dataset": Dataset,
    "generator": lambda: (batch for _ in range(3) for batch in BATCHES),
}


def arrays(**kwargs):
    """Return a model trained on the arrays, in their order, for comparison."""
    model = model_of()
    settings = {"batch_size": BATCH, "shuffle": False, "verbose": 0} | kwargs
    return model, model.fit(X, Y, **settings)


@pytest.mark.parametrize("kind", SOURCES)
def test_batches_give_the_bits_that_arrays_give(kind):
    steps = {"steps_per_epoch": 4} if kind == "generator" else {}
    model = model_of()
    history = model.fit(SOURCES[kind](), epochs=3, shuffle=False, verbose=0, **steps)
    expected, other = arrays(epochs=3)
    assert state_of(model)[0] == state_of(expected)[0]
    if kind != "generator":  # whose passes nobody can count
        assert state_of(model) == state_of(expected)
    for name, values in other.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-14)


def test_sample_weights_come_with_the_batches():
    model = model_of()
    model.fit(WEIGHTED, shuffle=False, verbose=0)
    expected, _ = arrays(sample_weight=np.concatenate([w for _, _, w in WEIGHTED]))
    assert state_of(model) == state_of(expected)


def test_a_dataset_is_shuffled_by_batches_and_told_of_every_pass():
    dataset, model = Dataset(), model_of()
    model.fit(dataset, epochs=3, verbose=0)
    orders = [_core.shuffled_order(4, 5, epoch) for epoch in range(3)]
    assert dataset.asked[-12:] == list(itertools.chain(*orders))
    assert dataset.told == ["begin", "end"] * 3
    assert model._core.epochs == 3


def test_a_loader_begins_anew_for_every_pass():
    loader = Loader()
    model_of().fit(loader, epochs=3, verbose=0)
    assert loader.passes == 3


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "generator"])
def test_steps_go_on_where_the_last_epoch_ended(kind):
    """Three of four batches, then the last with a warning, then a new pass, as in Keras."""
    source, model, seen = SOURCES[kind](), model_of(), []
    note = LambdaCallback(on_epoch_end=lambda e, logs: seen.append(model.optimizer.iterations))
    sentence = "x ran out of data: an epoch had 1 of the 3 batches"
    with pytest.warns(UserWarning, match=sentence) as caught:
        model.fit(source, epochs=3, steps_per_epoch=3, shuffle=False, verbose=0, callbacks=[note])
    assert caught[0].filename == __file__
    assert seen == [3, 4, 7]
    with pytest.warns(UserWarning, match=sentence):
        expected, _ = arrays(epochs=3, steps_per_epoch=3)
    assert state_of(model)[0] == state_of(expected)[0]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("hooks", [True, False])
def test_two_short_epochs_are_one_long_one(shuffle, hooks):
    callbacks = [LambdaCallback(on_train_batch_end=lambda b, logs: None)] if hooks else []
    model, history = arrays(epochs=4, steps_per_epoch=2, shuffle=shuffle, callbacks=callbacks)
    expected, _ = arrays(epochs=2, shuffle=shuffle)
    assert state_of(model) == state_of(expected)
    assert history.epoch == [0, 1, 2, 3]
    model.fit(X, Y, batch_size=BATCH, epochs=1, steps_per_epoch=1, shuffle=shuffle, verbose=0)
    assert model._core.epochs == 3  # a pass that was begun is not begun again
    model.fit(X, Y, batch_size=BATCH, verbose=0)
    assert model._core.epochs == 4


def test_an_iterator_that_ends_ends_the_training():
    model = model_of()
    with pytest.warns(UserWarning, match="x ran out of batches: training ends before epoch 2"):
        history = model.fit((batch for batch in BATCHES), epochs=5, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="x ran out of ") as caught:
        history = model.fit(iter(BATCHES), epochs=5, steps_per_epoch=3, verbose=0)
    assert history.epoch == [0, 1]
    assert ["ran out of data" in str(w.message) for w in caught] == [True, False]
    assert [w.filename for w in caught] == [__file__] * 2


def test_no_more_is_drawn_from_a_generator_than_needed():
    drawn = []

    def endless():
        for i in itertools.count():
            drawn.append(i)
            yield BATCHES[i % 4]

    batches, tests = endless(), iter(BATCHES)
    weights = {"class_weight": {0: 2.0}, "steps_per_epoch": 5, "verbose": 0}
    model_of().fit(batches, epochs=0, validation_data=tests, **weights)
    assert (drawn, next(tests)) == ([], BATCHES[0])
    model_of().fit(batches, epochs=2, **weights)
    assert len(drawn) == 10


def test_a_model_that_is_not_built_yet(rng):
    for source in (list, iter, Loader):
        model = Sequential([Flatten(), Dense(2)])
        model.compile("sgd", "mse")
        batches = [(rng.random((4, 2, 3)), rng.random((4, 2))) for _ in range(2)]
        model.fit(source(batches), validation_data=iter(batches), verbose=0)
        assert model.input_shape == (None, 2, 3)


# --- tests


@pytest.mark.parametrize("kind", SOURCES)
def test_evaluate_on_batches(kind):
    model = model_of()
    expected = model.evaluate(X, Y, verbose=0)
    steps = 4 if kind == "generator" else None
    np.testing.assert_allclose(
        model.evaluate(SOURCES[kind](), steps=steps, verbose=0), expected, rtol=1e-13
    )
    first = model.evaluate(X[: 2 * BATCH], Y[: 2 * BATCH], verbose=0)
    np.testing.assert_allclose(
        model.evaluate(SOURCES[kind](), steps=2, verbose=0), first, rtol=1e-13
    )
    assert model.evaluate(X, Y, batch_size=BATCH, steps=2, verbose=0) == first


@pytest.mark.parametrize("kind", [*SOURCES, "arrays"])
def test_tests_of_data_that_run_out(kind):
    model = model_of()
    x, y = (X, Y) if kind == "arrays" else (SOURCES[kind](), None)
    if kind == "generator":
        x = iter(BATCHES)
    warns = pytest.warns(UserWarning, match="x ran out of data: it gave 4 of the 6 batches that st")
    with warns as caught:
        scores = model.evaluate(x, y, BATCH, steps=6, verbose=0)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(scores, model.evaluate(X, Y, verbose=0), rtol=1e-13)
    if kind != "generator":
        with pytest.warns(
            UserWarning, match="validation_data ran out .* validation_steps asks"
        ) as w:
            model.fit(X, Y, BATCH, verbose=0, validation_steps=5, validation_data=(X, Y))
        assert w[0].filename == __file__


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "list"])
def test_validation_on_batches(kind):
    steps = {"validation_steps": 4} if kind == "generator" else {}
    model = model_of()
    history = model.fit(
        X, Y, epochs=3, verbose=0, shuffle=False, validation_data=SOURCES[kind](), **steps
    )
    expected = model_of().fit(X, Y, epochs=3, verbose=0, shuffle=False, validation_data=(X, Y))
    for name in ("val_loss", "val_accuracy"):
        np.testing.assert_allclose(history.history[name], expected.history[name], rtol=1e-13)


def test_validation_now_and_then():
    def losses(**kwargs):
        history = arrays(epochs=6, validation_data=(X, Y), **kwargs)[1]
        return [float(f"{loss:.12g}") for loss in history.history.get("val_loss", [])]

    every = losses()
    assert losses(validation_freq=2) == every[1::2]
    assert losses(validation_freq=[1, 5]) == [every[0], every[4]]
    assert losses(validation_freq=9) == []
    part = arrays(epochs=6, validation_data=(X[:20], Y[:20]))[1].history["val_loss"]
    assert losses(validation_steps=2, validation_batch_size=10) == pytest.approx(part)


def test_validation_data_that_run_out():
    with pytest.raises(ValueError, match="validation_data must give at least one batch"):
        arrays(epochs=3, validation_data=iter(BATCHES))


# --- other libraries' loaders


def test_a_loader_of_pytorch():
    torch = pytest.importorskip("torch")
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=BATCH)
    model = model_of()
    model.fit(loader, epochs=2, verbose=0, validation_data=loader)
    assert state_of(model) == state_of(arrays(epochs=2)[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dataset_of_keras_and_of_tensorflow():
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    import tensorflow as tf
    from keras.utils import PyDataset

    class Batches(PyDataset):
        __len__ = BATCHES.__len__

        def __getitem__(self, i):
            return BATCHES[i]

    expected = state_of(arrays(epochs=2)[0])
    for source in (Batches(), tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)):
        model = model_of()
        model.fit(source, epochs=2, shuffle=False, verbose=0)
        assert state_of(model) == expected


def test_the_progress_of_uncounted_samples(capsys):
    model = Sequential([Input((6,)), Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(iter(BATCHES), verbose=2, validation_data=Loader())
    header, epoch, line = capsys.readouterr().out.splitlines()
    assert (header, epoch) == ("Train on batches, validate on batches", "Epoch 1/1")
    assert line.startswith("50 samples - 0s - loss: ")
    model.evaluate(BATCHES, verbose=2)
    assert capsys.readouterr().out.startswith("50 samples - 0s - loss: ")
