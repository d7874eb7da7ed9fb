"""ModelCheckpoint: what is written, when, and what is left where writing fails."""

import os

import numpy as np
import pytest

from digitnet.callbacks import Callback, LambdaCallback, ModelCheckpoint
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from training_cases import BATCH, data_of, model_of, state_of

X, Y = data_of()


def fit(model, callbacks, **kwargs):
    return model.fit(
        X, Y, batch_size=BATCH, verbose=0, callbacks=callbacks, validation_data=(X, Y), **kwargs
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_for_every_epoch_named_by_the_logs(tmp_path, capsys):
    model = model_of()
    path = tmp_path / "new" / "{epoch:02d}-{val_loss:.3f}.safetensors"
    history = fit(model, [ModelCheckpoint(path, verbose=1)], epochs=3).history
    expected = [f"{i + 1:02d}-{loss:.3f}.safetensors" for i, loss in enumerate(history["val_loss"])]
    assert names(tmp_path / "new") == expected
    assert capsys.readouterr().out.splitlines()[0] == f"Epoch 1: saved {path.parent / expected[0]}"
    again = load_model(path.parent / expected[-1])
    assert state_of(again)[0] == state_of(model)[0]
    fit(again, [])
    fit(model, [])
    assert state_of(again) == state_of(model)


def test_the_best_only_and_weights_only(tmp_path):
    class Script(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_accuracy"] = [0.5, 0.7, 0.6, 0.7, 0.8][epoch]
            kept.append(self.model.get_weights())

    kept, model, path = [], model_of(), tmp_path / "best.safetensors"
    checkpoint = ModelCheckpoint(path, "val_accuracy", save_best_only=True, save_weights_only=True)
    for epochs, best in ((4, 1), (5, 4)):
        kept.clear()
        fit(model_of(), [Script(), checkpoint], epochs=epochs)
        model.load_weights(path)
        np.testing.assert_equal(model.get_weights(), kept[best])
    assert checkpoint.best == 0.8
    written = path.stat().st_mtime_ns
    fit(model_of(), [Script(), checkpoint], epochs=5)  # the best value outlives the training
    assert path.stat().st_mtime_ns == written
    with pytest.raises(ValueError, match="it holds no model configuration"):
        load_model(path)


def test_every_so_many_batches(tmp_path):
    model, path = model_of(), tmp_path / "{epoch}-{batch}-{loss:.0f}.safetensors"
    fit(model, [ModelCheckpoint(path, save_freq=3)], epochs=3)  # of four batches
    assert [name[:3] for name in names(tmp_path)] == ["1-3", "2-2", "3-1", "3-4"]
    last = load_model(next(tmp_path.glob("3-4-*")))
    assert state_of(last)[0] == state_of(model)[0]
    assert last.optimizer.iterations == 12


def test_a_missing_value_is_said_and_saved_as_keras_does(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "m.safetensors", "val_lost", mode="min",
                                 save_best_only=True)  # fmt: skip
    with pytest.warns(UserWarning, match="ModelCheckpoint has nothing to go by"):
        fit(model_of(), [checkpoint])
    assert names(tmp_path) == ["m.safetensors"]


def test_an_interruption_while_a_file_is_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    model = model_of()
    fit(model, [ModelCheckpoint(path)])
    before = path.read_bytes()

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(model, [ModelCheckpoint(path)])
    assert path.read_bytes() == before
    assert names(tmp_path) == ["m.safetensors"]


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    def spoil(epoch, logs):
        model.optimizer.learning_rate = 1e38 if epoch == 1 else 0.1

    model = model_of()
    callbacks = [
        LambdaCallback(on_epoch_begin=spoil),
        ModelCheckpoint(tmp_path / "{epoch}.safetensors"),
    ]
    with pytest.warns(
        UserWarning, match=r"ModelCheckpoint did not write .*2\.safetensors: .* fin"
    ) as w:
        fit(model, callbacks, epochs=2)
    assert w[0].filename == __file__
    assert names(tmp_path) == ["1.safetensors"]


@pytest.mark.parametrize("suffix", [".safetensors", ".keras", ".npz", ".weights.h5"])
def test_files_end_as_those_of_save_and_save_weights(tmp_path, suffix):
    if suffix in (".keras", ".weights.h5"):
        pytest.importorskip("h5py")
    model, path = model_of(), tmp_path / f"{{epoch}}{suffix}"
    whole = suffix in (".safetensors", ".keras")
    fit(model, [ModelCheckpoint(path, save_weights_only=not whole)], epochs=2)
    assert names(tmp_path) == [f"1{suffix}", f"2{suffix}"]
    last = tmp_path / f"2{suffix}"
    other = load_model(last) if whole else model_of(seed=8)
    if not whole:
        other.load_weights(last)
    np.testing.assert_equal(other.get_weights(), model.get_weights())


def test_a_model_that_its_format_does_not_take_ends_the_training(tmp_path):
    pytest.importorskip("h5py")
    model = Sequential([Input((6,)), Dense(3, "softmax", name="a/b")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="name"):
        fit(model, [ModelCheckpoint(tmp_path / "m.keras")])
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("m.h5", ValueError, r"filepath must end in \.safetensors or \.keras\. Received: m.h5"),
        ("m.npz", ValueError, r"filepath must end in \.safetensors or \.keras"),
        ("{epoch.safetensors", ValueError, "filepath must be a path or a format such as"),
        (3, TypeError, "filepath must be a string or a path"),
    ],
)
def test_bad_paths_are_refused_at_once(path, error, message):
    with pytest.raises(error, match=message):
        ModelCheckpoint(path)
    with pytest.raises(ValueError, match=r"must end in \.safetensors, \.npz or \.weights\.h5"):
        ModelCheckpoint("m.keras", save_weights_only=True)
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of batches"):
        ModelCheckpoint("m.safetensors", save_freq="batch")
    with pytest.raises(TypeError, match="initial_value_threshold must be a finite number"):
        ModelCheckpoint("m.safetensors", initial_value_threshold="low")


@pytest.mark.parametrize(
    "path", ["{val_lost}", "{}", "{epoch.real.nothing}", "{epoch:.2q}", "{loss[0]}", "{0}"]
)
def test_names_that_the_logs_do_not_hold(tmp_path, path):
    sentence = "filepath must be filled from loss, accuracy, val_loss, val_accuracy, epoch. Receiv"
    with pytest.raises(ValueError, match=sentence):
        fit(model_of(), [ModelCheckpoint(f"{tmp_path}/{path}.safetensors")])
    assert names(tmp_path) == []


def test_a_file_that_cannot_be_written_ends_the_training_and_keeps_the_model(tmp_path):
    (tmp_path / "m.safetensors").mkdir()
    model = model_of()
    with pytest.raises(OSError, match=r"m\.safetensors"):
        fit(model, [ModelCheckpoint(tmp_path / "m.safetensors")])
    assert model.optimizer.iterations == 4
