"""Read and write IDX files, the format of MNIST.

An IDX file is a big-endian array: two zero bytes, a type code, the number of dimensions, one
32-bit unsigned size per dimension, then the elements, last dimension fastest. The format is the
one described on the MNIST page of Y. LeCun, C. Cortes and C. Burges.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from reprlib import repr as shown  # cuts what is long: a shape may have 255 sizes
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..utils.atomic import atomic_file

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES = {dtype.newbyteorder("="): code for code, dtype in _DTYPES.items()}
_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE_MAX_RATIO = 1032  # one deflate code of two bits stands for 258 bytes at most
_CHUNK = 1 << 20


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read one array from an IDX file, plain or gzip-compressed (told apart by content).

    Args:
        path: the file to read.

    Returns:
        A new, writable, C-contiguous array in native byte order. Its dtype is uint8, int8,
        int16, int32, float32 or float64, and its shape has one to 255 dimensions (or as many as
        NumPy can hold), both as the header says.

    Raises:
        TypeError: `path` is neither a str nor an os.PathLike.
        FileNotFoundError: there is no such file.
        OSError: the file cannot be read.
        ValueError: the file is damaged or not IDX; the sentence says what was expected.
    """
    return read_checked(path)


def read_checked(
    path: str | os.PathLike[str], expected_shape: tuple[int, ...] | None = None
) -> npt.NDArray[Any]:
    """`read_idx`; if `expected_shape` is given, refuse any other array before reading its data."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or an os.PathLike. Received: {type(path).__name__}")
    name = os.fspath(path)
    with _open_payload(name) as (stream, limit, exact):
        dtype, shape = _read_header(stream, name)
        if expected_shape is not None and (dtype, shape) != (np.dtype("u1"), expected_shape):
            raise ValueError(
                f"{name}: expected uint8 {expected_shape}. "
                f"Received: {dtype.name} {shown(shape)} in the header"
            )
        # In Python's integers the product cannot overflow; compare before allocating anything.
        expected = 4 + 4 * len(shape) + math.prod(shape) * dtype.itemsize
        if expected > limit:
            got = f"{limit} bytes" if exact else f"a gzip file of at most {limit} unpacked bytes"
            raise ValueError(
                f"{name}: expected {shown(expected)} bytes for {dtype.name} {shown(shape)}. "
                f"Received: {got} (truncated)"
            )
        return _read_elements(stream, name, dtype, shape)


def write_idx(path: str | os.PathLike[str], array: npt.ArrayLike) -> None:
    """Write `array` to an IDX file in one step: a reader never sees half a file.

    Args:
        path: the file to write; compressed with gzip if the name ends in ``.gz``. The bytes
            depend on the array alone: gzip's time stamp is left at zero.
        array: uint8, int8, int16, int32, float32 or float64, any byte order and layout, with at
            least one dimension and no size above 4,294,967,295.

    Raises:
        TypeError: `path` or the dtype of `array` is not one of the above.
        ValueError: `array` has no dimension, or a size that 32 bits cannot hold.
        OSError: the file cannot be written.
    """
    array = np.asarray(array)
    header = idx_header(array)
    elements = np.ascontiguousarray(array, dtype=_DTYPES[header[2]]).reshape(-1).view(np.uint8)
    with atomic_file(path) as file:
        if os.fspath(path).lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                packed.write(header)
                packed.write(elements.data)
        else:
            file.write(header)
            file.write(elements.data)


def idx_header(array: npt.NDArray[Any]) -> bytes:
    """The bytes that come before the elements of `array` in an IDX file."""
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise TypeError(
            "array must have dtype uint8, int8, int16, int32, float32 or float64. "
            f"Received: {array.dtype}"
        )
    if array.ndim < 1:
        raise ValueError("array must have at least one dimension. Received: shape ()")
    if max(array.shape) > 0xFFFFFFFF:
        raise ValueError(
            f"array must have sizes of at most 4294967295. Received: shape {array.shape}"
        )
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)


@contextmanager
def _open_payload(name: str) -> Iterator[tuple[BinaryIO, int, bool]]:
    """Yield the decompressed stream, its largest possible length, and if that is the length."""
    with open(name, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{name}: expected an ordinary file. Received: a device or a pipe")
        if file.peek(2)[:2] != _GZIP_MAGIC:
            yield file, status.st_size, True
            return
        try:
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield unpacked, status.st_size * _DEFLATE_MAX_RATIO, False  # type: ignore[misc]
        except EOFError:
            raise ValueError(
                f"{name}: expected a whole gzip file. Received: one that ends early (truncated)"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{name}: expected an undamaged gzip file. Received: an error: {error}"
            ) from None


def _read_header(stream: BinaryIO, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4:
        raise ValueError(
            f"{name}: expected an IDX header of at least 4 bytes. Received: {len(magic)} bytes"
        )
    if magic[:2] != b"\0\0":
        raise ValueError(
            f"{name}: expected an IDX file to start with 00 00. Received: {magic.hex(' ')}"
        )
    dtype = _DTYPES.get(magic[2])
    if dtype is None:
        codes = ", ".join(f"0x{code:02x}" for code in _DTYPES)
        raise ValueError(
            f"{name}: expected an IDX type code among {codes}. Received: 0x{magic[2]:02x}"
        )
    rank = magic[3]
    if rank == 0:
        raise ValueError(f"{name}: expected at least one dimension in the IDX header. Received: 0")
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError(
            f"{name}: expected an IDX header of {4 + 4 * rank} bytes for {rank} dimensions. "
            f"Received: {4 + len(sizes)} bytes"
        )
    return dtype, struct.unpack(f">{rank}I", sizes)


def _read_elements(
    stream: BinaryIO, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    try:
        array = np.empty(shape, dtype)
    except ValueError as error:  # more dimensions than NumPy has, or (0, huge, huge)
        raise ValueError(
            f"{name}: expected a shape NumPy can hold. Received: {shown(shape)}: {error}"
        ) from None
    flat = array.reshape(-1).view(np.uint8)
    done = 0
    while done < flat.size:  # in pieces, because GzipFile.readinto makes a copy of what it reads
        count = stream.readinto(flat[done : done + _CHUNK].data)  # type: ignore[attr-defined]
        if not count:
            raise ValueError(
                f"{name}: expected {flat.size} bytes of elements for {dtype.name} {shown(shape)}. "
                f"Received: {done} bytes (truncated)"
            )
        done += count
    if stream.read(1):  # for gzip this also makes it check the CRC
        raise ValueError(
            f"{name}: expected the file to end after {flat.size} bytes of elements for "
            f"{dtype.name} {shown(shape)}. Received: more"
        )
    if sys.byteorder == "little" and dtype.itemsize > 1:
        array.byteswap(inplace=True)
    return array.view(dtype.newbyteorder("="))
