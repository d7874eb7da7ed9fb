"""The pictures: right content, no cut text, clear errors, and no need of a screen."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot
from figures import assert_nothing_is_cut, texts

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = (np.arange(30) % 10).astype(np.uint8)
PROBABILITIES = np.eye(10, dtype=np.float32)[LABELS] * 0.9 + 0.01
KERNEL = RNG.normal(size=(784, 40)).astype(np.float32)


class FakeModel:
    """The one method that the pictures ask a model for."""

    def __init__(self, *weights):
        self.weights = weights

    def get_weights(self):
        """Give the arrays that the test put in."""
        return list(self.weights)


def pictures():
    """Make one figure of each kind, and the small ones that leave little room."""
    wrong = np.roll(PROBABILITIES, 1, axis=0)
    mixed = np.where(np.arange(30)[:, None] % 3 == 0, wrong, PROBABILITIES)
    long_record = {"loss": list(np.geomspace(1, 0.01, 60)), "val_loss": [0.5] * 60}
    record = {"loss": [0.4], "accuracy": [0.86], "val_loss": [0.2], "val_accuracy": [0.93]}
    points = RNG.uniform(-10, 10, (60, 2))
    above = points[:, 1] > points[:, 0] - 5
    x = np.linspace(-3, 3, 50)

    def neuron(q):
        return 1 / (1 + np.exp(-(q[:, 1] - q[:, 0] + 5)))

    names = ["a rather long name"] * 10
    return {
        "samples": plot.samples(IMAGES, LABELS),
        "one sample": plot.samples(IMAGES[:1], LABELS[:1]),
        "predictions": plot.predictions(IMAGES, LABELS, mixed),
        "none wrong": plot.predictions(IMAGES[:2], LABELS[:2], PROBABILITIES[:2]),
        "named": plot.predictions(IMAGES, LABELS, mixed, class_names=[n[:12] for n in names]),
        "one epoch": plot.learning_curve(record),
        "loss alone": plot.learning_curve(long_record),
        "diverged": plot.learning_curve({"loss": [np.nan], "val_loss": [np.inf]}),
        "features": plot.first_layer_features(KERNEL),
        "one feature": plot.first_layer_features(KERNEL[:, :1], initial=KERNEL[:, 1:2]),
        "line": plot.decision_boundary(neuron, points, above, line=(1, -5), model_name="neuron"),
        "wide": plot.decision_boundary(lambda q: q[:, 0] > 0, points * [9, 1], above),
        "one side": plot.decision_boundary(lambda q: np.ones(len(q)), points, above),
        "regression": plot.regression(x, np.sin(x), x, np.cos(x), truth=np.sin(x)),
    }


def test_every_picture_is_drawn_whole(tmp_path):
    for name, figure in pictures().items():
        assert_nothing_is_cut(figure)
        path = tmp_path / f"{name}.png"
        figure.savefig(path)
        assert path.stat().st_size > 2000


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)])
def test_images_of_every_kind_look_the_same(dtype, shape):
    images = IMAGES if dtype == "uint8" else (IMAGES / 255).astype(dtype)
    figure = plot.samples(images.reshape(30, *shape), np.eye(10)[LABELS], count=4)
    assert "4 of 30 images, each with its label" in texts(figure)
    drawn = [axes.images[0] for axes in figure.axes]
    assert len(drawn) == 4
    shades = drawn[2].norm(np.asarray(drawn[2].get_array(), dtype=np.float64))
    np.testing.assert_allclose(shades, IMAGES[2] / 255, atol=1e-2)


def test_the_arrays_are_not_modified():
    before = IMAGES.copy(), LABELS.copy(), PROBABILITIES.copy(), KERNEL.copy()
    pictures()
    for old, new in zip(before, (IMAGES, LABELS, PROBABILITIES, KERNEL), strict=True):
        np.testing.assert_array_equal(old, new)


def test_predictions_sorts_right_from_wrong():
    guesses = np.eye(10)[[0, 1, 7, 3]] * 0.75 + 0.025
    figure = plot.predictions(IMAGES[:4], LABELS[:4], guesses)
    shown = texts(figure)
    assert "Predicted right: 3 of 4 (75.00 %)" in shown
    assert "Predicted wrong: 1 of 4 (25.00 %)" in shown
    assert "read as 7 (78 %)\nis a 2" in shown


def test_class_names_replace_numbers():
    names = [f"thing {i}" for i in range(10)]
    assert "thing 3" in texts(plot.samples(IMAGES, LABELS, class_names=names))


def test_learning_curve_takes_a_history_object_and_a_dictionary():
    class History:
        history = {"loss": [0.4, 0.3], "accuracy": [0.8, 0.9]}  # noqa: RUF012

    for given in (History(), History.history):
        figure = plot.learning_curve(given)
        loss, accuracy = (axes.lines[0] for axes in figure.axes)
        np.testing.assert_allclose(loss.get_ydata(), [0.4, 0.3])
        np.testing.assert_allclose(accuracy.get_ydata(), [80, 90])
        np.testing.assert_array_equal(loss.get_xdata(), [1, 2])


def test_one_epoch_is_visible():
    figure = plot.learning_curve({"loss": [0.46], "val_loss": [0.25]})
    for line in figure.axes[0].lines:
        assert line.get_marker() in "os"
        assert line.get_markersize() > 0
    assert {"train 0.460", "validation 0.250"} <= set(texts(figure))
    assert figure.axes[0].get_legend() is None


def test_learning_curve_names_the_data_and_explains_an_accuracy_that_trails():
    note = "train: the average during an epoch"
    for train, expected in (([0.86, 0.95], True), ([0.97, 0.98], False)):
        record = {"accuracy": train, "val_accuracy": [0.93, 0.96]}
        shown = texts(plot.learning_curve(record, validation_name="test"))
        assert {"train", "test"} <= set(shown)
        assert any(text.startswith(note) for text in shown) == expected


def test_strongest_neurons_come_first():
    kernel = np.zeros((784, 3), np.float32)
    kernel[0] = [1, -3, 2]
    drawn = [axes.images[0] for axes in plot.first_layer_features(kernel).axes[:3]]
    first_pixels = [float(image.get_array()[0, 0]) for image in drawn]
    assert first_pixels == [-3, 2, 1]
    assert all(image.norm.vmin == -image.norm.vmax for image in drawn)


def test_outgoing_weights_and_initial_kernel_change_the_choice():
    kernel = np.zeros((784, 2), np.float32)
    kernel[0] = [1, 2]
    outgoing = np.array([[4.0] * 10, [1.0] * 10])
    model = FakeModel(kernel, np.zeros(2), outgoing, np.zeros(10))
    shown = plot.first_layer_features(model, count=1)
    assert shown.axes[0].images[0].get_array()[0, 0] == 1
    initial = np.zeros_like(kernel)
    initial[0] = [1, 1]
    learned = plot.first_layer_features(model, initial=initial, count=1)
    assert learned.axes[0].images[0].get_array()[0, 0] == 1
    assert "What the first layer's neurons learned to look for" in texts(learned)
    assert any(
        "the change from the random start, of the strongest of 2" in t for t in texts(learned)
    )


def test_decision_boundary_is_where_the_output_is_one_half():
    points = np.array([[-10.0, -10.0], [10.0, 10.0]])
    figure = plot.decision_boundary(lambda q: 1 / (1 + np.exp(-q[:, :1])), points, [0, 1])
    assert {"learned border (output 0.5)", "class 0", "class 1"} <= set(texts(figure))
    assert figure.axes[0].get_aspect() == 1
    grid = figure.axes[0].images[0].get_array()
    assert grid[0, 0] < 0.001
    assert grid[0, -1] > 0.999
    np.testing.assert_allclose(grid[:, 100], 0.5, atol=1e-3)


def test_neither_matplotlib_nor_pyplot_is_imported_unasked():
    code = (
        "import sys, digitnet.plot as plot; assert 'matplotlib' not in sys.modules\n"
        "plot.learning_curve({'loss': [1.0]}); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
