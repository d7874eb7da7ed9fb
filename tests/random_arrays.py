"""Arrays of every dtype and layout for the tests with Hypothesis, and which of them digitnet takes.

What is valid is said here a second time, in plain NumPy, from the docstrings alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

REAL = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g",
        ">i2", ">u4", ">f2", ">f4", ">f8"]  # fmt: skip
OTHER = ["O", "c8", "c16", "M8[s]", "m8[s]", "S3", "U3", "V4", [("a", "f4")]]
SPECIAL = [np.nan, np.inf, -np.inf, 1e39, -1e300, 3.4028235677973366e38, -1.0, 0.5, 1e30, 2**31, 7]
LAYOUTS = ["C", "F", "reversed", "sliced", "swapped", "read-only", "unaligned", "field",
           "broadcast", "list", "tuple", "subclass"]  # fmt: skip
SENTENCE = 1000  # characters


class Subclass(np.ndarray):
    """As users have them: an array with other manners."""


@dataclass
class Given:
    """What a user passes, as it is and as the plain array that it stands for."""

    value: Any
    array: np.ndarray
    masked: bool = False

    def __repr__(self):
        a = self.array
        return f"Given({type(self.value).__name__}, {a.dtype}, {a.shape}, {a.ravel()[:12]})"


def laid_out(array, layout):
    """Return the values in another layout; the array itself where it has none such."""
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "reversed" and array.ndim:
        return array[::-1].copy()[::-1]
    if layout == "sliced" and array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
        wide[..., 1::2] = array
        return wide[..., 1::2]
    if layout == "swapped":
        return array.T.copy().T
    if layout == "read-only":
        result = array.copy()
        result.flags.writeable = False
        return result
    if layout == "unaligned" and array.size and not array.dtype.hasobject:
        room = np.zeros(array.nbytes + 1, np.uint8)
        result = room[1:].view(array.dtype).reshape(array.shape)
        result[...] = array
        return result
    if layout == "field" and array.dtype.names is None:
        record = np.zeros(array.shape, [("before", "u1"), ("values", array.dtype)])
        record["values"] = array
        return record["values"]
    if layout == "broadcast" and array.ndim and len(array):
        return np.broadcast_to(array[:1], array.shape)
    if layout in ("list", "tuple") and array.dtype.names is None:
        values = array.tolist()
        return tuple(values) if layout == "tuple" and isinstance(values, list) else values
    if layout == "subclass":
        return array.view(Subclass)
    if layout == "masked":
        return np.ma.masked_array(array)
    return array


@st.composite
def given_arrays(draw, shape, kinds=None, scale=2.0, odd=0.3, special=SPECIAL):
    """Draw what a user might pass where an array of this shape is due.

    ``odd`` is how often something about it is not as usual: dtype, shape, a value (one of
    ``special``), or a mask. ``scale`` is the size of float values; whole numbers are below 3.
    """
    what = draw(st.sampled_from(["dtype", "shape", "value", "value", "value", "mask"]))
    if draw(st.integers(0, 99)) >= 100 * odd:
        what = None
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(REAL if kinds is None else kinds))
    if what == "dtype":
        dtype = draw(st.sampled_from(OTHER))
    if what == "shape":
        shape = draw(odd_shapes(shape))
    dtype = np.dtype(dtype)
    values = rng.uniform(-scale, scale, shape)
    if dtype.kind not in "fc":
        values = rng.integers(0, 3, shape)
    if what == "value":
        number = draw(st.sampled_from(special))
        if dtype.kind in "iub" and np.can_cast(np.min_scalar_type(number), dtype) is False:
            dtype = np.dtype(draw(st.sampled_from(["i8", "f4", "f8", ">f8"])))
        values = values.astype(np.longdouble)
        values.flat[rng.integers(values.size)] = number
    with np.errstate(all="ignore"):
        plain = np.zeros(shape, dtype) if dtype.kind == "V" else values.astype(dtype)
    layout = "masked" if what == "mask" else draw(st.sampled_from(LAYOUTS))
    value = laid_out(plain, layout)
    if isinstance(value, (list, tuple)):
        return Given(value, np.asarray(value))
    return Given(value, np.array(value), layout == "masked")


@st.composite
def odd_shapes(draw, shape):
    """Draw a shape that is near the given one."""
    shape = list(shape)
    change = draw(st.integers(0, 4))
    at = draw(st.integers(0, max(len(shape) - 1, 0)))
    if change == 0 and shape:
        shape[at] = 0
    elif change == 1 and shape:
        shape[at] += 1
    elif change == 2 and shape:
        del shape[at]
    elif change == 3:
        shape.insert(at, 1)
    else:
        shape.append(1)
    return tuple(shape)


# --- what is valid


def is_real(given):
    return not given.masked and given.array.dtype.kind in "biuf"


def is_finite(given):
    with np.errstate(over="ignore"):
        return bool(np.isfinite(given.array.astype(np.float32)).all())


def valid_samples(given, shape):
    """Tell whether these are samples of this shape."""
    if not is_real(given) or given.array.ndim == 0 or 0 in given.array.shape:
        return False
    received = given.array.shape[1:]
    fits = received == shape or received == (*shape, 1) or (*received, 1) == shape
    return fits and is_finite(given)


def valid_labels(given, classes):
    array = given.array
    if not is_real(given) or 0 in array.shape or array.ndim not in (1, 2):
        return False
    if array.ndim == 2 and array.shape[1] != 1:
        return False
    exact = array.astype(np.longdouble)
    return bool(((exact >= 0) & (exact < classes) & (exact == np.floor(exact))).all())


def valid_rows(given, outputs):
    array = given.array
    fits = (array.ndim == 2 and array.shape[1] == outputs) or (array.ndim == 1 and outputs == 1)
    return is_real(given) and fits and array.size > 0 and is_finite(given)


def valid_weights(given, samples):
    fits = given.array.shape in ((samples,), (samples, 1))
    if not (is_real(given) and fits and is_finite(given)):
        return False
    return bool((given.array.astype(np.float32) >= 0).all())


# --- what happens


def outcome(call):
    """Return what the call returns, or None and its error: one sentence of one line."""
    try:
        return call(), None
    except (ValueError, TypeError) as error:
        text = str(error)
        assert text, "an error without a word"
        assert "\n" not in text
        assert len(text) < SENTENCE
        return None, error


def snapshot(value):
    """Return what must stay as it is of something that a user passes."""
    if isinstance(value, np.ndarray):
        return value.tobytes(), value.shape, value.strides, value.dtype, value.flags.writeable
    return repr(value)
