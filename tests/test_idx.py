"""IDX files: every element type and rank, plain and gzip, and a sentence for every damage."""

import gzip
import os
import re
import struct
import tracemalloc

import numpy as np
import pytest

from digitnet.datasets import read_idx, write_idx

DTYPES = ["u1", "i1", "i2", "i4", "f4", "f8"]
CODES = dict(zip(DTYPES, [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E], strict=True))


def idx_bytes(code, shape, payload):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + payload


def store(folder, content, name="data.idx"):
    path = folder / name
    path.write_bytes(content)
    return path


def refuses(path, sentence):
    """The one sentence names the file and matches `sentence`."""
    with pytest.raises(ValueError, match=sentence) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def some_array(dtype, shape):
    values = np.arange(np.prod(shape), dtype=np.int64) * 37 - 50
    return values.astype(dtype).reshape(shape)


@pytest.mark.parametrize("suffix", [".idx", ".idx.gz", ".GZ"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trip(tmp_path, dtype, suffix):
    array = some_array(dtype, (3, 4, 5))
    path = tmp_path / f"data{suffix}"
    write_idx(path, array)
    result = read_idx(path)
    np.testing.assert_array_equal(result, array, strict=True)
    assert result.dtype.isnative
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == path.name.lower().endswith(".gz")


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (2, 0, 3), (1,) * 20, (2, 3, 1, 2)])
def test_ranks_and_empty_arrays(tmp_path, shape):
    for name in ("a.idx", "a.gz"):
        write_idx(tmp_path / name, some_array("i2", shape))
        result = read_idx(tmp_path / name)
        np.testing.assert_array_equal(result, some_array("i2", shape), strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_those_of_the_format(tmp_path, dtype):
    array = some_array(dtype, (2, 3))
    path = tmp_path / "data.idx"
    write_idx(path, array)
    big_endian = array.astype(np.dtype(dtype).newbyteorder(">")).tobytes()
    assert path.read_bytes() == idx_bytes(CODES[dtype], (2, 3), big_endian)


@pytest.mark.parametrize("order", ["<", ">"])
def test_byte_order_and_layout_of_the_source_do_not_matter(tmp_path, order):
    array = some_array("i4", (6, 8))
    write_idx(tmp_path / "a", np.asfortranarray(array.astype(order + "i4"))[::2, ::-1])
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), array[::2, ::-1], strict=True)


def test_special_floats_survive(tmp_path):
    array = np.array([np.nan, np.inf, -0.0, 1e-45], np.float32)
    write_idx(tmp_path / "a", array)
    assert read_idx(tmp_path / "a").tobytes() == array.tobytes()


def test_gzip_bytes_are_reproducible(tmp_path):
    array = some_array("u1", (50, 50))
    for name in ("first.gz", "second.gz"):
        write_idx(tmp_path / name, array)
    first = (tmp_path / "first.gz").read_bytes()
    assert first == (tmp_path / "second.gz").read_bytes()
    assert first[4:8] == b"\0\0\0\0"  # the time stamp


def test_gzip_is_told_by_content_not_by_name(tmp_path):
    content = idx_bytes(0x08, (3,), b"abc")
    for name, data in (("plain.gz", content), ("packed", gzip.compress(content))):
        assert read_idx(str(store(tmp_path, data, name))).tobytes() == b"abc"


def test_gzip_of_several_members(tmp_path):
    content = idx_bytes(0x08, (6,), b"abcdef")
    path = store(tmp_path, gzip.compress(content[:7]) + gzip.compress(content[7:]))
    assert read_idx(path).tobytes() == b"abcdef"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "at least 4 bytes. Received: 0 bytes"),
        (b"\0\0\x08", "at least 4 bytes. Received: 3 bytes"),
        (b"PK\x03\x04aaaa", "start with 00 00. Received: 50 4b 03 04"),
        (idx_bytes(0x0A, (1,), b"a"), "type code among 0x08, .*. Received: 0x0a"),
        (idx_bytes(0x08, (), b""), "at least one dimension .* Received: 0"),
        (
            idx_bytes(0x08, (1, 2, 3), b"")[:-5],
            "header of 16 bytes for 3 dimensions. Received: 11 bytes",
        ),
        (idx_bytes(0x08, (2, 3), b"abcdefg"), "end after 6 bytes .* Received: more"),
        (idx_bytes(0x08, (1,) * 255, b"a"), "a shape NumPy can hold"),
        (idx_bytes(0x08, (0, *[2**32 - 1] * 3), b""), "a shape NumPy can hold"),
    ],
)
def test_damaged_headers(tmp_path, pack, content, sentence):
    refuses(store(tmp_path, pack(content)), sentence)


def test_truncated_elements(tmp_path):
    content = idx_bytes(0x0C, (2, 3), bytes(20))
    refuses(store(tmp_path, content), r"36 bytes for int32 \(2, 3\). Received: 32 bytes")
    packed = gzip.compress(content)
    refuses(store(tmp_path, packed), r"24 bytes of elements for int32 \(2, 3\). Received: 20 bytes")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(2**32 - 1,), (2**32 - 1,) * 30])
def test_sizes_beyond_the_file_are_refused_before_allocating(tmp_path, pack, shape):
    path = store(tmp_path, pack(idx_bytes(0x0E, shape, bytes(8))))
    tracemalloc.start()
    refuses(path, "expected [0-9.]+ bytes for float64 .* Received: .* bytes")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_gzip_bomb_is_not_unpacked(tmp_path):
    bomb = gzip.compress(idx_bytes(0x08, (10,), bytes(50 << 20)), 1)
    path = store(tmp_path, bomb)
    tracemalloc.start()
    refuses(path, "end after 10 bytes .* Received: more")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("keep", [3, 12, 40, -9, -8, -1])
def test_truncated_gzip(tmp_path, keep):
    packed = gzip.compress(idx_bytes(0x08, (1000,), np.random.default_rng(0).bytes(1000)))
    refuses(store(tmp_path, packed[:keep]), "gzip file. Received: one that ends early")


def test_corrupt_gzip(tmp_path):
    packed = bytearray(gzip.compress(idx_bytes(0x08, (1000,), bytes(range(250)) * 4)))
    wrong = {-6: "CRC", -2: "length", 2: "compression method", 10: "invalid block type"}
    for position, sentence in wrong.items():
        damaged = bytearray(packed)
        damaged[position] = 0x07
        refuses(store(tmp_path, damaged), sentence)
    refuses(store(tmp_path, packed + b"garbage"), "undamaged gzip")


def test_any_flipped_byte_is_refused_or_harmless(tmp_path):
    """Nothing but ValueError may come out of a damaged file, whatever the damage."""
    content = idx_bytes(0x0B, (5, 4), bytes(range(40)))
    for source in (content, gzip.compress(content, mtime=0)):
        for position in range(len(source)):
            damaged = bytearray(source)
            damaged[position] ^= 0xFF
            path = store(tmp_path, damaged)
            try:
                read_idx(path)
            except ValueError as error:
                assert str(path) in str(error)  # noqa: PT017


def test_read_refuses_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent.idx")
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        read_idx(tmp_path)
    with pytest.raises(TypeError, match=r"path must be a str .* Received: int"):
        read_idx(3)
    if os.path.exists("/dev/zero"):
        with pytest.raises(OSError, match=r"an ordinary file\. Received: a device"):
            read_idx("/dev/zero")


@pytest.mark.parametrize("dtype", ["bool", "int64", "u2", "f2", "complex64", "U3", "object"])
def test_write_refuses_other_dtypes(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"array must have dtype uint8, .* Received"):
        write_idx(tmp_path / "a", np.zeros(3, dtype))
    assert not list(tmp_path.iterdir())


def test_write_refuses_impossible_shapes(tmp_path):
    with pytest.raises(ValueError, match=r"at least one dimension. Received: shape \(\)"):
        write_idx(tmp_path / "a", np.uint8(3))
    with pytest.raises(ValueError, match=r"at most 4294967295\. Received: shape"):
        write_idx(tmp_path / "a", np.broadcast_to(np.uint8(0), (2**32,)))
    with pytest.raises(TypeError, match="path must be a str"):
        write_idx(3, np.zeros(3, np.uint8))
    with pytest.raises(FileNotFoundError, match="cannot write in the folder"):
        write_idx(tmp_path / "absent" / "a", np.zeros(3, np.uint8))
    assert not list(tmp_path.iterdir())
