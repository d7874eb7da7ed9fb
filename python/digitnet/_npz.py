"""Weights as NumPy's .npz: a zip file of .npy arrays, read without believing what it claims.

Only float32 arrays are read, from their bytes, never through pickle; no more is unpacked than the
reader asked for. The format of a .npy file:
https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import os
import re
import struct
from io import BytesIO
from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from digitnet._arrays import FloatArray
from digitnet._errors import sentence
from digitnet.saving import PathLike, Tensors, check_finite, checked_path, file_name
from digitnet.utils.atomic import atomic_file

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

SUFFIX = ".npz"

_MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 4096  # bytes; NumPy writes 118 for any array of fewer than a dozen axes
_HEADER = re.compile(
    r"\{'descr': *'([^']*)', *'fortran_order': *(True|False), *"
    r"'shape': *\(((?:[0-9]+, *)*(?:[0-9]+)?)\),? *\} *\n?"
)


class _Entry(NamedTuple):
    """One array in the zip file: where its values begin, and what they are."""

    info: ZipInfo
    start: int
    dtype: str
    order: Literal["C", "F"]
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """What the values take in the file."""
        return 4 * prod(self.shape)


def write(path: PathLike, tensors: Tensors) -> None:
    """Write the arrays in their order, uncompressed; a reader sees the old file or all of it.

    Equal content gives equal bytes.

    Raises
    ------
    ValueError
        ``path`` does not end in .npz, or an array holds NaN or infinity.
    TypeError
        ``path`` is not a path.
    OSError
        The file cannot be written.
    """
    target = checked_path(path, (SUFFIX,))
    check_finite(tensors)
    arrays: dict[str, Any] = dict(tensors)  # float32: nothing to pickle
    with atomic_file(target) as file:
        np.savez(file, **arrays)


def read(path: PathLike, max_bytes: int) -> Tensors:
    """Return the arrays by name, all float32 and finite, if they take ``max_bytes`` at most.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        It is damaged, holds something else, or more than ``max_bytes`` of values.
    TypeError
        ``path`` is not a path.
    """
    import zipfile
    import zlib

    with open(file_name(path), "rb") as file:
        data = file.read(os.fstat(file.fileno()).st_size)  # a device has size 0, and no end
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = _entries(archive)
            total = sum(entry.nbytes for entry in entries.values())
            if total <= max_bytes:
                return {name: _values(archive, name, entry) for name, entry in entries.items()}
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
        ValueError, OverflowError,
    ) as error:  # fmt: skip
        reason = sentence(error) or "it is cut short"  # an EOFError says nothing
        raise ValueError(f"{path} is not a .npz file of weights, or is damaged: {reason}") from None
    raise ValueError(
        f"{path} holds weights of another model: the model's take {max_bytes} bytes. "
        f"Received: {total} bytes"
    )


def _entries(archive: ZipFile) -> dict[str, _Entry]:
    """Return what the file holds by name, from the headers alone."""
    from zipfile import ZIP_DEFLATED, ZIP_STORED

    entries: dict[str, _Entry] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            raise ValueError(f"its entry {name!r} is no .npy array")
        if name in entries:
            raise ValueError(f"it holds {name!r} twice")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # what NumPy writes
            raise ValueError(f"{name!r} is compressed by another method than deflate")
        entries[name] = _entry(archive, info, name)
    return entries


def _entry(archive: ZipFile, info: ZipInfo, name: str) -> _Entry:
    """Return what the header of an array says, once the size of the entry agrees with it."""
    with archive.open(info) as file:
        head = file.read(12)
        if len(head) < 12 or head[:6] != _MAGIC or head[6] not in (1, 2):
            raise ValueError(f"{name!r} does not begin as a .npy array of numbers does")
        begin, code = (10, "<H") if head[6] == 1 else (12, "<I")
        (length,) = struct.unpack_from(code, head, 8)
        if length > _HEADER_LIMIT:
            raise ValueError(f"the header of {name!r} is too long for an array of numbers")
        header = (head + file.read(begin + length - 12))[begin : begin + length]
    parts = _HEADER.fullmatch(header.decode("latin-1"))
    if parts is None:
        raise ValueError(f"the header of {name!r} is not that of an array of numbers")
    if parts[1] not in ("<f4", ">f4"):
        raise ValueError(f"{name!r} must be float32 ('<f4'). Received: {parts[1]!r}")
    shape = tuple(int(size) for size in parts[3].split(",") if size.strip())
    entry = _Entry(info, begin + length, parts[1], "F" if parts[2] == "True" else "C", shape)
    if info.file_size != entry.start + entry.nbytes:
        raise ValueError(f"{name!r} has another size than its shape {shape} asks for")
    return entry


def _values(archive: ZipFile, name: str, entry: _Entry) -> FloatArray:
    """Return the values of an array, whose checksum the zip file holds."""
    with archive.open(entry.info) as file:
        # Not read(): that would unpack all that is packed, whatever size the entry claims.
        data = file.read(entry.info.file_size)
    if len(data) != entry.info.file_size:
        raise ValueError(f"{name!r} is cut short")
    values = np.frombuffer(data, entry.dtype, offset=entry.start).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{name!r} must hold finite numbers only")
    return np.asarray(values.reshape(entry.shape, order=entry.order), order="C")
