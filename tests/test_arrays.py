"""Arrays of every kind give the bits of plain ones, and are not copied where that can be."""

import array
import ctypes

import numpy as np
import pytest

from digitnet.callbacks import LambdaCallback
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

ROWS, SHAPE = 37, (5, 7)
LABELS = np.random.default_rng(1).integers(3, size=ROWS)


def model_of():
    model = Sequential([Input(SHAPE), Flatten(), Dense(9, "relu"), Dense(3, "softmax")])
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    model._seed = model._core.seed = 5
    model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def digits(rng):
    """Return samples that every dtype can hold: 0 … 100, a third of them 0."""
    return rng.integers(0, 101, (ROWS, *SHAPE)) * (rng.random((ROWS, *SHAPE)) > 0.3)


def results(x, y=LABELS, **kwargs):
    """Return the bits of a training, a test and a prediction."""
    model = model_of()
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0, **kwargs)
    scores = model.evaluate(x, y, verbose=0)
    outputs = model.predict(x)
    weights = [w.tobytes() for w in model.get_weights()]
    return weights, history.history, scores, outputs.tobytes()


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x):
    return np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


def record(x):
    whole = np.zeros(len(x), [("tag", "u1"), ("x", x.dtype, x.shape[1:])])
    whole["x"] = x
    return whole["x"]


LAYOUTS = {
    "plain": np.copy,
    "every other row": lambda x: x.repeat(2, axis=0)[::2],
    "from the last row": lambda x: x[::-1].copy()[::-1],
    "from the last pixel": lambda x: x[:, ::-1, ::-1].copy()[:, ::-1, ::-1],
    "a column of columns": lambda x: x.repeat(3, axis=2)[:, :, 1::3],
    "a window": lambda x: np.pad(x, 2)[2:-2, 2:-2, 2:-2],
    "Fortran": np.asfortranarray,
    "transposed images": lambda x: x.transpose(0, 2, 1).copy().transpose(0, 2, 1),
    "read-only": read_only,
    "unaligned": unaligned,
    "in records": record,
}
DTYPES = ["?", "u1", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", ">f4", ">f8", ">i2"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_do_not_matter(rng, layout):
    for dtype in DTYPES:
        plain = digits(rng).astype(dtype)
        x = LAYOUTS[layout](plain)
        before = x.tobytes()
        np.testing.assert_array_equal(x, plain, strict=True)
        expected = results(plain.astype(np.float32))
        assert results(x) == expected, dtype
        assert x.tobytes() == before


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4", np.longdouble])
def test_fractions_are_rounded_to_float32_once(rng, dtype):
    x = rng.standard_normal((ROWS, *SHAPE)).astype(dtype)
    assert results(x) == results(x.astype(np.float32))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_broadcast_samples(rng, axis):
    for dtype in (np.uint8, np.float32, np.float64):
        one = digits(rng).astype(dtype).take([0], axis=axis)
        x = np.broadcast_to(one, (ROWS, *SHAPE))
        assert results(x) == results(np.ascontiguousarray(x, np.float32))


def test_booleans_that_are_no_ones():
    """Memory from elsewhere, of which NumPy says that all but 0 is true."""
    x = np.frombuffer(bytes([0, 1, 2, 255, 0] * 7 * ROWS), bool).reshape(ROWS, *SHAPE)
    assert results(x) == results(x.astype(np.float32))


@pytest.mark.parametrize(
    "kind", ["list", "tuples", "int32", "uint8", "float", "column", "strided", ">i4", "read-only"]
)
def test_labels(rng, kind):
    x = digits(rng).astype(np.float32)
    labels = {
        "list": LABELS.tolist(),
        "tuples": tuple((int(i),) for i in LABELS),
        "column": LABELS[:, np.newaxis].astype(np.int32),
        "strided": LABELS.astype(np.int32).repeat(2)[::2],
        "read-only": read_only(LABELS.astype(np.int32)),
    }
    y = labels[kind] if kind in labels else LABELS.astype(kind)
    assert results(x, y) == results(x)


# --- what is not an array of NumPy's


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
        with pytest.raises(TypeError, match=r"^y must be an array of real numbers .*\(NoneType\)$"):
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


@pytest.mark.parametrize("error", [TypeError, RuntimeError, BufferError])
def test_an_array_that_cannot_be_read(error):
    sentence = r"^x must be an array that NumPy can read\. Received: a Breaks, which says: Two$"
    with pytest.raises(TypeError, match=sentence):
        model_of().predict(Breaks(error("Two\nlines")))


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


# --- any view at all


def random_view(rng, dtype):
    """Return a view of shape (ROWS, *SHAPE): sliced, turned round, transposed or repeated."""
    order = rng.permutation(3) if rng.random() < 0.3 else np.arange(3)
    sizes, index = [], []
    for size in np.array([ROWS, *SHAPE])[order]:
        step = rng.choice([1] * 8 + [2, 3])
        offset, extra = rng.integers(2, size=2) * (rng.random() < 0.1)
        whole = offset + size * step + extra
        part = slice(offset, offset + size * step, step)
        repeated = rng.random() < 0.1
        sizes.append(1 if repeated else whole)
        back = slice(None, None, rng.choice([1] * 4 + [-1]))
        index.append((slice(None), size) if repeated else (part, back))
    base = rng.integers(0, 99, sizes).astype(dtype)
    for axis, (part, back) in enumerate(index):
        if isinstance(back, slice):
            base = base[(*[slice(None)] * axis, part)][(*[slice(None)] * axis, back)]
    base = np.broadcast_to(base, np.array([ROWS, *SHAPE])[order])
    return base.transpose(np.argsort(order))


def test_random_views(rng):
    """They give the bits of plain arrays; ``copy=False`` passes just those that need no copy."""
    model, passed = model_of(), 0
    for round_ in range(400):
        x = random_view(rng, (np.uint8, np.float32)[round_ % 2])
        assert x.shape == (ROWS, *SHAPE)
        expected = model.predict(np.ascontiguousarray(x))
        np.testing.assert_array_equal(model.predict(x), expected, strict=True)
        if np.may_share_memory(x.reshape(ROWS, -1), x):
            np.testing.assert_array_equal(model.predict(x, copy=False), expected)
            passed += 1
        else:
            with pytest.raises(ValueError, match="must need no copy"):
                model.predict(x, copy=False)
    assert 50 < passed < 350


@pytest.mark.parametrize("hooks", [False, True])
def test_labels_that_change_under_way_crash_nothing(rng, hooks):
    """int32 labels are not copied, and so looked at anew in every call of the core."""
    y = LABELS.astype(np.int32)

    def spoil(epoch, logs=None):
        y[:] = 2**31 - 1 if epoch else y

    callbacks = [LambdaCallback(on_epoch_end=spoil)]
    if hooks:
        callbacks.append(LambdaCallback(on_train_batch_end=lambda batch, logs: None))
    model = model_of()
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 3\), got 2147483647"):
        model.fit(digits(rng), y, epochs=5, verbose=0, callbacks=callbacks)
    assert model.optimizer.iterations == 4
