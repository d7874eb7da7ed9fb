"""Files that the fuzzers of fuzz/ found, made small: what went wrong with them goes right now."""

import gzip
import json
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
from safetensors.numpy import load, save

from digitnet.cli.digits import read_images
from digitnet.datasets import read_idx
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD
from keras_files import CONFIG, changed, packed

LONG = 1000  # characters: more is no sentence


@pytest.fixture
def model():
    return Sequential([Input((2,)), Dense(1, name="d")])


def says(path, read):
    """Return the sentence, of one line and not too long, with which the file is refused."""
    with pytest.raises(ValueError, match="bad") as raised:
        read(path)
    text = str(raised.value).replace(str(path), "")
    assert "\n" not in text
    assert 0 < len(text) < LONG
    return text


def bad_model(model, tmp_path, change):
    """Return the file of a model whose settings, a dict, have been changed in place."""
    path = tmp_path / "bad.safetensors"
    model.save(path)
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    settings = json.loads(header["__metadata__"]["digitnet"])
    del settings["crc32"]
    change(settings)
    path.write_bytes(save(load(data), {"digitnet": json.dumps(settings)}))
    return path


# --- errors that were no sentence of one line


@pytest.mark.parametrize("name", ["a\nb", "x" * 100_000, "\ud800", "\x1b[2J"])
def test_names_in_a_model_file(model, tmp_path, name):
    def rename(settings):
        settings["model"]["layers"][0]["config"][name] = 1

    text = says(bad_model(model, tmp_path, rename), load_model)
    assert "unexpected keyword argument" in text
    assert text.isprintable()


def test_a_long_value_in_a_model_file(model, tmp_path):
    path = bad_model(model, tmp_path, lambda s: s["training"].update(more=list(range(10**5))))
    assert "training state must hold" in says(path, load_model)


@pytest.mark.parametrize("name", ["a\nb", "x" * 100_000])
def test_names_of_tensors(model, tmp_path, name):
    for path, write in [
        (tmp_path / "bad.safetensors", lambda path, w: path.write_bytes(save(w))),
        (tmp_path / "bad.npz", lambda path, w: np.savez(path, **w)),
    ]:
        if len(name) > 65_000 and path.suffix == ".npz":
            continue  # longer than a name in a zip file may be
        write(path, {name: np.ones((2, 1), np.float32)})
        says(path, model.load_weights)


@pytest.mark.parametrize("name", ["a\nb", "x" * 100_000])
def test_names_in_the_config_of_keras(tmp_path, name):
    path = tmp_path / "bad.keras"
    path.write_bytes(packed(changed(("config", name), 1)))
    assert "digitnet has no other" in says(path, load_model)


def test_a_shape_of_255_sizes(tmp_path):
    path = tmp_path / "bad"
    path.write_bytes(struct.pack(">HBB255I", 0, 8, 255, *[2**32 - 1] * 255))
    assert "truncated" in says(path, read_idx)
    path.write_bytes(gzip.compress(struct.pack(">HBB255I", 0, 8, 255, 0, *[2**32 - 1] * 254)))
    assert "a shape NumPy can hold" in says(path, read_idx)


@pytest.mark.parametrize(
    "call",
    [
        lambda model, value: SGD(clipnorm=value, clipvalue=1.0),
        lambda model, value: model.fit(np.ones((2, 2)), np.ones((2, 1)), epochs=value, nb_epoch=1),
        lambda model, value: model.add(value),
        lambda model, value: model.compile(value),
    ],
)
@pytest.mark.parametrize("value", ["x" * 5000, np.ones((9, 9)), "a\nb", 10**5000], ids=lambda v: "")
def test_settings_of_any_length(model, call, value):
    model.compile("sgd", "mse")
    with pytest.raises((ValueError, TypeError)) as raised:
        call(model, value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < LONG


# --- lists within lists: Python's JSON reads more of them than other functions can take


@pytest.mark.parametrize("depth", [40, 400, 990])
def test_deep_values(model, tmp_path, depth):
    deep = "[" * depth + "]" * depth
    path = bad_model(model, tmp_path, lambda s: s["model"].update(name="@"))
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    text = header["__metadata__"]["digitnet"].replace('"@"', deep)
    path.write_bytes(save(load(data), {"digitnet": text}))
    assert "must lie at most 32 deep" in says(path, load_model)
    path = tmp_path / "bad.keras"
    config = json.dumps(changed(("config", "name"), "@")).replace('"@"', deep)
    path.write_bytes(packed(config))
    assert f"{CONFIG} in it must be JSON" in says(path, load_model)


# --- pictures


@pytest.fixture
def picture(tmp_path):
    """Return a function that writes an image and gives the path; Pillow must be there."""
    image = pytest.importorskip("PIL.Image")

    def write(shades, name="bad.tiff"):
        image.fromarray(shades).save(tmp_path / name)
        return str(tmp_path / name)

    return write


def seven(shape=(40, 40)):
    """Return shades of grey in which there is something to see."""
    shades = np.full(shape, 250, np.float32)
    shades[10:30, 20:24] = 10
    return shades


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_picture_whose_shades_are_no_numbers(picture, value):
    """IndexError: no shade differed from one that is NaN."""
    shades = seven()
    shades[5, 5] = value
    assert "shades that are no finite numbers" in says(picture(shades), read_images)


@pytest.mark.parametrize("scale", [1e36, 2e4, 257, 1])
def test_shades_of_any_range(picture, scale):
    """Differences of shades near float32's limit were infinite, and their ratios NaN."""
    expected = read_images(picture(seven()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_images(picture(seven() * np.float32(scale)))
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_stroke_that_vanishes_when_made_small(picture):
    """Two specks, far apart: nothing was left of them, and its centre of mass was NaN."""
    shades = np.full((1000, 1000), 255, np.uint8)
    shades[2, 2] = shades[-3, -3] = 0
    assert "shows no digit" in says(picture(shades, "bad.png"), read_images)


def test_a_picture_that_is_small_only_in_the_file(picture):
    """90 million pixels of one shade took 89 kB and, unpacked and as numbers, gigabytes."""
    from PIL import Image

    path = picture(np.zeros((1, 1), np.uint8), "bad.png")
    Image.new("1", (9000, 9000)).save(path)
    assert "9000 x 9000 pixels are too many" in says(path, read_images)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F"])
def test_large_pictures_show_the_same(picture, mode):
    """They are made smaller before they are looked at."""
    from PIL import Image

    small = Image.fromarray(np.where(seven((60, 60)) > 99, 255, 0).astype(np.uint8))
    large = small.resize((60 * 60, 60 * 60), Image.Resampling.NEAREST)
    path = picture(np.zeros((1, 1), np.uint8), "bad.tiff")
    large.convert(mode).save(path)
    found = read_images(path)[0].astype(int)
    small.save(path)
    assert np.abs(found - read_images(path)[0]).mean() < 4


def test_no_program_is_run_for_a_picture(tmp_path, monkeypatch):
    """Pillow hands EPS to Ghostscript, which runs the program that such a picture is."""
    pytest.importorskip("PIL")
    path = tmp_path / "bad.png"  # the content counts, not the name
    header = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\nshowpage\n"
    path.write_text(header)
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was run"))
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program was run"))
    assert "not a picture of a known format" in says(str(path), read_images)


# A PNG whose header is a byte too long, so that the next chunk seems to have 1 GiB.
GIGABYTE = bytes.fromhex(
    "89504e470d0a1a0a0000000e494844520000001c0000001c0800060000008f391f734000004f4944"
    "4154789c63fcf5ebd77f063a02267a5a366a214d000b21055252502419f8ecd933bcf2c33f481949"
    "cd87e8414c2808d1c1f0"
)


def test_a_chunk_that_claims_a_gigabyte(tmp_path):
    """Of a file, Pillow asked for as many bytes at once; memory for them was there, or not."""
    pytest.importorskip("PIL")
    path = tmp_path / "bad.png"
    path.write_bytes(GIGABYTE)
    tracemalloc.start()
    try:
        says(str(path), read_images)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
