"""Arrays of other libraries, as NumPy arrays of the same memory."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitnet._tables import as_plain

_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")
_IN_REACH = (1, 3, 11)  # of DLDeviceType: the CPU's memory, and what CUDA and ROCm pin of it
_WAYS = {  # by the library that the array is of
    "torch": "its .cpu()",
    "cupy": "cupy.asnumpy",
    "jax": "jax.device_get",
    "jaxlib": "jax.device_get",
    "tensorflow": "its .numpy()",
}


def exports_array(x: object) -> bool:
    """Return whether ``x`` offers an array: as NumPy asks for it, by DLPack or as a buffer."""
    if any(hasattr(x, name) for name in (*_PROTOCOLS, "__dlpack__")):
        return True
    try:
        memoryview(x).release()  # type: ignore[arg-type]
    except (TypeError, BufferError, ValueError):  # ValueError: a memoryview that was released
        return False
    return not isinstance(x, bytes)  # NumPy reads them as text


def as_numpy(values: object, name: str, copy: bool | None = None) -> NDArray[Any]:
    """Return ``values`` as a NumPy array of any dtype, a view wherever NumPy can make one.

    Raises
    ------
    TypeError
        An array on another device than the CPU, one that requires gradients or that NumPy does not
        understand, or a table that does not hold real numbers.
    ValueError
        A ragged list, missing values in a table, or ``copy`` is False and it would take one.
    """
    if copy is False and not exports_array(values):
        raise needs_copy(name, "a NumPy array", f"a {type(values).__name__}")
    _check_place(values, name)
    plain = as_plain(values, name)
    if copy is False and plain is not values:
        mixed = f"a {type(values).__name__} of nullable or mixed dtypes"
        raise needs_copy(name, "a table of one NumPy dtype", mixed)
    array = _converted(plain, name)
    # Two views are of the same memory, two copies are not. NumPy's own copy=False knows less: it
    # refuses tensors of PyTorch, and is not there before NumPy 2.
    if copy is False and not np.may_share_memory(array, _converted(plain, name)):
        raise needs_copy(name, "a NumPy array", f"a {type(values).__name__} that NumPy copies")
    return array


def _converted(values: object, name: str) -> NDArray[Any]:
    by_numpy = any(hasattr(values, name) for name in _PROTOCOLS)
    by_dlpack = hasattr(values, "__dlpack__") and not by_numpy
    convert: Any = np.from_dlpack if by_dlpack else np.asarray
    try:
        array: NDArray[Any] = convert(values)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        if isinstance(error, ValueError) and not (by_numpy or by_dlpack):  # a list, say
            raise ValueError(
                f"{name} must be an array with rows of equal length. Received: {error}"
            ) from None
        said = str(error).split("\n", 1)[0] or type(error).__name__
        raise TypeError(
            f"{name} must be an array that NumPy can read. "
            f"Received: a {type(values).__name__}, which says: {said}"
        ) from None
    return array


def _check_place(values: object, name: str) -> None:
    """Refuse what lies on a GPU, or hangs in a graph of gradients that would end here."""
    if getattr(values, "requires_grad", False) is True:
        raise TypeError(
            f"{name} must not require gradients, which digitnet does not pass on; its .detach() "
            f"gives the values. Received: a {type(values).__name__} with requires_grad=True"
        )
    try:
        device = values.__dlpack_device__()  # type: ignore[attr-defined]
        in_reach = int(device[0]) in _IN_REACH
    except Exception:  # there is none, or it is in several places: NumPy will say more
        return
    if not in_reach:
        library = type(values).__module__.partition(".")[0]
        where = getattr(values, "device", f"DLPack device {device}")
        raise TypeError(
            f"{name} must lie in the CPU's memory; {_WAYS.get(library, 'its library')} brings it "
            f"there. Received: a {type(values).__name__} on {where}"
        )


def check_uncopied(
    array: NDArray[Any], name: str, dtypes: tuple[type[np.generic], ...], contiguous: bool = True
) -> None:
    """Raise a ValueError unless the core can read ``array`` of (n, …) as (n, features), as it lies.

    Where it need not be contiguous, its rows may lie anywhere, and their values at equal distances.
    """
    wanted = " or ".join(np.dtype(dtype).name for dtype in dtypes)
    if array.dtype not in dtypes:
        raise needs_copy(name, f"an array of native {wanted}", f"dtype {array.dtype.str}")
    if not array.flags.aligned:
        raise needs_copy(name, "an aligned array", "a field of a packed record")
    ordered = array.flags.c_contiguous or (not contiguous and _even_rows(array))
    if not ordered:
        received = f"shape {array.shape} with strides {array.strides}"
        raise needs_copy(name, "an array in C order", received)


def _even_rows(array: NDArray[Any]) -> bool:
    """Return whether the values of each row, in C order, lie at equal distances."""
    axes = zip(array.shape[1:], array.strides[1:], strict=True)
    steps = [(size, step) for size, step in axes if size != 1]
    return all(outer == size * step for (_, outer), (size, step) in pairwise(steps))


def needs_copy(name: str, would_do: str, received: str) -> ValueError:
    """Return the error for what ``copy=False`` does not allow."""
    return ValueError(
        f"{name} must need no copy where copy is False, as {would_do} does not. "
        f"Received: {received}"
    )
