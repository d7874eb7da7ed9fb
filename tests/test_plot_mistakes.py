"""The pictures' answers to bad input and to a missing matplotlib."""

import re
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = (np.arange(30) % 10).astype(np.uint8)
PROBABILITIES = np.eye(10, dtype=np.float32)[LABELS] * 0.9 + 0.01
KERNEL = RNG.normal(size=(784, 40)).astype(np.float32)


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


def test_without_matplotlib_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib pillow"):
        plot.samples(IMAGES, LABELS)
    with pytest.raises(ImportError, match="pip install matplotlib pillow"):
        plot.require_matplotlib()
