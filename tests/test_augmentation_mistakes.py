"""What augmentation says to arguments that do not fit; none of them may crash the process."""

import re

import numpy as np
import pytest

from digitnet import _core
from digitnet.augmentation import ElasticDistortion, ImageAugmentation

X = np.zeros((3, 8, 6), np.uint8)
SHAPES = "x must have shape (n, rows, columns) or (n, rows, columns, channels)."


def augment(x=X, epoch=0, **arguments):
    """Make an augmentation and call it."""
    return ImageAugmentation(**{"seed": 0, **arguments})(x, epoch)


BAD_VALUES = {
    "shift must be a number >= 0 and <= 1": lambda: augment(shift=2),
    "shift must be a number >= 0 and <= 1, ": lambda: augment(shift=-0.1),
    "shift[0] must be a number >= -1 and <= 1": lambda: augment(shift=(-2, 0)),
    "shift[1] must be a number >= 0.5 and <= 1": lambda: augment(shift=(0.5, 0.4)),
    "rotation must be a number or a pair (low, high). Received: (1, 2, 3)": lambda: augment(
        rotation=(1, 2, 3)
    ),
    "rotation must be a number >= 0 and <= 360": lambda: augment(rotation=float("nan")),
    "scale must be a number >= 0 and <= 0.99": lambda: augment(scale=1.2),
    "scale[0] must be a number >= 0.01": lambda: augment(scale=(0, 1)),
    "shear must be a number >= 0 and <= 80": lambda: augment(shear=90),
    "alpha must be a number >= 0": lambda: ElasticDistortion(alpha=-1),
    "sigma must be a number > 0": lambda: ElasticDistortion(sigma=0),
    "fill_value must be a finite number": lambda: augment(fill_value=np.inf),
    "fill_value must be a number from 0 to 255 for images of bytes": lambda: augment(fill_value=-1),
    "seed must be an integer, 0 or more": lambda: augment(seed=-1),
    "epoch must be an integer, 0 or more": lambda: augment(epoch=-1),
    "epoch must be at most 2147483647": lambda: augment(epoch=2**31),
    "image_shape must be (rows, columns) or (rows, columns, channels)": lambda: augment(
        image_shape=(8,)
    ),
    "image_shape must have at most 32767 rows and columns. Received: 40000 and 2": lambda: augment(
        image_shape=(40000, 2)
    ),
    "x must have at most 32767 rows and columns": lambda: augment(np.zeros((1, 1, 32768))),
    "x must hold at least one sample": lambda: augment(np.zeros((0, 8, 6))),
    "x must hold at least one sample. Received: shape (3, 0, 6)": lambda: augment(
        np.zeros((3, 0, 6))
    ),
    f"{SHAPES} Received: shape (3, 48) (image_shape says what flat images are)": lambda: augment(
        X.reshape(3, 48)
    ),
    f"{SHAPES} Received: shape (3, 8, 6, 1, 1)": lambda: augment(X[..., None, None]),
    "x must have shape (n, 49) or (n, 7, 7). Received: shape (3, 48)": lambda: augment(
        X.reshape(3, 48), image_shape=(7, 7)
    ),
    "x must hold finite numbers only (in float32). Received: x[1, 2, 3] = nan": lambda: augment(
        np.where(np.arange(144).reshape(3, 8, 6) == 63, np.nan, 0)
    ),
    "kind must be one of shift": lambda: ImageAugmentation().only("colour"),
}
BAD_TYPES = {
    "shift must be a number": lambda: augment(shift="0.1"),
    "shift must be a number or a pair": lambda: augment(shift=np.array([0.1, 0.2])),
    "scale must be a number or a pair": lambda: augment(scale=None),
    "rotation[1] must be a number": lambda: augment(rotation=(0, "1")),
    "elastic must be an ElasticDistortion or None. Received: (34, 4)": lambda: augment(
        elastic=(34, 4)
    ),
    "image_shape must be a tuple of positive integers": lambda: augment(image_shape=28),
    "x must be an array of real numbers": lambda: augment(X.astype(complex)),
    "epoch must be an integer": lambda: augment(epoch=1.5),
}


@pytest.mark.parametrize("sentence", BAD_VALUES)
def test_values_that_do_not_fit(sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        BAD_VALUES[sentence]()


@pytest.mark.parametrize("sentence", BAD_TYPES)
def test_types_that_do_not_fit(sentence):
    with pytest.raises(TypeError, match=re.escape(sentence)):
        BAD_TYPES[sentence]()


def test_settings_cannot_be_changed_later():
    augmentation = ImageAugmentation(elastic=ElasticDistortion())
    for item, name in ((augmentation, "shift"), (augmentation.elastic, "alpha")):
        with pytest.raises(AttributeError, match=f"{name} of .* cannot be changed"):
            setattr(item, name, 1.0)


def test_configurations_and_texts_give_equal_objects():
    elastic = ElasticDistortion(5, 2)
    made = ImageAugmentation((0, 0.1), 5, (0.9, 1), 3, elastic, 0.5, 9, [28, 28])
    names = {"ImageAugmentation": ImageAugmentation, "ElasticDistortion": ElasticDistortion}
    for other in (ImageAugmentation.from_config(made.get_config()), eval(repr(made), names)):
        assert other.get_config() == made.get_config()
    assert made.get_config()["elastic"] == {"alpha": 5.0, "sigma": 2.0}
    with pytest.raises(TypeError, match="colour"):
        ImageAugmentation.from_config({"colour": 1})


GOOD = {
    "x": np.zeros((3, 48), np.uint8),
    "out": np.zeros((3, 48), np.uint8),
    "image_shape": (8, 6, 1),
    "shift": (0, 0),
    "rotation": (0, 10),
    "scale": (1, 1),
    "shear": (0, 0),
    "alpha": 1.0,
    "sigma": 1.0,
    "fill_value": 0.0,
    "seed": 0,
    "epoch": 0,
}
HELD = np.zeros((7, 48), np.uint8)
NAN = float("nan")
BAD_CORE_CALLS = [
    {"out": np.zeros((3, 47), np.uint8)},
    {"out": np.zeros((2, 48), np.uint8)},
    {"out": np.zeros((3, 48), np.float32)},
    {"out": np.zeros((48, 3), np.uint8).T},
    {"x": HELD[:3], "out": HELD[2:5]},
    {"x": HELD[4:1:-1], "out": HELD[4:7]},
    {"x": HELD[4:1:-1], "out": HELD[:3]},
    {"x": np.zeros((3, 48))},
    {"x": np.zeros((3, 8, 6), np.uint8)},
    *({"image_shape": s} for s in ((8, 5, 1), (0, 6, 1), (-8, -6, 1), (8, 6, 0), (2**40, 1, 1))),
    {"image_shape": (2**62, 2**62, 4)},
    *(
        {name: pair}
        for name in ("shift", "rotation", "scale", "shear")
        for pair in ((NAN, NAN), (9, 8))
    ),
    *({"alpha": value} for value in (NAN, -1.0, float("inf"))),
    *({"sigma": value} for value in (NAN, 0.0, -1.0, float("inf"))),
    *({"fill_value": value} for value in (NAN, 256.0, -1.0)),
    {"scale": (0, 1)},
    {"shear": (0, 90)},
    {"epoch": 2**31},
]


@pytest.mark.parametrize("change", BAD_CORE_CALLS, ids=str)
def test_the_core_checks_once_more(change):
    with pytest.raises((ValueError, TypeError)):
        _core.augment(**{**GOOD, **change})


def test_the_core_takes_neighbours_and_nothing():
    _core.augment(**{**GOOD, "x": HELD[:3], "out": HELD[3:6]})
    _core.augment(**{**GOOD, "x": HELD[5:2:-1], "out": HELD[:3]})
    none = np.zeros((0, 48), np.uint8)
    _core.augment(**{**GOOD, "x": none, "out": none})


def test_memory_that_cannot_be_written_is_refused():
    out = np.zeros((3, 48), np.uint8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        _core.augment(**{**GOOD, "out": out})
