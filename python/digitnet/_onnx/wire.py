"""The wire format of Protocol Buffers, as far as an ONNX file needs it: writing only.

A message is a list of pieces in order, so that large weights are never copied: they stay views of
their arrays until they go to the file. Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TypeAlias

Pieces: TypeAlias = list[bytes | memoryview]  # the views are of bytes

MAX_BYTES = 2**31 - 1  # of a whole message: what the readers of the format take

_VARINT, _LENGTH, _FIXED32 = 0, 2, 5  # wire types


def size(pieces: Pieces) -> int:
    """Return the number of bytes."""
    return sum(map(len, pieces))


def integer(field: int, value: int) -> Pieces:
    """Return a field that holds an integer >= 0 (int32, int64, an enum)."""
    return [_tag(field, _VARINT) + _varint(value)]


def integers(field: int, values: Iterable[int]) -> Pieces:
    """Return a packed field of integers >= 0."""
    return message(field, [b"".join(map(_varint, values))])


def float32(field: int, value: float) -> Pieces:
    """Return a field that holds a number, rounded to float32."""
    return [_tag(field, _FIXED32) + struct.pack("<f", value)]


def text(field: int, value: str) -> Pieces:
    """Return a field that holds a string, in UTF-8."""
    return message(field, [value.encode()])


def message(field: int, content: Pieces) -> Pieces:
    """Return a field that holds a message, or bytes."""
    return [_tag(field, _LENGTH) + _varint(size(content)), *content]


def _tag(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    """Return seven bits a byte, the lowest first; the top bit says that more follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
