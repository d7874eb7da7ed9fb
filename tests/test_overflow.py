"""Sizes that would overflow are refused before anything is multiplied, allocated or changed."""

import numpy as np
import pytest

from digitnet import _core, saving
from digitnet.datasets.idx import read_idx
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential, load_model
from digitnet.utils import to_categorical

HUGE = [2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, 10**30]
X, Y = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)


def model_of():
    model = Sequential([Input((4,)), Dense(3), Dense(1)], device="cpu")
    model.compile("sgd", "mean_squared_error")
    return model


@pytest.mark.parametrize("size", HUGE)
def test_units_and_shapes(size):
    with pytest.raises(ValueError, match=r"units must be at most 1073741824\. Received: "):
        Dense(size)
    with pytest.raises(ValueError, match=r"shape\[0\] must be at most 2147483647. Received: "):
        Input((size,))
    model = Sequential([Input((4,))])
    with pytest.raises(ValueError, match="units must be at most"):
        model.add(Dense(size))
    assert model.layers == []


@pytest.mark.parametrize("shape", [(2**30, 2), (2**16, 2**16), (2**21,) * 3, (2**31 - 1,) * 9])
def test_products_of_a_shape(shape):
    with pytest.raises(ValueError, match=r"shape must hold at most 1073741824 values\. Received: "):
        Sequential([Input(shape), Flatten(), Dense(1)])


def test_weights_beyond_memory():
    with pytest.raises(ValueError, match=r"the weights of the model must fit into .* bytes"):
        Sequential([Input((2**30,)), Dense(2**30), Dense(2**30)], device="cpu")
    with pytest.raises(MemoryError):
        _core.Model(2**30, [_core.Layer("dense", units=2**30)], "cpu", 1)


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("fit", "batch_size"),
        ("fit", "steps_per_epoch"),
        ("fit", "epochs"),
        ("fit", "initial_epoch"),
        ("fit", "validation_steps"),
        ("fit", "validation_batch_size"),
        ("fit", "validation_freq"),
        ("evaluate", "batch_size"),
        ("evaluate", "steps"),
        ("predict", "batch_size"),
    ],
)
def test_counts(method, argument, size):
    model = model_of()
    before = [w.tobytes() for w in model.get_weights()]
    data = (X,) if method == "predict" else (X, Y)
    with pytest.raises(ValueError, match=f"{argument} must be at most 2147483647. Received: "):
        getattr(model, method)(*data, verbose=0, **{argument: size})
    assert [w.tobytes() for w in model.get_weights()] == before


def test_the_core_takes_any_batch_size():
    loss = _core.Loss("mean_squared_error")
    for size in (2**31, 2**62, 2**63 - 1):
        core = model_of()._core
        result = core.train_epoch(X, Y, None, size, True, loss, [], _core.Sgd(0.1), None)
        assert (result.samples, core.iterations) == (8, 1)


@pytest.mark.parametrize(
    ("indptr", "reason"),
    [
        ([0, 2**62, 2**63 - 1], "must end at 3, the number of stored values, or below"),
        ([0, 1, 2**40], "must end at 3"),
        ([0, 2**31, 3], "must not decrease"),
        ([0, -(2**62), 3], "must not decrease"),
        ([2**62, 2**62, 2**62], "must begin with 0"),
        ([-(2**63), 0, 3], "must begin with 0"),
    ],
)
def test_csr_positions(indptr, reason):
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix((2, 4), dtype=np.float32)
    matrix.data = np.ones(3, np.float32)
    matrix.indices, matrix.indptr = np.array([0, 1, 2]), np.array(indptr)
    with pytest.raises(ValueError, match=rf"x\.indptr {reason}"):
        model_of().predict(matrix)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_more_samples_than_can_be_counted(dtype):
    many = np.lib.stride_tricks.as_strided(np.zeros(4, dtype), (2**33, 4), (0, 1))
    with pytest.raises(ValueError, match=r"x must hold at most 2147483647 samples\. Received: "):
        model_of().predict(many)


def test_labels_and_classes():
    with pytest.raises(ValueError, match=r"labels in \[0, 1073741824\). Received: "):
        to_categorical([0, 2**62])
    with pytest.raises(ValueError, match=r"num_classes must be at most 1073741824\. Received: "):
        to_categorical([0, 1], 2**62)


def test_sizes_in_files(tmp_path):
    path = tmp_path / "m.safetensors"
    model_of().save(path)
    good = path.read_bytes()
    for length in (2**31, 2**62, 2**64 - 1):  # of the header
        path.write_bytes(length.to_bytes(8, "little") + good[8:])
        with pytest.raises(ValueError, match="is damaged, or holds no model"):
            load_model(path)
    changed = good[8:].replace(b"[4,3]", b"[4,4611686018427387907]")  # of the first kernel
    length = int.from_bytes(good[:8], "little") + len(changed) - len(good[8:])
    path.write_bytes(length.to_bytes(8, "little") + changed)
    with pytest.raises(ValueError, match="is damaged, or holds no model"):
        load_model(path)
    path.write_bytes(good)
    content = saving.read(path)
    for units in HUGE:
        content.settings["model"]["layers"][1]["config"]["units"] = units
        saving.write(path, *content)
        with pytest.raises(ValueError, match=r"is damaged, .* units must be at most 1073741824"):
            load_model(path)
    idx = tmp_path / "data"
    for sizes in ([2**32 - 1] * 3, [2**16] * 4, [2**32 - 1] * 200, [0, 2**32 - 1, 2**32 - 1]):
        header = bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes)
        idx.write_bytes(header + bytes(10))
        with pytest.raises(ValueError, match="expected"):
            read_idx(idx)
