"""Confusion matrix, worst mistakes, one answer and augmented images show what they should."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from digitnet import plot
from figures import assert_nothing_is_cut, texts

RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (40, 12, 20), dtype=np.uint8)  # not square
LABELS = np.arange(40) % 10
LONG = [f"a rather long name, number {i}" for i in range(10)]


def chances(classes=10, count=40):
    """Return probabilities of which the labels are often, not always, the largest."""
    table = RNG.random((count, classes)) + 0.6 * np.eye(classes)[np.arange(count) % classes]
    return (table / table.sum(axis=1, keepdims=True)).astype(np.float32)


TABLE = chances()


def pictures():
    """Make these pictures at their usual and at their most awkward sizes."""
    many = RNG.integers(0, 60, (2, 4000))
    return {
        "confusion": plot.confusion_matrix(LABELS, TABLE),
        "confusion, names": plot.confusion_matrix(LABELS, TABLE, class_names=LONG),
        "confusion, 2": plot.confusion_matrix([True, False], [1, 1]),
        "confusion, 60": plot.confusion_matrix(*many),
        "confusion, large": plot.confusion_matrix(np.zeros(123456), np.zeros(123456)),
        "worst": plot.worst_mistakes(IMAGES, LABELS, TABLE),
        "worst, names": plot.worst_mistakes(IMAGES, LABELS, TABLE, class_names=LONG),
        "worst of one": plot.worst_mistakes(IMAGES[:1], [1], [[0.9, 0.1]]),
        "none wrong": plot.worst_mistakes(IMAGES[:1], [0], [[0.9, 0.1]]),
        "prediction": plot.prediction(IMAGES[0], TABLE[0], label=0),
        "prediction, names": plot.prediction(IMAGES[:1], TABLE[0], label=9, class_names=LONG),
        "prediction, sure": plot.prediction(np.ones(4), [0.0, 1.0]),
        "prediction, 60": plot.prediction(IMAGES[0], chances(60, 1)),
        "augmented": plot.augmented(IMAGES, np.flipud),
        "augmented, one": plot.augmented(IMAGES[:1] / 255, lambda x: x * 2, copies=1),
        "samples, names": plot.samples(IMAGES, LABELS, class_names=LONG),
        "predictions, names": plot.predictions(IMAGES, LABELS, TABLE, class_names=LONG),
    }


def test_every_picture_is_drawn_whole_and_no_heading_lies_on_another():
    for name, figure in pictures().items():
        assert_nothing_is_cut(figure)
        titles = [axes.title for axes in figure.axes if axes.title.get_text()]
        boxes = [text.get_window_extent() for text in titles]
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i]), (name, titles[i])


def test_confusion_matrix_counts():
    figure = plot.confusion_matrix([0, 0, 0, 1, 2], [0, 0, 1, 1, 1])
    written = {(t.get_position(), t.get_text()) for t in figure.axes[0].texts}
    # Positions are (column, row): what was said, what it is.
    assert written == {
        ((0, 0), "2"), ((1, 0), "1"), ((1, 1), "1"), ((1, 2), "1"), ((2, 2), "0"),
    }  # fmt: skip
    assert "Right: 3 of 5 (60.00 %)" in texts(figure)
    assert {"66.7 %", "100.0 %", "0.0 %"} <= set(texts(figure))
    shades = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shades.filled(-1)[0], [-1, 100 / 3, 0])


def test_confusion_matrix_takes_probabilities_and_one_hot_rows():
    plain = plot.confusion_matrix(LABELS, TABLE.argmax(axis=1))
    rows = plot.confusion_matrix(np.eye(10)[LABELS], TABLE)
    assert texts(plain) == texts(rows)


def test_a_class_without_samples_has_no_share():
    figure = plot.confusion_matrix([0, 2], [0, 2])
    assert "–" in texts(figure)


def test_worst_mistakes_come_first():
    table = [[0.5, 0.3, 0.2], [0.6, 0.0, 0.4], [0.2, 0.7, 0.1], [1, 0, 0]]
    figure = plot.worst_mistakes(IMAGES[:4], [1, 1, 2, 0], table, count=2)
    headings = [axes.get_title() for axes in figure.axes]
    assert headings == ["said 0 (60 %)\nis 1 (< 1 %)", "said 1 (70 %)\nis 2 (10 %)"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), IMAGES[1])
    assert "The 2 worst of 3 mistakes on 4 images" in texts(figure)


def test_prediction_names_answer_and_truth():
    wrong = plot.prediction(IMAGES[0], [0.2, 0.7, 0.1], label=0, class_names=["a", "b", "c"])
    assert "The network says: b (70 %), wrong: it is a" in texts(wrong)
    assert [round(bar.get_width()) for bar in wrong.axes[1].patches] == [20, 70, 10]
    assert "20 % ← right" in texts(wrong)
    right = plot.prediction(IMAGES[0], [[0.2, 0.7, 0.1]], label=1)
    assert "The network says: 1 (70 %), right" in texts(right)


def test_prediction_of_many_classes_shows_the_most_probable():
    table = np.full(30, 0.01)
    table[[7, 20]] = [0.3, 0.42]
    figure = plot.prediction(IMAGES[0], table, count=3)
    ticks = [tick.get_text() for tick in figure.axes[1].get_yticklabels()]
    assert ticks == ["20", "7", "0"]


def test_augmented_asks_for_each_copy_and_keeps_the_images():
    before, seen = IMAGES.copy(), []

    def spoil(image):
        assert image.dtype == np.uint8
        assert image.shape == (12, 20)
        image[:] = len(seen)
        seen.append(image)
        return image

    figure = plot.augmented(IMAGES, spoil, count=3, copies=2)
    assert len(seen) == 6
    np.testing.assert_array_equal(IMAGES, before)
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    assert [int(image[0, 0]) for image in drawn[1:3] + drawn[4:6]] == [0, 1, 2, 3]
    np.testing.assert_array_equal(drawn[3], IMAGES[1])


@pytest.mark.parametrize("shape", [(40, 12, 20), (40, 3, 12, 20), (40, 12, 20, 1)])
def test_augmented_takes_copies_made_before(shape):
    made = RNG.random(shape)
    figure = plot.augmented(IMAGES, made, count=2)
    copies = 3 if shape[1] == 3 else 1
    assert len(figure.axes) == 2 * (1 + copies)
    first = made[1].reshape(-1, 12, 20)[0]
    np.testing.assert_array_equal(figure.axes[2 + copies].images[0].get_array(), first)


def test_figures_show_themselves_in_a_notebook():
    data, size = plot.prediction(IMAGES[0], TABLE[0])._repr_png_()
    assert data.startswith(b"\x89PNG")
    assert size == {"width": 710, "height": 403}


def test_the_user_s_settings_stay():
    import matplotlib

    with matplotlib.rc_context({"figure.dpi": 40, "axes.grid": True, "image.cmap": "jet"}):
        before = dict(matplotlib.rcParams)
        pictures()
        assert dict(matplotlib.rcParams) == before
