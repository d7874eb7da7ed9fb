"""Arrays of other libraries and buffers: read where they lie, or refused by one sentence."""

import array
import ctypes

import numpy as np
import pytest

from array_cases import LABELS, ROWS, SHAPE, digits, model_of, results
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential


class ByDlpack:
    """A tensor that has nothing but DLPack."""

    def __init__(self, x, device=(1, 0)):
        self._x, self.place = x, device

    def __dlpack__(self, **kwargs):
        return self._x.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.place


class ByArray:
    def __init__(self, x):
        self._x = x

    def __array__(self, dtype=None, copy=None):
        return self._x


class ByInterface:
    def __init__(self, x):
        self._x, self.__array_interface__ = x, x.__array_interface__


def as_ctypes(x):
    return ctypes.cast(x.ctypes.data, ctypes.POINTER(ctypes.c_float * 7 * 5 * ROWS)).contents


VIEWS = {
    "DLPack": ByDlpack,
    "__array__": ByArray,
    "__array_interface__": ByInterface,
    "memoryview": memoryview,
    "memoryview of bytes": lambda x: memoryview(x.tobytes()).cast("B").cast("f", x.shape),
    "ctypes": as_ctypes,
}


@pytest.mark.parametrize("kind", VIEWS)
def test_views_are_read_where_they_lie(rng, kind):
    x = digits(rng).astype(np.float32)
    offered = VIEWS[kind](x)
    assert results(offered, copy=False, shuffle=False, y=LABELS.astype(np.int32)) == results(
        x, shuffle=False
    )
    if kind != "memoryview of bytes":
        assert np.shares_memory(model_of()._data(offered, LABELS, None).x, x)


@pytest.mark.parametrize("kind", VIEWS)
def test_views_as_targets_and_weights(rng, kind):
    x = rng.standard_normal((ROWS, *SHAPE)).astype(np.float32)
    model = Sequential([Input(SHAPE), Flatten(), Dense(35)])
    model.compile("sgd", "mse")
    y, weight = x.reshape(ROWS, -1), np.linspace(0, 1, ROWS, dtype=np.float32)
    expected = model.evaluate(x, y, sample_weight=weight, verbose=0)
    offer = VIEWS[kind] if kind in ("DLPack", "__array__", "__array_interface__") else memoryview
    found = model.evaluate(x, offer(y), sample_weight=offer(weight), copy=False, verbose=0)
    assert found == expected


def test_buffers_of_one_axis(rng):
    model = Sequential([Input((1,)), Dense(2)])
    values = rng.integers(0, 99, 20)
    expected = model.predict(values.astype(np.float32))
    for x in (array.array("d", values), bytearray(values.astype(np.uint8)), range(20)):
        wanted = expected if not isinstance(x, range) else model.predict(np.arange(20.0))
        np.testing.assert_array_equal(model.predict(x), wanted)


def test_a_buffer_is_no_source_of_batches(rng):
    x = digits(rng).astype(np.float32)
    for offered in (memoryview(x), ByDlpack(x)):
        with pytest.raises(TypeError, match=r"^y must be given where x is an array"):
            model_of().fit(offered, verbose=0)


def test_an_array_on_another_device(rng):
    x = ByDlpack(digits(rng).astype(np.float32), device=(2, 0))
    sentence = (
        r"^x must lie in the CPU's memory; its library brings it there\. "
        r"Received: a ByDlpack on DLPack device \(2, 0\)$"
    )
    for call in (model_of().predict, lambda x: model_of().fit(x, LABELS)):
        with pytest.raises(TypeError, match=sentence):
            call(x)
    type(x).__module__, before = "cupy.fake", type(x).__module__
    try:
        with pytest.raises(TypeError, match=r"memory; cupy\.asnumpy brings it there"):
            model_of().predict(x)
    finally:
        type(x).__module__ = before
    x.place = (3, 0)  # of the CPU, pinned for CUDA
    assert model_of().predict(x).shape == (ROWS, 3)


class Breaks:
    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


class BreaksInDlpack:
    def __init__(self, error):
        self.error = error

    def __dlpack_device__(self):
        return 1, 0

    def __dlpack__(self, **_):
        raise self.error


@pytest.mark.parametrize("kind", [Breaks, BreaksInDlpack])
@pytest.mark.parametrize("error", [TypeError, ValueError, RuntimeError, BufferError])
def test_an_array_that_cannot_be_read(error, kind):
    sentence = rf"^x must be an array that NumPy can read\. Received: a {kind.__name__}, which says"
    with pytest.raises(TypeError, match=sentence + ": Two$"):
        model_of().predict(kind(error("Two\nlines")))


# --- other libraries


def test_tensors_of_pytorch(rng):
    torch = pytest.importorskip("torch")
    x = digits(rng).astype(np.float32)
    tensor, labels = torch.tensor(x), torch.tensor(LABELS)
    assert results(tensor, labels) == results(x)
    for changed in (tensor.half(), tensor.byte(), tensor.double(), tensor.mT.contiguous().mT):
        assert results(changed, labels) == results(x)
    assert np.shares_memory(model_of()._data(tensor, labels, None).x, tensor.numpy())
    model_of().fit(tensor, labels.int(), copy=False, verbose=0)
    for bad, sentence in (
        (tensor.clone().requires_grad_(), r"x must not require gradients, .* its \.detach\(\) giv"),
        (tensor.bfloat16(), "x must be an array that NumPy can read.* ScalarType BFloat16$"),
        (tensor.to("meta"), "x must be an array that NumPy can read.*meta device"),
        (tensor.reshape(ROWS, -1).to_sparse(), "x must be an array that NumPy can read.*to_dense"),
    ):
        with pytest.raises(TypeError, match=sentence):
            model_of().fit(bad, labels)


def test_arrays_of_jax(rng):
    jax = pytest.importorskip("jax")
    x = digits(rng).astype(np.float32)
    there = jax.device_put(x, jax.devices("cpu")[0])
    assert results(there, LABELS.astype(np.int32), copy=False) == results(x)
    assert np.shares_memory(model_of()._data(there, LABELS, None).x, np.asarray(there))
    with pytest.raises(TypeError, match="dtype bfloat16"):
        model_of().predict(there.astype("bfloat16"))
