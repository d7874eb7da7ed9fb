"""Damage that passes the first checks of a format: lengths and checksums are put right again.

Each function takes a file and a generator and returns another file; where the file is too broken
to be taken apart, its bytes are damaged as they are.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from fuzz.mutate import NUMBERS, damaged, damaged_json, number_near, with_other_number

Mutator: TypeAlias = Callable[[bytes, Random], bytes]
_BROKEN = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, EOFError, struct.error,
    zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, OverflowError,
)  # fmt: skip


def structured(mutate: Mutator) -> Mutator:
    """Return a mutator that leaves one file in eight, and each it cannot read, to `damaged`."""

    def either(data: bytes, rng: Random) -> bytes:
        if rng.random() < 0.125:
            return damaged(data, rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name that stands twice in a zip file
                return mutate(data, rng)
        except _BROKEN:
            return damaged(data, rng)

    return either


@structured
def safetensors(data: bytes, rng: Random) -> bytes:
    """Damage the header, digitnet's settings in it, or the tensors."""
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    part = rng.randrange(8)
    metadata = header["__metadata__"]
    if "digitnet" in metadata and rng.random() < 0.9:  # the checksum would end nearly all of them
        settings = json.loads(metadata["digitnet"])
        settings.pop("crc32", None)
        metadata["digitnet"] = json.dumps(settings)
    if part == 0:
        body = damaged(body, rng)
        text = json.dumps(header)
    elif part <= 2:
        text = damaged_json(header, rng)
    else:
        metadata["digitnet"] = damaged_json(json.loads(metadata["digitnet"]), rng)
        text = json.dumps(header)
    packed = text.encode("utf-8", "surrogatepass")
    return len(packed).to_bytes(8, "little") + packed + body


@structured
def zipped(data: bytes, rng: Random) -> bytes:
    """Damage a member of a zip file by its kind, or the list of members."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = [(info.filename, file.read(info)) for info in file.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    action = rng.randrange(12)
    if action == 0:
        del members[at]
    elif action == 1:
        members.append(rng.choice(members))
    elif action == 2:
        other = rng.choice(["", "/", "../x", "arr_0.npy", "config.json", "a\nb.npy", "é.npy"])
        members[at] = other, content
    else:
        members[at] = name, _MEMBERS.get(name.rpartition(".")[2], damaged)(content, rng)
    compression = rng.choice([zipfile.ZIP_STORED] * 7 + [zipfile.ZIP_DEFLATED])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


@structured
def hdf5(data: bytes, rng: Random) -> bytes:
    """Replace addresses and sizes by those of other parts of the file, and by nonsense."""
    broken = bytearray(data)
    marks = [at.start() for at in re.finditer(rb"HEAP|TREE|SNOD", data)]
    used = [at for at in range(0, len(data) - 8, 8) if any(data[at : at + 8])]
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, size = rng.choice(used), rng.choice((8, 8, 8, 4, 2, 1))
        start = at + rng.randrange(0, 8, size)
        elsewhere = rng.choice(used)
        value = rng.choice(
            [
                int.from_bytes(data[elsewhere : elsewhere + 8], "little"),
                number_near(int.from_bytes(data[start : start + size], "little"), rng),
                elsewhere,
                rng.choice(marks),
                rng.choice(NUMBERS),
            ]
        )
        broken[start : start + size] = (value % 256**size).to_bytes(size, "little")
    return bytes(broken)


@structured
def npy(data: bytes, rng: Random) -> bytes:
    """Damage the header of a .npy array, and say the header's new length."""
    (length,) = struct.unpack_from("<H", data, 8)
    header, body = data[10 : 10 + length].decode("latin-1"), data[10 + length :]
    action = rng.randrange(6)
    if action == 0:
        body = damaged(body, rng)
    elif action == 1:
        other = rng.choice(["|O", "<f8", ">f4", "|V4", "|b1", "<c8", "<M8[s]", "f4", "", "a'b"])
        header = re.sub("(?<='descr': ')[^']*", other, header)
    elif action == 2:
        header = header.replace("False", rng.choice(["True", "None", "1"]))
    elif action == 3:
        header = re.sub(r"\(.*\)", rng.choice(["()", "(0,)", "(-1,)", "(2**9,)", "((),)"]), header)
    else:
        header = with_other_number(header, rng)
    version = data[6:8] if rng.random() < 0.9 else bytes([rng.randrange(4), rng.randrange(2)])
    return data[:6] + version + struct.pack("<H", len(header)) + header.encode("latin-1") + body


@structured
def idx(data: bytes, rng: Random) -> bytes:
    """Damage the header of an IDX file, plain or within gzip, or gzip's own parts."""
    packed = data[:2] == b"\x1f\x8b"
    if packed and rng.random() < 0.3:
        return damaged(data, rng) if rng.random() < 0.7 else data + rng.choice((data, b"\0" * 9))
    plain = bytearray(gzip.decompress(data) if packed else data)
    rank = plain[3]
    action = rng.randrange(5)
    if action == 0:
        plain[2] = rng.choice([0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, rng.randrange(256)])
    elif action == 1:
        plain[3] = rng.choice([0, 1, 2, 3, 32, 64, 65, 255, rng.randrange(256)])
    elif action == 2 and rank:
        at = 4 + 4 * rng.randrange(rank)
        size = number_near(int.from_bytes(plain[at : at + 4], "big"), rng)
        plain[at : at + 4] = (size % 2**32).to_bytes(4, "big")
    elif action == 3:
        plain[4 : 4 + 4 * rank] = b"".join(
            rng.choice(NUMBERS[:17]).to_bytes(4, "big") for _ in range(rank)
        )
    else:
        plain = bytearray(damaged(bytes(plain), rng))
    if not packed and rng.random() < 0.8:
        return bytes(plain)
    return gzip.compress(bytes(plain), rng.choice((0, 1, 9)), mtime=0)


@structured
def png(data: bytes, rng: Random) -> bytes:
    """Damage a chunk of a PNG file and put its length and checksum right; others as bytes."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return damaged(data, rng)
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    i = rng.randrange(len(chunks))
    kind, content = chunks[i]
    action = rng.randrange(8)
    if action == 0:
        del chunks[i]
    elif action == 1:
        chunks.insert(rng.randrange(len(chunks)), rng.choice(chunks))
    elif action == 2:
        names = [b"tRNS", b"PLTE", b"eXIf", b"iCCP", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"fdAT"]
        chunks.insert(1, (rng.choice(names), rng.choice((rng.randbytes(9), content))))
    elif action == 3 and kind == b"IDAT":
        content = zlib.compress(damaged(zlib.decompress(content), rng))
        chunks[i] = kind, content
    else:
        chunks[i] = kind, damaged(content, rng)
    parts = [data[:8]]
    for kind, content in chunks:
        crc = zlib.crc32(kind + content)
        parts.append(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc))
    return b"".join(parts)


def _json_member(data: bytes, rng: Random) -> bytes:
    return damaged_json(json.loads(data), rng).encode("utf-8", "surrogatepass")


_MEMBERS: dict[str, Mutator] = {"json": _json_member, "h5": hdf5, "npy": npy}
