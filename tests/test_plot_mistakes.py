"""The pictures' answers to bad input and to a missing matplotlib."""

import re
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot
from digitnet.layers import Dense, Flatten, Input
from digitnet.models import Sequential

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = (np.arange(30) % 10).astype(np.uint8)
PROBABILITIES = np.eye(10, dtype=np.float32)[LABELS] * 0.9 + 0.01
KERNEL = RNG.normal(size=(784, 40)).astype(np.float32)


def with_nan(images):
    """Return the images as floats, one pixel of them NaN."""
    spoiled = images.astype(np.float32)
    spoiled[0, 3, 4] = np.nan
    return spoiled


class EmptyModel:
    """A model without weights."""

    def get_weights(self):
        """Give no arrays."""
        return []


BAD_CALLS = {
    "`images` must be a non-empty array": [
        lambda: plot.samples(np.zeros((0, 28, 28)), []),
        lambda: plot.samples(np.zeros((3, 28, 28, 3)), [1, 2, 3]),
        lambda: plot.samples(np.zeros((3, 700)), [1, 2, 3]),
    ],
    "`labels` must hold one label": [
        lambda: plot.samples(IMAGES, LABELS[:5]),
        lambda: plot.predictions(IMAGES, np.zeros((30, 2, 2)), PROBABILITIES),
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.zeros((3, 2)), [0, 1]),
    ],
    "`probabilities` must have shape": [
        lambda: plot.predictions(IMAGES, LABELS, PROBABILITIES[:4]),
        lambda: plot.predictions(IMAGES, LABELS, LABELS),
    ],
    "`count` must be a positive integer": [
        lambda: plot.samples(IMAGES, LABELS, count=0),
        lambda: plot.predictions(IMAGES, LABELS, PROBABILITIES, count=-1),
        lambda: plot.first_layer_features(KERNEL, count=0),
    ],
    "the first layer must read 28 * 28 pixels": [
        lambda: plot.first_layer_features(np.zeros((100, 5))),
        lambda: plot.first_layer_features(np.zeros((784, 0))),
        lambda: plot.first_layer_features(np.zeros(784)),
    ],
    "the first layer's weights must be finite": [
        lambda: plot.first_layer_features(KERNEL * np.nan),
    ],
    "`initial` must have the kernel's shape": [
        lambda: plot.first_layer_features(KERNEL, initial=KERNEL[:, :2]),
    ],
    "`model` must have at least one Dense layer": [
        lambda: plot.first_layer_features(EmptyModel()),
    ],
    "`history` must hold at least one epoch": [
        lambda: plot.learning_curve({}),
        lambda: plot.learning_curve({"loss": []}),
    ],
    "`points` must be a non-empty array of shape": [
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.zeros((3, 3)), [0, 1, 0]),
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.zeros((0, 2)), []),
    ],
    "must give one probability for each point": [
        lambda: plot.decision_boundary(lambda q: q[:5], np.zeros((2, 2)), [0, 1]),
    ],
    "`labels` and `model` must know the same classes": [
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.ones((2, 2)), [0, 9]),
        lambda: plot.decision_boundary(lambda q: np.ones((len(q), 9)), np.ones((2, 2)), [0, 1]),
    ],
    "`model` must give probabilities, from 0 to 1": [
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.ones((2, 2)) * 9, [0, 1]),
    ],
    "`line` must be (slope, intercept)": [
        lambda: plot.decision_boundary(lambda q: q[:, 0], np.ones((2, 2)), [0, 1], line=(1,)),
    ],
    "`images` must be finite. Received: nan at [0, 3, 4]": [
        lambda: plot.samples(with_nan(IMAGES), LABELS),
        lambda: plot.augmented(with_nan(IMAGES), np.flipud),
    ],
    "`labels` must be class numbers 0, 1, 2 … Received: -1 at [2]": [
        lambda: plot.samples(IMAGES[:3], [0, 1, -1]),
        lambda: plot.confusion_matrix([0, 1, -1], [0, 1, 1]),
    ],
    "`labels` must be class numbers 0, 1, 2 … Received: 0.5 at [0]": [
        lambda: plot.worst_mistakes(IMAGES[:1], [0.5], [[0, 1]]),
    ],
    "`labels` must be below 10, the classes of `probabilities`. Received: 10": [
        lambda: plot.predictions(IMAGES, LABELS + 1, PROBABILITIES),
        lambda: plot.worst_mistakes(IMAGES, LABELS + 1, PROBABILITIES),
    ],
    "`probabilities` must lie between 0 and 1, as softmax gives them. Received: numbers from": [
        lambda: plot.predictions(IMAGES, LABELS, PROBABILITIES * 3),
        lambda: plot.prediction(IMAGES[0], [-1, 2]),
    ],
    "`probabilities` must be those of one image": [
        lambda: plot.prediction(IMAGES[0], PROBABILITIES),
        lambda: plot.prediction(IMAGES[0], [1.0]),
        lambda: plot.prediction(IMAGES[0], 1.0),
    ],
    "`label` must be at most 1": [
        lambda: plot.prediction(IMAGES[0], [0, 1], label=2),
    ],
    "`image` must be one image": [
        lambda: plot.prediction(IMAGES, [0, 1]),
        lambda: plot.prediction(np.zeros(10), [0, 1]),
    ],
    "`class_names` must hold a name for each of the 10 classes. Received: 2 names": [
        lambda: plot.samples(IMAGES, LABELS, class_names=["a", "b"]),
        lambda: plot.predictions(IMAGES, LABELS, PROBABILITIES, class_names=["a", "b"]),
        lambda: plot.worst_mistakes(IMAGES, LABELS, PROBABILITIES, class_names=["a", "b"]),
        lambda: plot.prediction(IMAGES[0], PROBABILITIES[0], class_names=["a", "b"]),
        lambda: plot.confusion_matrix(LABELS, PROBABILITIES, class_names=["a", "b"]),
    ],
    "`labels` must hold at least one label": [
        lambda: plot.confusion_matrix([], []),
        lambda: plot.confusion_matrix(3, 3),
    ],
    "`predicted` must hold one label for each of the 2": [
        lambda: plot.confusion_matrix([0, 1], [0, 1, 1]),
    ],
    "`labels` must be of at most 1000 classes": [
        lambda: plot.confusion_matrix([0, 10**9], [0, 1]),
    ],
    "`augment(image)` must be one image": [
        lambda: plot.augmented(IMAGES, lambda image: image[0, 0]),
    ],
    "`augment` must hold copies of each of the 30 images": [
        lambda: plot.augmented(IMAGES, IMAGES[:3]),
    ],
    "`copies` must be a positive integer": [
        lambda: plot.augmented(IMAGES, np.flipud, copies=0),
    ],
    "`image_shape` must be (rows, columns)": [
        lambda: plot.first_layer_features(KERNEL, (784,)),
    ],
    "`model` must be built": [
        lambda: plot.network_diagram(Sequential([Dense(3)])),
    ],
    "`model` must have a Dense layer": [
        lambda: plot.network_diagram(Sequential([Input((3,)), Flatten()])),
    ],
    "`max_units` must be an integer, 3 or more": [
        lambda: plot.network_diagram(Sequential([Input((3,)), Dense(1)]), max_units=2),
    ],
    "`history['loss']` must hold one number an epoch": [
        lambda: plot.learning_curve({"loss": [[1.0]]}),
    ],
    "must have the same lengths": [
        lambda: plot.regression([1, 2], [1], [1, 2], [1, 2]),
        lambda: plot.regression([1, 2], [1, 2], [1, 2], [1, 2], truth=[1]),
    ],
}


@pytest.mark.parametrize(
    ("sentence", "call"), [(text, call) for text, calls in BAD_CALLS.items() for call in calls]
)
def test_bad_input_is_refused_in_one_sentence(sentence, call):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()


WRONG_TYPES = {
    "`images` must be an array of real numbers": lambda: plot.samples([["a"]], [0]),
    "`labels` must be an array of real numbers": lambda: plot.samples(IMAGES[:1], ["a"]),
    "`count` must be a positive integer": lambda: plot.samples(IMAGES, LABELS, count=1.5),
    "`class_names` must be a list of strings": lambda: plot.samples(
        IMAGES, LABELS, class_names="ab"
    ),
    "`history` must be what fit returned": lambda: plot.learning_curve([1.0]),
    "`history['loss']` must be an array": lambda: plot.learning_curve({"loss": ["a"]}),
    "`validation_name` must be a string": lambda: plot.learning_curve({}, validation_name=1),
    "`model` must be a digitnet Sequential": lambda: plot.network_diagram(EmptyModel()),
    "`weights` must be True or False": lambda: plot.network_diagram(EmptyModel(), weights=1),
    "`model` must be a model or a function": lambda: plot.decision_boundary(3, [[0, 0]], [0]),
    "`model` must be an array of real": lambda: plot.first_layer_features("model"),
    "`x` must be an array of real": lambda: plot.regression("a", [1], [1], [1]),
}


@pytest.mark.parametrize("sentence", WRONG_TYPES)
def test_another_type_is_refused_in_one_sentence(sentence):
    with pytest.raises(TypeError, match=re.escape(sentence)):
        WRONG_TYPES[sentence]()


def test_without_matplotlib_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib pillow"):
        plot.samples(IMAGES, LABELS)
    with pytest.raises(ImportError, match="pip install matplotlib pillow"):
        plot.require_matplotlib()
