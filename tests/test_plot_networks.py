"""The network's diagram, its borders in the plane, and overfitting in its learning curve."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot
from digitnet.layers import Activation, Dense, Dropout, Flatten, Input, Rescaling
from digitnet.models import Sequential
from figures import assert_nothing_is_cut, texts

RNG = np.random.default_rng(7)
POINTS = RNG.uniform(-1, 1, (90, 2))


def mnist_network():
    """Return a network with a layer of every kind, of which one has a long name."""
    layers = [Input((28, 28)), Flatten(), Rescaling(1 / 255), Dense(500), Activation("relu")]
    name = "a_layer_with_a_rather_long_name"
    return Sequential([*layers, Dropout(0.25), Dense(10, activation="softmax", name=name)])


def circles(figure):
    """Return the neurons' places, column by column."""
    from matplotlib.patches import Circle

    drawn = [p.center for p in figure.axes[0].patches if isinstance(p, Circle)]
    columns = sorted({x for x, _ in drawn})
    return [[center for center in drawn if center[0] == x] for x in columns]


def lines(figure):
    """Return the number of connections."""
    return sum(len(c.get_segments()) for c in figure.axes[0].collections)


def pictures():
    """Make diagrams and borders at their usual and at their most awkward sizes."""
    deep = Sequential([Input((3,)), *[Dense(4, activation="relu") for _ in range(9)], Dense(1)])
    dots = Sequential([Input((2**20,)), Dense(3)])
    three = np.eye(3)

    def softmax(q):
        return three[(q[:, 0] > 0).astype(int) + (q[:, 1] > 0)]

    return {
        "mnist": plot.network_diagram(mnist_network()),
        "weights": plot.network_diagram(deep, weights=True),
        "large": plot.network_diagram(dots, max_units=3),
        "one": plot.network_diagram(Sequential([Input((1,)), Dense(1)]), weights=True),
        "three": plot.decision_boundary(softmax, POINTS, np.arange(90) % 3),
        "point": plot.decision_boundary(softmax, [[0, 0]], [2], class_names=["a" * 30] * 3),
        "flat": plot.decision_boundary(lambda q: q[:, 0] > 0, POINTS * [1, 0], [0] * 90),
    }


def test_every_picture_is_drawn_whole_and_no_text_lies_on_another():
    for name, figure in pictures().items():
        assert_nothing_is_cut(figure)
        boxes = [text.get_window_extent() for text in figure.axes[0].texts]
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i]), name


def test_a_diagram_shortens_large_layers_and_names_all():
    figure = plot.network_diagram(mnist_network())
    assert [len(column) for column in circles(figure)] == [8, 8, 10]
    assert lines(figure) == 8 * 8 + 8 * 10
    shown = "\n".join(texts(figure))
    for part in (
        "784 – 500 – 10: 397,510 parameters", "28 × 28 values", "then Flatten", "then × 1/255",
        "500 neurons", "392,500 parameters", "then relu", "then Dropout 0.25",
        "10 neurons, softmax", "5,010 parameters", "a_layer_with_a_rath…",
    ):  # fmt: skip
        assert part in shown


def test_a_diagram_draws_a_small_network_whole():
    model = Sequential([Input((2,)), Dense(10), Dense(1, activation="sigmoid")])
    assert [len(column) for column in circles(plot.network_diagram(model))] == [2, 10, 1]
    few = plot.network_diagram(model, max_units=5)
    assert [len(column) for column in circles(few)] == [2, 4, 1]


def test_weights_give_the_connections_their_look():
    model = Sequential([Input((2,)), Dense(2)])
    model.set_weights([np.array([[1.0, -2.0], [0.0, 0.5]]), np.zeros(2)])
    positive, negative = plot.network_diagram(model, weights=True).axes[0].collections
    np.testing.assert_allclose(positive.get_linewidths(), [0.3 + 1.5, 0.3 + 0.75])
    np.testing.assert_allclose(negative.get_linewidths(), [3.3])
    (segment,) = negative.get_segments()  # from the first (upper) input to the lower neuron
    assert segment[0][1] > segment[1][1]


def test_a_border_of_three_classes():
    def softmax(q):
        z = np.exp(4 * q @ np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]))
        return z / z.sum(axis=1, keepdims=True)

    figure = plot.decision_boundary(softmax, POINTS, np.arange(90) % 3)
    assert {"class 0", "class 1", "class 2", "learned border"} <= set(texts(figure))
    colors = np.asarray(figure.axes[0].images[0].get_array())
    assert colors.shape == (201, 201, 3)
    assert len({tuple(colors[i, j].round(2)) for i, j in ((100, 0), (100, 200), (200, 100))}) == 3
    assert len(figure.axes) == 1  # a bar of colours explains two classes only


def test_two_softmax_outputs_are_one_sigmoid():
    def one(q):
        return 1 / (1 + np.exp(-5 * q[:, :1]))

    left = plot.decision_boundary(one, POINTS, POINTS[:, 0] > 0)
    right = plot.decision_boundary(
        lambda q: np.hstack([1 - one(q), one(q)]), POINTS, POINTS[:, 0] > 0
    )
    a, b = (figure.axes[0].images[0].get_array() for figure in (left, right))
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_learning_curve_shades_overfitting():
    train = list(np.geomspace(1, 0.01, 10))
    over = {"loss": train, "val_loss": [0.9, 0.6, 0.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.8, 0.9]}
    figure = plot.learning_curve(over, validation_name="test")
    assert "the test loss is lowest after epoch 3" in texts(figure)
    (shade,) = figure.axes[0].patches
    corners = figure.axes[0].transData.inverted().transform(shade.get_window_extent())
    np.testing.assert_allclose(corners[:, 0], [3, 10], atol=1e-6)
    wavering = {"loss": train, "val_loss": [0.9, 0.6, 0.5, 0.52, 0.51, 0.5, 0.52, 0.5, 0.51, 0.51]}
    diverging = {"loss": train[::-1], "val_loss": over["val_loss"]}
    for record in (wavering, diverging, {"loss": train}):
        assert "overfitting" not in texts(plot.learning_curve(record))
