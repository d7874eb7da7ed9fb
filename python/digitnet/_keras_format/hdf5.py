"""Reads the HDF5 files that Keras writes: groups of plain arrays, and nothing else of HDF5.

HDF5's own library believes what a damaged file says: of 6,000 files of 32 kB with a few wrong
bytes, one made it (1.14.6) take 7 GB and go on, out of reach of Ctrl-C. This reader knows the one
form that h5py gives its files, takes every offset for wrong until it is found to lie within the
file, follows no link to other files, and makes no array larger than the file. So models are read
without h5py, too.

Source: "HDF5 File Format Specification", version 2.0: superblock 0 (II.A), groups of symbol tables
(III.A.1, III.B, III.D), object headers of version 1 (IV.A.1.a) and their messages (IV.A.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89HDF\r\n\x1a\n"
Array = NDArray[np.float32] | NDArray[np.int64]

_SYMBOL_TABLE, _CONTINUATION = 0x11, 0x10
_DATASPACE, _DATATYPE, _LAYOUT = 0x01, 0x03, 0x08
_FOREIGN = {0x02: "links", 0x06: "links", 0x07: "external files", 0x0B: "compression"}
_SHARED = 0x02  # flag of a message whose content stands elsewhere
_LONGEST_NAME = 255  # bytes
_ENTRY = 40  # bytes of a symbol table entry
_FLOAT32 = bytes.fromhex("11201f000400000000002000170800177f000000")
_INTEGERS = {
    bytes.fromhex("1008000004000000" "00002000"): "<i4",
    bytes.fromhex("1008000008000000" "00004000"): "<i8",
}  # fmt: skip


class File:
    """The bytes of an HDF5 file; every read is checked against their end.

    Raises
    ------
    ValueError
        They are no HDF5 file, or one of another form than h5py's.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._steps = len(data) // 8  # what it can hold, each part being read once
        if self.take(0, 8) != SIGNATURE:
            raise ValueError("it does not begin as an HDF5 file does")
        form = (data[8:9], self.take(13, 2), self.take(24, 8))  # version, widths, base address
        if form != (b"\x00", b"\x08\x08", bytes(8)):
            raise ValueError("its HDF5 is of another form than the one that h5py writes for Keras")
        if self.number(40, 8) > len(data):
            raise ValueError("it is cut short")

    def take(self, at: int, size: int) -> bytes:
        """Return ``size`` bytes from position ``at`` on."""
        if at + size > len(self.data):
            raise ValueError("a part of it would lie behind its end")
        return self.data[at : at + size]

    def number(self, at: int, size: int) -> int:
        """Return the unsigned integer of ``size`` bytes at position ``at``."""
        return int.from_bytes(self.take(at, size), "little")

    def step(self, count: int = 1) -> None:
        """Count parts that were read; a file that points at them again and again has no end."""
        self._steps -= count
        if self._steps < 0:
            raise ValueError("it would hold more than fits into it, or goes round in circles")

    def root(self) -> Group:
        """Return the file's outermost group."""
        return Group(self, self.number(64, 8), "")


class Group:
    """A group: what it holds, by name.

    Raises
    ------
    ValueError
        There is no group at ``header``, or the file is damaged.
    """

    def __init__(self, file: File, header: int, path: str) -> None:
        self.path = path
        self._file = file
        table = dict(_messages(file, header, path)).get(_SYMBOL_TABLE)
        if table is None:
            raise ValueError(f"it must hold a group of plain HDF5 at {path or 'its root'}")
        tree, heap = file.number(table, 8), file.number(table + 8, 8)
        _expect(file, heap, b"HEAP")
        self._names = file.number(heap + 24, 8)
        self._members = dict(self._entries(tree))

    def __iter__(self) -> Iterator[str]:
        """Yield the names of its members."""
        return iter(self._members)

    def __contains__(self, name: object) -> bool:
        """Tell whether it has a member of that name."""
        return name in self._members

    def group(self, name: str) -> Group | None:
        """Return the group of that name; None where there is nothing of that name."""
        header = self._members.get(name)
        return None if header is None else Group(self._file, header, self._join(name))

    def array(self, name: str) -> Array:
        """Return a copy of the array of that name: float32, or int64 where the file has integers.

        Raises
        ------
        ValueError
            There is none, or it is not stored in one piece as numbers of these types.
        """
        path = self._join(name)
        if name not in self._members:
            raise ValueError(f"it must hold an array {path}, and does not")
        messages = dict(_messages(self._file, self._members[name], path))
        if not {_DATASPACE, _DATATYPE, _LAYOUT} <= set(messages):
            raise ValueError(f"it must hold an array at {path}")
        shape = self._shape(messages[_DATASPACE], path)
        dtype = self._dtype(messages[_DATATYPE], path)
        at = messages[_LAYOUT]
        if self._file.take(at, 2) != b"\x03\x01":  # version 3, contiguous
            raise ValueError(f"it must hold {path} in one piece, as Keras stores it")
        size = dtype.itemsize
        for length in shape:
            size *= length
        if size == 0 or self._file.number(at + 10, 8) != size:
            raise ValueError(f"the size of {path} is not that of its shape {shape}")
        stored = self._file.take(self._file.number(at + 2, 8), size)
        values: NDArray[Any] = np.frombuffer(stored, dtype).reshape(shape)
        return values.astype(np.float32) if dtype.kind == "f" else values.astype(np.int64)

    def _join(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def _entries(self, tree: int) -> Iterator[tuple[str, int]]:
        """Yield name and object header of every member, from a B-tree of symbol tables."""
        file = self._file
        nodes = [tree]
        while nodes:
            node = nodes.pop()
            count = file.number(node + 6, 2)
            file.step(1 + count)
            if file.take(node, 4) == b"TREE":
                nodes += [file.number(node + 32 + 16 * i, 8) for i in range(count)]
                continue
            _expect(file, node, b"SNOD")
            for entry in range(node + 8, node + 8 + _ENTRY * count, _ENTRY):
                if file.number(entry + 16, 4) == 2:
                    raise ValueError(f"it must hold no links, but does at {self.path}")
                yield self._name(file.number(entry, 8)), file.number(entry + 8, 8)

    def _name(self, offset: int) -> str:
        at = self._names + offset
        end = self._file.data.find(b"\0", at, at + _LONGEST_NAME + 1)
        name = self._file.data[at:end].decode("utf-8", "replace")
        if end < 0 or not name.isprintable():
            raise ValueError("a name in it has no end or cannot be printed")
        return name

    def _shape(self, at: int, path: str) -> tuple[int, ...]:
        version, rank = self._file.take(at, 2)
        if version not in (1, 2) or rank > 2:
            raise ValueError(f"{path} must have two dimensions at most. Received: {rank}")
        start = at + (8 if version == 1 else 4)
        return tuple(self._file.number(start + 8 * axis, 8) for axis in range(rank))

    def _dtype(self, at: int, path: str) -> np.dtype[Any]:
        if self._file.take(at, 12) in _INTEGERS:
            return np.dtype(_INTEGERS[self._file.take(at, 12)])
        if self._file.take(at, len(_FLOAT32)) != _FLOAT32:
            raise ValueError(f"{path} must hold float32, which digitnet computes in")
        return np.dtype("<f4")


def _expect(file: File, at: int, signature: bytes) -> None:
    if file.take(at, len(signature)) != signature:
        raise ValueError(f"no {signature.decode()} where one should be")


def _messages(file: File, header: int, path: str) -> Iterator[tuple[int, int]]:
    """Yield type and position of what an object header says.

    Raises
    ------
    ValueError
        The header is damaged, or says something that Keras does not write: links, filters.
    """
    where = path or "its root"
    if file.take(header, 1) != b"\x01":
        raise ValueError(f"its HDF5 is not of the form that h5py writes, at {where}")
    blocks = [(header + 16, file.number(header + 8, 4))]
    while blocks:
        at, size = blocks.pop()
        end = at + size
        while at + 8 <= end:
            file.step()
            kind, length, flags = file.number(at, 2), file.number(at + 2, 2), file.number(at + 4, 1)
            at += 8
            if at + length > end:
                raise ValueError(f"a header is longer than its block at {where}")
            if kind in _FOREIGN or flags & _SHARED:
                raise ValueError(f"it must hold no {_FOREIGN.get(kind, 'shared parts')} at {where}")
            if kind == _CONTINUATION:
                blocks.append((file.number(at, 8), file.number(at + 8, 8)))
            else:
                yield kind, at
            at += length
