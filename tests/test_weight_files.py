"""Weights in files of every format: there and back to the bit, names, and mistakes."""

import os
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from digitnet.layers import Activation, Dense, Input
from digitnet.models import Sequential
from weight_models import assert_same_bits, new_model, odd_model

FILES = [("w.safetensors", "digitnet"), ("w.safetensors", "torch"), ("w.npz", "digitnet"),
         ("w.npz", "torch")]  # fmt: skip


@pytest.fixture
def model():
    return odd_model()


@pytest.mark.parametrize(("name", "format"), FILES)
def test_there_and_back(model, name, format, tmp_path):
    model.save_weights(tmp_path / name, format=format)
    other = new_model()
    other.load_weights(str(tmp_path / name))
    assert_same_bits(other.get_weights(), model.get_weights())
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(("name", "format"), FILES)
def test_equal_weights_give_equal_bytes(model, name, format, tmp_path):
    model.save_weights(tmp_path / name, format=format)
    before = (tmp_path / name).read_bytes()
    model.save_weights(tmp_path / name, format=format)
    assert (tmp_path / name).read_bytes() == before


def test_a_model_without_weights(tmp_path):
    model = Sequential([Input((2,)), Activation("relu")])
    for name, format in FILES:
        model.save_weights(tmp_path / name, format=format)
        model.load_weights(tmp_path / name)


# --- NumPy


def test_arrays_in_the_order_of_keras(model, tmp_path):
    model.save_weights(tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as arrays:
        assert arrays.files[:3] == ["layers.2.kernel", "layers.2.bias", "layers.4.kernel"]
        assert_same_bits([arrays[name] for name in arrays.files], model.get_weights())
    with zipfile.ZipFile(tmp_path / "w.npz") as file:  # no clock: equal weights, equal bytes
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["as they are", "columns first", "big-endian"])
def test_what_numpy_wrote(model, save, kind, tmp_path):
    weights = model.get_weights()
    if kind == "columns first":
        weights = [np.asfortranarray(w) for w in weights]
    if kind == "big-endian":
        weights = [w.astype(">f4") for w in weights]
    save(tmp_path / "w.npz", *weights)
    other = new_model()
    other.load_weights(tmp_path / "w.npz")
    assert_same_bits(other.get_weights(), model.get_weights())


def test_a_zip_file_is_known_by_its_content(model, tmp_path):
    model.save_weights(tmp_path / "w.npz")
    os.rename(tmp_path / "w.npz", tmp_path / "weights")
    other = new_model()
    other.load_weights(tmp_path / "weights")
    assert_same_bits(other.get_weights(), model.get_weights())


# --- mistakes


def test_weights_of_a_later_digitnet(model, tmp_path):
    tensors = dict(zip(["layers.0.kernel"], model.get_weights(), strict=False))
    save_file(tensors, tmp_path / "w.safetensors", {"digitnet": '{"format": 2}'})
    with pytest.raises(ValueError, match=r"must have format version 1, .* Received: version 2"):
        model.load_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("name", "format", "error", "message"),
    [
        (
            "w.h5",
            "digitnet",
            ValueError,
            r"must end in .*\.npz or \.weights\.h5\. Received: .*w\.h5",
        ),
        ("w", "torch", ValueError, r"must end in \.safetensors, \.npz or"),
        ("w.npz", "pt", ValueError, "format must be one of 'digitnet', 'torch'. Received: 'pt'"),
        ("w.npz", "pytorch", ValueError, r"did you mean 'torch'\?"),
        ("w.npz", None, TypeError, "format must be a string"),
        ("nowhere/w.npz", "torch", FileNotFoundError, "nowhere"),
    ],
)
def test_mistakes(model, name, format, error, message, tmp_path):
    with pytest.raises(error, match=message):
        model.save_weights(tmp_path / name, format=format)
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    for name, format in FILES:
        (tmp_path / name).write_bytes(b"old")
        with pytest.raises(OSError, match="disk full"):
            model.save_weights(tmp_path / name, format=format)
        assert (tmp_path / name).read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["w.npz", "w.safetensors"]


def test_diverged_weights_are_not_saved(tmp_path):
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 1e30
    model.fit(np.full(8, 1e5), np.ones(8), batch_size=1, verbose=0)
    for name, format in FILES:
        with pytest.raises(ValueError, match="must be finite to be saved"):
            model.save_weights(tmp_path / name, format=format)
    assert os.listdir(tmp_path) == []
