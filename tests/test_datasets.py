"""Where data sets are looked for, how they are checked, and what is published about them."""

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from digitnet import datasets
from digitnet.datasets import (
    _idx_dataset,
    download,
    fashion_mnist,
    mnist,
    read_idx,
    write_idx,
)

MODULES = [mnist, fashion_mnist]
NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
SHAPES = [(6, 3, 2), (6,), (4, 3, 2), (4,)]


def tiny_arrays(seed):
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 256 if len(shape) > 1 else 10, shape, dtype=np.uint8) for shape in SHAPES
    ]


def put(folder, arrays, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(NAMES, arrays, strict=True):
        write_idx(folder / (name + suffix), array)
    return folder


def flatten(split):
    (x_train, y_train), (x_test, y_test) = split
    return [x_train, y_train, x_test, y_test]


def holds(split, arrays):
    for got, expected in zip(flatten(split), arrays, strict=True):
        np.testing.assert_array_equal(got, expected, strict=True)


@pytest.fixture
def arrays():
    return tiny_arrays(1)


@pytest.fixture(params=MODULES, ids=["mnist", "fashion_mnist"])
def tiny(request, arrays, tmp_path, monkeypatch):
    """The module with small published files, an empty cache, no DIGITNET_DATA and no network."""
    put(tmp_path / "published", arrays)
    put(tmp_path / "published", arrays, ".gz")
    files = []
    for name, shape in zip(NAMES, SHAPES, strict=True):
        content = (tmp_path / "published" / name).read_bytes()
        packed = (tmp_path / "published" / f"{name}.gz").read_bytes()
        files.append(
            _idx_dataset.IdxFile(
                name,
                shape,
                hashlib.sha256(content).hexdigest(),
                hashlib.sha256(packed).hexdigest() if request.param is fashion_mnist else None,
            )
        )
    dataset = replace(request.param._DATASET, files=tuple(files), mirrors=("https://mirror/",))
    monkeypatch.setattr(request.param, "_DATASET", dataset)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.delenv("DIGITNET_DATA", raising=False)
    asked = []
    monkeypatch.setattr(request.param, "asked", asked, raising=False)

    def get(url, max_bytes, timeout, time_limit):
        asked.append(url)
        return (tmp_path / "published" / url.rpartition("/")[2]).read_bytes()

    monkeypatch.setattr(download, "_get", get)
    return request.param


def subfolder(module):
    return module._DATASET.environment_subfolders[-1]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_path_is_used(tiny, arrays, tmp_path, suffix):
    folder = put(tmp_path / "mine", arrays, suffix)
    holds(tiny.load_data(str(folder)), arrays)
    assert tiny.find(folder) == folder
    assert tiny.asked == []


def test_path_with_missing_files_is_an_error_that_names_them(tiny, arrays, tmp_path, monkeypatch):
    folder = put(tmp_path / "mine", arrays)
    monkeypatch.setenv("DIGITNET_DATA", str(tmp_path / "published"))
    (folder / NAMES[1]).unlink()
    (folder / NAMES[2]).rename(folder / (NAMES[2] + ".gz"))
    with pytest.raises(FileNotFoundError, match=NAMES[1]) as caught:
        tiny.load_data(folder)
    assert NAMES[0] not in str(caught.value)
    assert NAMES[2] not in str(caught.value)
    assert tiny.find(folder) is None
    with pytest.raises(FileNotFoundError, match="must be a folder"):
        tiny.load_data(tmp_path / "absent")
    assert tiny.asked == []


def test_path_of_the_wrong_type(tiny):
    with pytest.raises(TypeError, match=r"path must be a folder .* Received: int"):
        tiny.load_data(3)


def test_environment_then_cache_then_download(tiny, arrays, tmp_path, monkeypatch):
    other = tiny_arrays(2)
    cache = tmp_path / "cache" / tiny._DATASET.name
    assert tiny.find() is None
    holds(tiny.load_data(), arrays)
    assert tiny.asked == [f"https://mirror/{name}.gz" for name in NAMES]
    assert sorted(os.listdir(cache)) == sorted(f"{name}.gz" for name in NAMES)
    assert tiny.find() == cache
    holds(tiny.load_data(), arrays)
    assert len(tiny.asked) == 4

    folder = put(tmp_path / "data" / subfolder(tiny), other)
    for wrong in ("", str(tmp_path / "absent")):
        monkeypatch.setenv("DIGITNET_DATA", wrong)
        assert tiny.find() == cache
    monkeypatch.setenv("DIGITNET_DATA", str(tmp_path / "data"))
    assert tiny.find() == folder
    with pytest.raises(ValueError, match="SHA-256"):  # it is read from there: not published
        tiny.load_data()


def test_mnist_may_lie_in_digitnet_data_itself_but_fashion_may_not(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITNET_DATA", str(tmp_path / "published"))
    assert tiny.find() == (tmp_path / "published" if tiny is mnist else None)


def test_only_missing_files_are_fetched(tiny, arrays, tmp_path):
    cache = put(tmp_path / "cache" / tiny._DATASET.name, arrays)
    (cache / NAMES[2]).unlink()
    holds(tiny.load_data(), arrays)
    assert tiny.asked == [f"https://mirror/{NAMES[2]}.gz"]


def test_a_download_that_is_not_the_published_file(tiny, tmp_path):
    write_idx(tmp_path / "published" / f"{NAMES[0]}.gz", tiny_arrays(2)[0])
    with pytest.raises(OSError, match="SHA-256") as caught:
        tiny.load_data()
    message = str(caught.value)
    cache = tmp_path / "cache" / tiny._DATASET.name
    for part in [f"https://mirror/{NAMES[0]}.gz", "DIGITNET_DATA", str(cache), *NAMES]:
        assert part in message
    assert os.listdir(cache) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda packed: packed[:-9], "undamaged gzip"),
        (lambda packed: packed[:-8] + bytes(8), "undamaged gzip"),
        (lambda packed: b"<html>", "undamaged gzip"),
        (lambda packed: packed + packed, "52 bytes after unpacking, got more"),
        (lambda packed: _idx_dataset.gzip.compress(b"abc"), "52 bytes after unpacking, got 3"),
    ],
)
def test_damaged_downloads(tiny, tmp_path, change, sentence):
    file = replace(tiny._DATASET.files[0], gz_sha256=None)
    packed = (tmp_path / "published" / f"{NAMES[0]}.gz").read_bytes()
    _idx_dataset.verify_download(packed, file)
    with pytest.raises(ValueError, match=sentence):
        _idx_dataset.verify_download(change(packed), file)


def test_damaged_files_at_hand(tiny, arrays, tmp_path):
    folder = put(tmp_path / "mine", arrays, ".gz")
    path = folder / f"{NAMES[2]}.gz"
    packed = path.read_bytes()
    path.write_bytes(packed[:-10])
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}: .* ends early"):
        tiny.load_data(folder)
    write_idx(path, arrays[2][:, :2])
    with pytest.raises(ValueError, match=r"expected uint8 \(4, 3, 2\)\. Received: uint8 \(4, 2, 2"):
        tiny.load_data(folder)
    write_idx(path, arrays[2].astype(np.float32))
    with pytest.raises(ValueError, match=r"expected uint8 .* Received: float32 \(4, 3, 2\)"):
        tiny.load_data(folder)
    write_idx(path, arrays[2][::-1])
    with pytest.raises(ValueError, match=r"SHA-256 [0-9a-f]{64} \(decompressed\);.*\. Received"):
        tiny.load_data(folder)


def test_labels_without_a_digest_are_held_to_their_range(tiny, arrays, tmp_path, monkeypatch):
    files = tuple(replace(file, sha256=None) for file in tiny._DATASET.files)
    monkeypatch.setattr(tiny, "_DATASET", replace(tiny._DATASET, files=files))
    arrays[3][2] = 10
    with pytest.raises(ValueError, match=r"t10k-labels.* from 0 to 9. Received: 10"):
        tiny.load_data(put(tmp_path / "mine", arrays))


@pytest.mark.parametrize("module", MODULES)
def test_what_is_published(module):
    """The facts that no test above looks at, because they replace them."""
    dataset = module._DATASET
    assert [file.name for file in dataset.files] == NAMES
    assert [file.payload_bytes for file in dataset.files] == [47040016, 60008, 7840016, 10008]
    assert len(dataset.mirrors) == 2
    for mirror in dataset.mirrors:
        assert re.fullmatch(r"https://[\w./-]+/", mirror)
        assert "lecun" not in mirror
    for file in dataset.files:
        digests = [digest for digest in (file.sha256, file.gz_sha256) if digest]
        assert digests
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_lazy_names():
    assert set(datasets.__all__) <= set(dir(datasets))
    assert datasets.read_idx is read_idx
    with pytest.raises(AttributeError, match="no attribute 'cifar10'"):
        _ = datasets.cifar10


def test_importing_the_package_is_cheap():
    code = (
        "import sys, numpy\n"
        "before = set(sys.modules)\n"
        "import digitnet.datasets\n"
        "slow = {'urllib.request', 'gzip', 'tqdm', 'platformdirs', 'hashlib', 'ssl'}\n"
        "print(sorted((set(sys.modules) - before) & slow))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
