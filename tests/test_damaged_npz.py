"""Weights in .npz files that are damaged or mean harm: one sentence, and nothing is executed."""

import io
import os
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from digitnet.layers import Dense, Input
from digitnet.models import Sequential

BAD = r"bad\.npz is not a \.npz file of weights, or is damaged: "
OTHER = r"bad\.npz holds weights of another model: "
NAMES = ["layers.0.kernel", "layers.0.bias", "layers.1.kernel", "layers.1.bias"]


@pytest.fixture
def model():
    return Sequential([Input((6,)), Dense(5, "relu"), Dense(3)])


def npy(array, **changes):
    """Return the bytes of a .npy file, with other texts in its header where asked."""
    file = io.BytesIO()
    np.save(file, array)
    data = file.getvalue()
    for old, new in changes.values():
        assert data.count(old) == 1
        data = data.replace(old, new)
    return data


def archive(path, entries, compression=zipfile.ZIP_STORED):
    """Write a zip file of (name, bytes) as they are."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in entries:
            file.writestr(name, data)


def entries_of(model, **changes):
    """Return the entries of the model's .npz file, some of them others (None: left out)."""
    entries = dict(zip(NAMES, map(npy, model.get_weights()), strict=True))
    entries |= {f"layers.{key.replace('_', '.')}": data for key, data in changes.items()}
    return [(f"{name}.npy", data) for name, data in entries.items() if data is not None]


def refused(model, path, message):
    """Assert that the file is refused in one line that names it, and that the model stays."""
    before = model.get_weights()
    with pytest.raises(ValueError, match=message) as error:
        model.load_weights(path)
    assert "\n" not in str(error.value)
    np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_many_truncations_and_flipped_bits(save, model, rng, tmp_path):
    weights = model.get_weights()
    bad = tmp_path / "bad.npz"
    save(bad, *weights)
    data = bad.read_bytes()
    for length in range(0, len(data), 29):
        bad.write_bytes(data[:length])
        refused(model, bad, BAD)
    named = []
    for position in rng.integers(len(data), size=400):
        broken = bytearray(data)
        broken[position] ^= 1 << int(rng.integers(8))
        bad.write_bytes(broken)
        try:
            model.load_weights(bad)
        except ValueError as error:
            named.append("bad.npz" in str(error) and "\n" not in str(error))
        np.testing.assert_equal(model.get_weights(), weights)  # a date may change, no weight
    assert len(named) > 250
    assert all(named)


@pytest.mark.parametrize(
    "data", [b"", b"P", b"PK\x03\x04", b"PK\x05\x06" + bytes(17), b"not a zip file at all" * 10]
)
def test_what_is_no_zip_file(data, model, tmp_path):
    (tmp_path / "bad.npz").write_bytes(data)
    refused(model, tmp_path / "bad.npz", BAD)


def test_missing_files_and_folders(model, tmp_path):
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "none.npz")
    with pytest.raises(OSError, match=str(tmp_path)):
        model.load_weights(tmp_path)
    if os.path.exists("/dev/zero"):
        (tmp_path / "bad.npz").symlink_to("/dev/zero")
        refused(model, tmp_path / "bad.npz", BAD)


ONES = np.ones(5, np.float32)


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        (None, OTHER + ".*Missing or too many: layers.0.bias"),
        (npy(np.ones(4, np.float32)), OTHER + r".*\(5,\), as the model has it.*\(4,\)"),
        (npy(np.ones((5, 1), np.float32)), OTHER + r".*\(5, 1\)"),
        (npy(np.float32(1)), OTHER + r".*shape \(\)"),
        (npy(np.ones(2)), BAD + r"'layers.0.bias' must be float32 .*'<f8'"),
        (npy(np.ones(5, np.int32)), BAD + r".*float32 .*'<i4'"),
        (npy(np.ones(5, [("x", "<f4")])), BAD + ".*not that of an array of numbers"),
        (npy(np.array(["abcde"])), BAD + ".*float32 .*'<U5'"),
        (npy(np.full(5, np.nan, np.float32)), BAD + ".*finite numbers only"),
        (npy(np.full(5, np.inf, np.float32)), BAD + ".*finite numbers only"),
        (npy(ONES)[:-1], BAD + r".*another size than its shape \(5,\) asks for"),
        (npy(ONES) + b"\0", BAD + ".*another size than its shape"),
        (npy(ONES)[:9], BAD + ".*does not begin as a .npy array"),
        (npy(ONES)[:40], BAD + ".*not that of an array of numbers"),
        (b"", BAD + ".*does not begin as"),
        (npy(ONES, magic=(b"\x93NUMPY\1\0", b"\x93NUMPY\3\0")), BAD + ".*does not begin as"),
        (npy(ONES, length=(b"\1\0v\0", b"\1\0\xff\xff")), BAD + ".*too long"),
        (npy(ONES, shape=(b"(5,)", b"(-5,)")), BAD + ".*not that of an array of numbers"),
        (npy(ONES, shape=(b"(5,)", b"(5.0,)")), BAD + ".*not that of an array of numbers"),
        (npy(ONES, shape=(b"(5,), ", b"(9**9**9)")), BAD + ".*not that of an array of numbers"),
        (npy(ONES, descr=(b"'<f4'", b"open(1)")), BAD + ".*not that of an array of numbers"),
        (npy(ONES, shape=(b"(5,), }" + b" " * 8, b"(999999999,), }")), BAD + ".*another size"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(bias, message, model, tmp_path):
    archive(tmp_path / "bad.npz", entries_of(model, **{"0_bias": bias}))
    refused(model, tmp_path / "bad.npz", message)


def test_nothing_is_unpickled(model, tmp_path):
    marker = tmp_path / "executed"

    class Harm:
        def __reduce__(self):
            return open, (str(marker), "w")

    np.savez(tmp_path / "bad.npz", np.array([Harm()], dtype=object))
    refused(model, tmp_path / "bad.npz", BAD + r"'arr_0' must be float32 .*'\|O'")
    assert not marker.exists()


def test_other_entries(model, tmp_path):
    bad = tmp_path / "bad.npz"
    archive(bad, [*entries_of(model), ("readme.txt", b"text")])
    refused(model, bad, BAD + r"its entry 'readme\.txt' is no \.npy array")
    archive(bad, [*entries_of(model), ("../../evil.npy", npy(ONES))])
    refused(model, bad, OTHER)
    assert os.listdir(tmp_path) == ["bad.npz"]
    archive(bad, [*entries_of(model), ("extra.npy", npy(ONES[:0]))])
    refused(model, bad, OTHER + ".*Missing or too many: extra")
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(bad, [*entries_of(model), ("layers.0.bias.npy", npy(ONES))])
    refused(model, bad, BAD + "it holds 'layers.0.bias' twice")
    archive(bad, entries_of(model), zipfile.ZIP_LZMA)
    refused(model, bad, BAD + ".*another method than deflate")


def test_an_encrypted_file(model, tmp_path):
    archive(tmp_path / "bad.npz", entries_of(model))
    data = bytearray((tmp_path / "bad.npz").read_bytes())
    for magic, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(magic) + offset] |= 1
    (tmp_path / "bad.npz").write_bytes(data)
    refused(model, tmp_path / "bad.npz", BAD + ".*encrypted")


# --- zip bombs


def peak_of(action):
    """Return the most memory, in bytes, that was in use at once while the action ran."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_array_that_says_how_large_it_is(model, tmp_path):
    zeros = np.zeros(25_000_000, np.float32)
    archive(tmp_path / "bad.npz", entries_of(model, **{"0_bias": npy(zeros)}), zipfile.ZIP_DEFLATED)
    peak = peak_of(lambda: refused(model, tmp_path / "bad.npz", OTHER + ".* Received: 1000001"))
    assert peak < 5_000_000


def test_an_array_that_hides_how_large_it_is(tmp_path):
    """The zip file says that an entry has the right size, but 100 MB are packed in it."""
    model = Sequential([Input((6,)), Dense(5000), Dense(3)])  # more than zipfile reads at once
    honest = npy(np.ones(5000, np.float32))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(honest + bytes(100_000_000)) + packer.flush()
    bad = tmp_path / "bad.npz"
    archive(bad, entries_of(model, **{"0_bias": packed}))
    data = bytearray(bad.read_bytes())
    # In both headers of the entry: the method, and the size unpacked.
    for magic, method, size, name in ((b"PK\3\4", 8, 22, 30), (b"PK\1\2", 10, 24, 46)):
        start = data.index(b"layers.0.bias.npy", data.index(magic)) - name
        while data[start : start + 4] != magic:
            start = data.index(b"layers.0.bias.npy", start + name + 1) - name
        data[start + method] = zipfile.ZIP_DEFLATED
        data[start + size : start + size + 4] = len(honest).to_bytes(4, "little")
    bad.write_bytes(data)
    with zipfile.ZipFile(bad) as file:
        assert file.getinfo("layers.0.bias.npy").file_size == len(honest)
    peak = peak_of(lambda: refused(model, bad, BAD + "Bad CRC-32"))
    assert peak < 5_000_000
