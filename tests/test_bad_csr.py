"""CSR matrices that do not fit: the exception, its sentence, and never a crash."""

import numpy as np
import pytest

from digitnet import Sequential, _core
from digitnet.callbacks import LambdaCallback
from digitnet.layers import Dense, Input
from test_bad_input import ENTRIES

sparse = pytest.importorskip("scipy.sparse")


def sound():
    x = np.arange(24, dtype=np.float32).reshape(6, 4) % 3
    return sparse.csr_array(x)  # 16 values in 6 rows


def broken(**parts):
    matrix = sound()
    for name, change in parts.items():
        value = getattr(matrix, name).copy()
        setattr(matrix, name, change(value))
    return matrix


def put(position, number):
    def change(part):
        part[position] = number
        return part

    return change


BROKEN = {
    "begin": (broken(indptr=put(0, 1)), r"<x>\.indptr must begin with 0\. Received: 1"),
    "below": (broken(indptr=put(0, -1)), r"<x>\.indptr must begin with 0\. Received: -1"),
    "decreasing": (broken(indptr=put(2, 1)), r"<x>\.indptr must not decrease.*1 after \d+.* 2$"),
    "negative": (broken(indptr=put(3, -9)), r"<x>\.indptr must not decrease\. Received: -9"),
    "end": (broken(indptr=put(-1, 99)), r"<x>\.indptr must end at 16,.* Received: 99"),
    "few values": (broken(data=lambda d: d[:9]), r"<x>\.indptr must end at 9,.* Received: 16"),
    "few indices": (broken(indices=lambda i: i[:9]), r"<x>\.indptr must end at 9,"),
    "no pointers": (broken(indptr=lambda p: p[:0]), r"<x>\.indptr must hold one position more"),
    "few rows": (broken(indptr=lambda p: p[:-1]), r"<x>\.indptr must hold one .*Received: 6"),
    "column": (broken(indices=put(5, 4)), r"<x>\.indices must lie in \[0, 4\).* 4 at position 5"),
    "column below": (broken(indices=put(7, -1)), r"<x>\.indices must lie in \[0, 4\).* -1 at"),
    "huge": (
        broken(indices=lambda i: i.astype(np.uint64) + 2**63, indptr=lambda p: p.astype(np.int64)),
        r"<x>\.indices must lie in",
    ),
    "nan": (broken(data=put(4, np.nan)), r"<x> must hold finite.*Received: <x>\[1, 3\] = nan"),
    "inf": (broken(data=put(0, -np.inf)), r"<x> must hold finite.*Received: <x>\[0, 1\] = -inf"),
    "large": (
        broken(data=lambda d: put(0, 1e300)(d.astype(float))),
        r"<x> must hold finite.* Received: <x>\[0, 1\] = 1e\+300",
    ),
    "two axes": (broken(data=lambda d: d.reshape(2, 8)), r"<x>\.data must have one axis"),
    "features": (sound()[:, :3], r"<x> must have shape \(n, 4\)\. Received: shape \(6, 3\)"),
    "no samples": (sound()[:0], r"<x> must hold at least one sample.*\(0, 4\)"),
}
WRONG_TYPES = {
    "csc": (sound().tocsc(), r"<x> must be .* in CSR format; <x>\.tocsr\(\) .*: csc_array"),
    "coo": (sparse.coo_matrix(sound()), r"<x> must be .* CSR format.* Received: coo_matrix"),
    "dok": (sound().todok(), r"<x> must be .* CSR format.* Received: dok_array"),
    "complex": (sound().astype(complex), r"<x>\.data must be an array of real numbers"),
    "float indices": (broken(indices=lambda i: i.astype(float)), r"<x>\.indices must hold integ"),
    "float pointers": (broken(indptr=lambda p: p.astype(float)), r"<x>\.indptr must hold integ"),
}
NAMES = {"validation": r"validation_data\[0\]"}


def compiled():
    model = Sequential([Input((4,)), Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("case", [*BROKEN, *WRONG_TYPES])
def test_errors(case, entry):
    x, sentence = {**BROKEN, **WRONG_TYPES}[case]
    error = ValueError if case in BROKEN else TypeError
    model = compiled()
    before = model.get_weights()
    with pytest.raises(error, match="^" + sentence.replace("<x>", NAMES.get(entry, "x"))):
        ENTRIES[entry](model, x, np.zeros(x.shape[0]))
    for a, b in zip(model.get_weights(), before, strict=True):
        assert a.tobytes() == b.tobytes()


def test_lengths_and_targets():
    with pytest.raises(ValueError, match=r"x and y must hold equally many samples.* 6 and 5"):
        compiled().fit(sound(), np.zeros(5), verbose=0)
    with pytest.raises(TypeError, match=r"^y must be an array of real numbers"):
        compiled().fit(sound(), sound()[:, [0]], verbose=0)
    if hasattr(sparse, "sparray") and sound()[0].ndim == 1:  # csr_array of one axis: scipy 1.15
        with pytest.raises(ValueError, match=r"^x must have shape \(n, features\).*\(4,\)"):
            Sequential([Dense(1)]).predict(sparse.csr_array(np.ones(4)))


def test_arrays_that_change_between_the_epochs_are_found_out():
    x = sound()
    spoil = LambdaCallback(on_epoch_end=lambda epoch, logs: x.indices.__setitem__(5, 10**6))
    with pytest.raises(ValueError, match=r"x\.indices must lie in \[0, 4\).* 1000000 at"):
        compiled().fit(x, np.zeros(6), epochs=3, verbose=0, callbacks=[spoil])


def test_the_core_reads_only_what_it_checked():
    """Nothing that the Python package would never pass leads out of an array."""
    data, indices, indptr = np.ones(4, np.float32), np.int32([0, 1, 1, 0]), np.int32([0, 2, 4])
    unsorted = _core.Csr(data, indices, indptr, 2, 2, "x")
    assert not unsorted.canonical
    model = _core.Model(2, [_core.Layer("dense", units=1)], "cpu", 0)
    with pytest.raises(ValueError, match="must ascend in every row"):
        model.predict(unsorted)
    assert model.predict(unsorted[:1]).shape == (1, 1)
    with pytest.raises(ValueError, match="step -1"):
        unsorted[::-1]
    with pytest.raises(TypeError):
        model.predict(None)
    for parts in [
        (data.astype(float), indices, indptr),
        (data, indices.astype(np.int64), indptr),
        (data[::2], indices, indptr),
        (data, indices, indptr.reshape(1, -1)),
    ]:
        with pytest.raises(ValueError, match="must be a C-contiguous vector"):
            _core.Csr(*parts, 2, 2, "x")
