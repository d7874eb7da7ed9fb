"""Model files that are no model files: each is refused in one sentence that names the file."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load, save

from digitnet.layers import Dense, Dropout, Flatten, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD

BAD = r"bad\.safetensors"


@pytest.fixture
def path(tmp_path):
    """Return the file of a model whose weights are in layers 2 and 5, with velocities."""
    layers = [Flatten(), Dropout(0.1), Dense(5), Dropout(0.1), Dropout(0.1), Dense(3)]
    model = Sequential([Input((2, 3)), *layers])
    model.compile(SGD(0.1, momentum=0.9), "mse", metrics=["mae"])
    model.fit(np.ones((4, 2, 3)), np.ones((4, 3)), verbose=0)
    model.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.safetensors")
    with pytest.raises(OSError, match=str(tmp_path)):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02",
        b"not a model at all",
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
        struct.pack("<Q", 200000) + b"[" * 200000,
        struct.pack("<Q", 22) + b'{"__metadata__": null }',
        save({"layers.0.kernel": np.ones((2, 2), np.float32)}),
        save({}, metadata={"digitnet": "no JSON"}),
        save({}, metadata={"digitnet": "[" * 100000}),
        save({}, metadata={"digitnet": '{"format": NaN}'}),
        save({}, metadata={"digitnet": '{"format": true}'}),
        save({}, metadata={"digitnet": "[1]"}),
        save({}, metadata={"digitnet": '{"format": 1}'}),
    ],
)
def test_what_is_no_model_file(tmp_path, data):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=BAD) as error:
        load_model(path)
    assert "\n" not in str(error.value)


def test_every_truncation_and_many_flipped_bytes(path, rng):
    data = path.read_bytes()
    bad = path.parent / "bad.safetensors"
    for length in range(0, len(data), 97):
        bad.write_bytes(data[:length])
        with pytest.raises(ValueError, match=BAD):
            load_model(bad)
    refused = []
    for position in rng.integers(len(data), size=500):
        broken = bytearray(data)
        broken[position] ^= 1 << int(rng.integers(8))
        bad.write_bytes(broken)
        try:
            model = load_model(bad)
        except ValueError as error:
            refused.append("bad.safetensors" in str(error))
        else:  # 1e-07 has become 1E-07
            model.save(bad)
            assert bad.read_bytes() == data
    assert len(refused) > 490
    assert all(refused)


def test_other_weights_and_settings_than_were_saved(path):
    bad = path.parent / "bad.safetensors"
    others = load(path.read_bytes()) | {"layers.2.bias": np.ones(5, np.float32)}
    for broken in (
        save(others, metadata_of(path)),
        changed(path, training=STATE | {"iterations": 2}, keep_checksum=True),
        changed(path, crc32="0", keep_checksum=True),
    ):
        bad.write_bytes(broken)
        with pytest.raises(ValueError, match=rf"{BAD} is damaged, .*: its checksum does not fit"):
            load_model(bad)
    bad.write_bytes(changed(path))  # as files were before there was a checksum
    load_model(bad).save(bad)
    assert bad.read_bytes() == path.read_bytes()


def metadata_of(path):
    """Return the metadata of the model file."""
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def changed(path, tensors=None, keep_checksum=False, **settings):
    """Return the bytes of the model file with other tensors or settings."""
    content = json.loads(metadata_of(path)["digitnet"])
    if not keep_checksum:
        del content["crc32"]
    content |= settings
    kept = load(path.read_bytes())
    return save(kept if tensors is None else tensors(kept), {"digitnet": json.dumps(content)})


def layer(class_name, /, **config):
    return {"class_name": class_name, "config": config}


DENSE = layer("Dense", units=2, name="d")


def with_layers(*items, shape=(3,)):
    return {"model": {"name": "m", "layers": list(items), "input_shape": list(shape)}}


STATE = {"iterations": 0, "epochs": 0, "seed": 0, "optimizer_iterations": 0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": 2}, "must have format version 1, .* Received: version 2"),
        ({"format": "1"}, "no format version"),
        ({"model": None}, "config must be a mapping"),
        ({"model": {"name": "m", "layers": "Dense", "input_shape": [3]}}, "must be a list"),
        ({"model": {"name": 3, "layers": [DENSE], "input_shape": [3]}}, "name must be a string"),
        (with_layers(), "no layers"),
        (with_layers("Dense"), "layer must be a mapping"),
        (with_layers(layer("Conv2D")), "layer class must be one of .*'Conv2D'"),
        (with_layers(layer("__import__", os="x")), "layer class must be one of"),
        (with_layers({"class_name": [], "config": {}}), "layer class must be one of"),
        (with_layers(layer("Dense", units=2, activation="relo")), "activation must be one of"),
        (with_layers(layer("Dense", units="2")), "units must be a positive integer"),
        (with_layers(layer("Dense", units=10**40)), "units must be at most"),
        (with_layers(layer("Dense", units=2**30)), "Missing or too many"),
        (with_layers(layer("Dense", units=2, color="red")), "unexpected keyword"),
        (with_layers(layer("Dense")), "units"),
        (with_layers(layer("Dropout", rate=1.5)), "rate must be a number"),
        (with_layers(DENSE, shape=(2, 3)), "Dense needs flat samples"),
        (with_layers(DENSE, shape=(0,)), "positive integer"),
        (with_layers(DENSE, shape=(2**20, 2**20)), "at most"),
        (with_layers(DENSE), "Missing or too many"),
        ({"compile": []}, "compile settings must hold"),
        ({"compile": {"optimizer": layer("RMSprop"), "loss": 0, "metrics": []}}, "optimizer class"),
        ({"compile": {"optimizer": "sgd", "loss": "l", "metrics": []}}, "loss must be one of"),
        ({"compile": {"optimizer": "sgd", "loss": "mse", "metrics": 3}}, "metrics must be a list"),
        ({"training": None}, "training state must hold"),
        ({"training": {**STATE, "epochs": -1}}, "epochs must be"),
        ({"training": {**STATE, "seed": 2**70}}, "seed must be at most"),
        ({"training": {**STATE, "iterations": 1.5}}, "iterations must be"),
        ({"training": {**STATE, "iterations": 2**62 + 1}}, "iterations must be at most"),
        ({"extra": 1}, "holds no model configuration"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(path, settings, message):
    bad = path.parent / "bad.safetensors"
    bad.write_bytes(changed(path, **settings))
    with pytest.raises(ValueError, match=message) as error:
        load_model(bad)
    assert "bad.safetensors" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (lambda t: {}, "must hold one tensor for each weight"),
        (lambda t: {**t, "layers.7.kernel": np.ones(2, np.float32)}, "too many: layers.7.kernel"),
        (lambda t: {k: v for k, v in t.items() if k != "layers.2.bias"}, "many: layers.2.bias"),
        (lambda t: {k: v for k, v in t.items() if k != "velocity.layers.2.bias"}, "layers.2.bias"),
        (lambda t: {**t, "layers.2.bias": np.ones(4, np.float32)}, r"shape \(5,\).*Rec.*\(4,\)"),
        (lambda t: {**t, "layers.2.bias": np.ones(5)}, "must be float32"),
        (lambda t: {**t, "layers.2.bias": np.full(5, np.nan, np.float32)}, "finite numbers only"),
        (lambda t: {**t, "velocity.layers.2.bias": np.ones(4, np.float32)}, r"velocity\.layers"),
    ],
)
def test_tensors_that_do_not_fit(path, tensors, message):
    bad = path.parent / "bad.safetensors"
    bad.write_bytes(changed(path, tensors))
    with pytest.raises(ValueError, match=message) as error:
        load_model(bad)
    assert "bad.safetensors" in str(error.value)


def test_two_layers_of_one_name(path):
    bad = path.parent / "bad.safetensors"

    def tensors(kept):
        weights = {"kernel": np.ones((2, 2), np.float32), "bias": np.ones(2, np.float32)}
        return {f"layers.{i}.{name}": w for i in range(2) for name, w in weights.items()}

    bad.write_bytes(changed(path, tensors, **with_layers(DENSE, DENSE, shape=(2,))))
    with pytest.raises(ValueError, match=f"{BAD} .* layer names must differ"):
        load_model(bad)
