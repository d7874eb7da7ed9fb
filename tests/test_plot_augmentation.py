"""The picture of an augmentation: which rows it has, and that they hold the copies of `fit`."""

import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot
from digitnet.augmentation import ElasticDistortion, ImageAugmentation
from figures import assert_nothing_is_cut, texts

IMAGE = np.random.default_rng(5).integers(0, 256, (28, 28), dtype=np.uint8)
ALL = ImageAugmentation(0.1, (0, 30), 0.2, 15, ElasticDistortion(), seed=3)


def drawn(figure):
    """Return the images of a figure, row by row."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_each_kind_has_a_row_of_its_own():
    figure = plot.augmentation(IMAGE, ALL, copies=2)
    assert_nothing_is_cut(figure)
    shown = texts(figure)
    labels = ["everything", "shift\n±10 %", "rotation\n0 to 30°", "scale\n0.8 to 1.2"]
    assert {*labels, "shear\n±15°", "elastic\nα 34, σ 4", "epoch 1", "epoch 2"} <= set(shown)
    pictures = drawn(figure)
    assert len(pictures) == 6 * 3
    for row, kind in enumerate([None, "shift", "rotation", "scale", "shear", "elastic"]):
        part = ALL if kind is None else ALL.only(kind)
        np.testing.assert_array_equal(pictures[3 * row], IMAGE)
        for epoch in range(2):
            copy = part(IMAGE[None], epoch)[0]
            np.testing.assert_array_equal(pictures[3 * row + 1 + epoch], copy)


@pytest.mark.parametrize(
    ("arguments", "label"), [({"shear": 5}, "shear\n±5°"), ({}, "nothing")], ids=["one", "none"]
)
def test_one_row_will_do_for_one_kind_or_none(arguments, label):
    figure = plot.augmentation(IMAGE, ImageAugmentation(**arguments), copies=1)
    assert_nothing_is_cut(figure)
    assert label in texts(figure)
    assert len(drawn(figure)) == 2


def test_flat_images_and_floats_look_the_same():
    flat = ImageAugmentation(shift=0.2, seed=1, image_shape=(28, 28))
    shaped = ImageAugmentation(shift=0.2, seed=1)
    expected = drawn(plot.augmentation(IMAGE, shaped))
    for image in (IMAGE.reshape(-1), IMAGE[None], IMAGE[..., None]):
        for augment in (flat, shaped):
            for one, other in zip(drawn(plot.augmentation(image, augment)), expected, strict=True):
                np.testing.assert_array_equal(one, other)
    floats = drawn(plot.augmentation(IMAGE / 255, shaped))
    np.testing.assert_allclose(floats[3], expected[3] / 255, atol=0.003)


def test_mistakes_are_named():
    sentences = {
        "`augment` must be an ImageAugmentation (plot.augmented takes any function)": (
            TypeError,
            lambda: plot.augmentation(IMAGE, np.flipud),
        ),
        "`image` must be one image": (
            ValueError,
            lambda: plot.augmentation(np.zeros((3, 28, 28)), ALL),
        ),
        "`copies` must be a positive integer": (
            ValueError,
            lambda: plot.augmentation(IMAGE, ALL, copies=0),
        ),
        "x must have shape (n, 49) or (n, 7, 7)": (
            ValueError,
            lambda: plot.augmentation(IMAGE, ImageAugmentation(image_shape=(7, 7))),
        ),
    }
    for sentence, (error, call) in sentences.items():
        with pytest.raises(error, match=re.escape(sentence)):
            call()
