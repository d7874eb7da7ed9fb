"""Arrays of every kind give the bits of plain ones, and are not copied where that can be."""

import numpy as np
import pytest

from array_cases import LABELS, ROWS, SHAPE, digits, model_of, results
from digitnet.callbacks import LambdaCallback


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
