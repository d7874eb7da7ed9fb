"""Damaged and hostile files of Keras: a sentence that names the file; no crash, no huge memory."""

import io
import json
import os
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from digitnet._keras_format.hdf5 import File
from digitnet.models import load_model
from keras_files import CONFIG, SMALL, WEIGHTS, changed, config_of, member, packed

H5 = member(SMALL, WEIGHTS)
MUCH = 30 * 2**20  # bytes; the file has 24,207


@pytest.fixture
def bad(tmp_path):
    """Load a damaged file, the only one in its folder; give its error, None if it loads."""
    path = tmp_path / "bad.keras"

    def load(data):
        path.write_bytes(data)
        sentence = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # loaded without compile settings
                load_model(path)
        except ValueError as error:
            sentence = str(error)
        assert sentence is None or ("bad.keras" in sentence and "\n" not in sentence)
        assert os.listdir(tmp_path) == ["bad.keras"]
        return sentence

    return load


def test_every_truncation(bad):
    for length in [*range(64), *range(64, len(SMALL), 97)]:
        assert bad(SMALL[:length])
    for length in [*range(64), *range(64, len(H5), 97)]:
        assert bad(packed(weights=H5[:length]))


def flipped(data, rng):
    """Return the data with one to five wrong bytes, most of them where it is not empty."""
    broken = bytearray(data)
    used = np.flatnonzero(np.frombuffer(data, np.uint8))
    for _ in range(rng.integers(1, 6)):
        at = rng.choice(used) if rng.random() < 0.8 else rng.integers(len(data))
        broken[at] = rng.integers(256)
    return bytes(broken)


def test_the_archive_s_checksums_find_wrong_bytes(bad, rng):
    content = [SMALL.find(part) for part in (H5, b'"Sequential"')]
    assert min(content) > 0
    for start in content:
        for at in start + rng.integers(12, size=20):
            broken = bytearray(SMALL)
            broken[at] ^= 1
            assert "Bad CRC-32" in bad(bytes(broken))
    for _ in range(200):  # anywhere: also in the archive's own tables
        bad(flipped(SMALL, rng))


def test_wrong_bytes_behind_right_checksums(bad, rng):
    tracemalloc.start()
    try:
        refused = sum(bad(packed(weights=flipped(H5, rng))) is not None for _ in range(400))
        text = json.dumps(config_of()).encode()
        for _ in range(200):
            refused += bad(packed(flipped(text, rng).decode("latin-1"))) is not None
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()
    assert 250 < refused < 600  # a wrong weight, or a letter of a name, is a model, too


def test_each_byte_of_a_small_hdf5_file(rng):
    """Every byte that says something, once: the reader ends in an array or in a ValueError."""
    group = File(H5).root().group("layers").group("dense").group("vars")
    assert group.array("0").shape == (6, 5)
    for at in np.flatnonzero(np.frombuffer(H5, np.uint8)):
        broken = bytearray(H5)
        broken[at] ^= int(rng.integers(1, 256))
        try:
            found = File(bytes(broken)).root().group("layers")
            for layer in found or []:
                variables = found.group(layer).group("vars")
                for name in variables or []:
                    assert variables.array(name).nbytes < len(H5)
        except ValueError:
            pass


# --- hostile archives


def test_a_zip_bomb_is_not_unpacked(bad):
    bomb = packed(weights=bytes(50 * 2**20), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert "neither compressed nor encrypted" in bad(bomb)
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("size", [2**31, 2**32 - 2])
def test_a_size_that_is_a_lie(bad, name, size):
    """In the central directory of the archive, sizes stand 26 and 22 bytes before the name."""
    data = bytearray(SMALL)
    at = data.rfind(name.encode())
    struct.pack_into("<II", data, at - 26, size, size)
    tracemalloc.start()
    try:
        assert bad(bytes(data))
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()


def test_nothing_is_written_wherever_names_point(bad, tmp_path):
    names = ["../../outside.txt", "/tmp/digitnet-outside.txt", "assets/../../x", "C:\\x", "a" * 999]
    assert bad(packed(more=[(name, b"data") for name in names])) is None
    assert not os.path.exists("/tmp/digitnet-outside.txt")
    assert not (tmp_path.parent.parent / "outside.txt").exists()


def test_a_name_that_stands_twice(bad):
    buffer = io.BytesIO(packed())
    with zipfile.ZipFile(buffer, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr(CONFIG, "{}")
    assert "the model must be an object of Keras" in bad(buffer.getvalue())


@pytest.mark.parametrize("missing", [CONFIG, WEIGHTS])
def test_a_member_that_is_missing(bad, missing):
    assert f"must hold {missing}" in bad(packed().replace(missing.encode(), b"x" * len(missing)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be JSON"),
        ("[1]", "must describe a model"),
        ("[" * 200_000, "must be JSON"),
        ('{"a":' * 200_000, "must be JSON"),
        ("1" * 10_000, "must be JSON"),
        ('{"class_name": NaN}', "NaN is no JSON number"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "must be JSON"),
    ],
    ids=["empty", "list", "deep", "deep objects", "digits", "NaN", "bytes"],
)
def test_a_config_that_is_none(bad, text, message):
    assert message in bad(packed(text))


def test_long_nonsense_is_cut_in_the_sentence(bad):
    config = changed(("config", "layers", 1, "class_name"), "x" * 10**6)
    assert len(bad(packed(config))) < 500
    config = changed(("config", "layers", 2, "config", "lora_rank"), [list(range(10**5))])
    assert len(bad(packed(config))) < 500


def test_code_in_a_file_is_not_run(bad, tmp_path):
    """As `keras.layers.Lambda` and functions are stored; and a class of a module on the path."""
    marker = tmp_path.parent / "it-ran"
    code = f"open({str(marker)!r}, 'w')"
    lambda_layer = {
        "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
        "config": {"name": "l", "function": {"class_name": "__lambda__", "config": code}},
    }  # fmt: skip
    call = {"module": "os", "class_name": "system", "config": {"command": f"touch {marker}"},
            "registered_name": "system"}  # fmt: skip
    for layer in (lambda_layer, call):
        assert bad(packed(changed(("config", "layers", 1), layer)))
    for key in ("optimizer", "loss"):
        assert bad(packed(changed(("compile_config", key), call))) is None  # not compiled
    assert not marker.exists()


def test_many_layers_of_the_same_bytes(bad):
    """A config may promise more weights than the file holds; none is read then."""
    config = config_of()
    dense = config["config"]["layers"][2]
    more = [changed(("config", "name"), f"d{i}", dense) for i in range(100)]
    for layer in more:
        layer["config"]["units"] = 500
    config["config"]["layers"][2:] = more
    assert "bytes of weights, and has" in bad(packed(config))


# --- hostile HDF5, made with h5py


def dense(change, **options):
    """Return an HDF5 file of Keras in which `change` has replaced the first kernel."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO(H5)
    with h5py.File(buffer, "r+", **options) as file:
        group = file["layers/dense/vars"]
        del group["0"]
        change(h5py, group)
    return buffer.getvalue()


KERNEL = np.ones((6, 5), np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h5, g: g.create_dataset("0", data=KERNEL.astype("f8")), "must hold float32"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL.astype("f2")), "must hold float32"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL.astype(">f4")), "must hold float32"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL.astype("i4")), "finite float32"),
        (lambda h5, g: g.create_dataset("0", data=[b"text"]), "must hold float32"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL * np.nan), "finite float32"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL[:5]), r"Received: shape \(5, 5\)"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL[0, 0]), r"Received: shape \(\)"),
        (lambda h5, g: g.create_dataset("0", data=np.ones((6, 5, 1), "f4")), "two dimensions"),
        (lambda h5, g: g.create_dataset("0", (2**40, 2**20), "f4"), "behind its end"),
        (lambda h5, g: g.create_dataset("0", (0, 5), "f4"), "size of .* is not that"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL, chunks=(6, 5)), "in one piece"),
        (lambda h5, g: g.create_dataset("0", data=KERNEL, compression=1), "no compression"),
        (lambda h5, g: g.create_dataset("0", (6, 5), "f4", external="x"), "no external files"),
        (lambda h5, g: g.create_dataset("0", data=h5.Empty("f4")), "size of .* is not that"),
        (lambda h5, g: g.create_group("0"), "must hold an array at"),
        (lambda h5, g: g.__setitem__("0", h5.SoftLink("/layers")), "no links"),
        (lambda h5, g: g.__setitem__("0", h5.ExternalLink("/etc/passwd", "/")), "no links"),
        (lambda h5, g: g.__setitem__("0", g.parent), "must hold an array at"),
        (lambda h5, g: None, r"2 in layers/dense\. Received: 1"),
    ],
)  # fmt: skip
def test_a_kernel_that_is_none(bad, change, message):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            raise ValueError(bad(packed(weights=dense(change))))
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()


def test_groups_that_point_at_each_other(bad):
    """Many names of one big group, each of which would be listed in full."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        big = file.create_group("big")
        for i in range(500):
            big[f"m{i}"] = big
        layers = file.create_group("layers")
        for i in range(500):
            layers[f"l{i}"] = big
    assert "goes round in circles" in bad(packed(weights=buffer.getvalue()))


def test_hdf5_of_a_newer_form(bad):
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        file["layers/dense/vars/0"] = KERNEL
    assert "of another form than the one that h5py writes" in bad(packed(weights=buffer.getvalue()))
    assert "HDF5" in bad(buffer.getvalue())


def test_a_file_of_keras_2_is_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file["model_weights/dense/kernel:0"] = KERNEL
    with pytest.raises(ValueError, match=r"old\.h5 .* Keras 2"):
        load_model(path)
