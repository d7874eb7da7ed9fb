"""Pictures made of images: samples, right and wrong predictions, augmented copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def samples(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    count: int = 18,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Show the first images of a data set, each with its label.

    Parameters
    ----------
    images : array (n, rows, columns), (n, rows, columns, 1) or (n, side²)
        Grey images of any real dtype; the brighter a pixel, the darker it is drawn.
    labels : array (n,), (n, 1) or (n, classes)
        Class numbers, or one-hot rows.
    count : int
        How many to show at most.
    class_names : list of str, optional
        The name of each class, to be shown in place of its number.

    Raises
    ------
    TypeError, ValueError
        Arrays or names that do not fit, numbers that are not finite, or a `count` below 1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.datasets import mnist_sample
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> plot.samples(images, labels).savefig("samples.png")
    """
    pictures = checks.as_images(images)
    classes = checks.as_labels(labels, len(pictures))
    names = checks.as_names(class_names, int(classes.max()) + 1)
    shown = checks.at_most(count, len(pictures))
    columns = min(6, shown)
    rows = math.ceil(shown / columns)
    figure = shared.new_figure(max(1.25 * columns, 4), 1.45 * rows + 0.45)
    shared.title(figure, f"{shown} of {len(pictures):,} images, each with its label")
    options = shared.grey_options(pictures[:shown])
    axes: Any = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, ax in enumerate(axes):
        if index >= shown:
            ax.set_axis_off()
            continue
        shared.tile(ax, pictures[index], **options)
        ax.set_title(shared.short(names[classes[index]], 13), fontsize=shared.LABEL_SIZE)
    return figure


def predictions(
    images: ArrayLike,
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    count: int = 6,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Show the first images that were classified rightly, and the first that were not.

    Parameters
    ----------
    images, labels
        As for `samples`.
    probabilities : array (n, classes)
        What `model.predict(images)` gave.
    count : int
        How many of each kind to show at most.
    class_names : list of str, optional
        The name of each class, to be shown in place of its number.

    Raises
    ------
    TypeError, ValueError
        Arrays or names that do not fit, numbers that are not finite, probabilities outside 0 to 1,
        or a `count` below 1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from digitnet import plot
    >>> images, labels = np.eye(28)[:, :, None] * np.ones((28, 1, 28)), np.arange(28) % 3
    >>> guesses = np.eye(3)[np.arange(28) % 2]  # a model's probabilities, (28, 3)
    >>> plot.predictions(images, labels, guesses).savefig("predictions.png")
    """
    pictures = checks.as_images(images)
    classes = checks.as_labels(labels, len(pictures))
    table = checks.as_probabilities(probabilities, classes)
    names = checks.as_names(class_names, table.shape[1])
    guesses = table.argmax(axis=1)
    shown = checks.at_most(count, len(pictures))
    heights = (2.05, 2.25)  # in inches; a caption has one line above, two below
    width = 1.45 if max(map(len, names)) <= 8 else 1.8  # in inches, room for a caption
    figure = shared.new_figure(max(width * shown, 5), sum(heights))
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    for half, word, color, chosen in (
        (halves[0], "right", shared.BLUE, np.flatnonzero(guesses == classes)),
        (halves[1], "wrong", shared.ORANGE, np.flatnonzero(guesses != classes)),
    ):
        share = 100 * len(chosen) / len(pictures)
        text = f"Predicted {word}: {len(chosen):,} of {len(pictures):,} ({share:.2f} %)"
        shared.title(half, text, color)
        first = chosen[:shown]
        captions = [verdict(guesses[index], classes[index], table[index], names) for index in first]
        _draw_row(half, pictures[first], captions, shown)
    return figure


def verdict(guess: int, truth: int, chances: NDArray[Any], names: Sequence[str]) -> str:
    """Say what a network took an image for and, if that is wrong, what it shows."""
    digits = all(len(name) <= 2 for name in names)  # a longer name leaves no room for more words
    name, right = names[guess], names[truth]
    text = f"{'read as ' if digits else ''}{shared.short(name, 14)} ({100 * chances[guess]:.0f} %)"
    if guess == truth:
        return text
    article = "an" if right[:1] in tuple("8AEIOUaeiou") else "a"
    return f"{text}\nis {article} {shared.short(right, 14)}"


def _draw_row(part: Any, images: NDArray[Any], captions: Sequence[str], columns: int) -> None:
    """Fill a sub-figure with a row of up to `columns` captioned images."""
    if len(images) == 0:
        part.text(0.5, 0.5, "none", ha="center", va="center", fontsize=shared.LABEL_SIZE)
        return
    axes = part.subplots(1, columns, squeeze=False)[0]
    for ax in axes[len(images) :]:
        ax.set_axis_off()
    options = shared.grey_options(images)
    for ax, image, caption in zip(axes, images, captions, strict=False):
        shared.tile(ax, image, **options)
        ax.set_title(caption, fontsize=shared.TICK_SIZE)


def augmented(
    images: ArrayLike,
    augment: Callable[[NDArray[Any]], ArrayLike] | ArrayLike,
    *,
    count: int = 4,
    copies: int = 5,
) -> Figure:
    """Show images beside what an augmentation makes of them.

    Each row begins with the image itself; to its right stand the copies that a network would be
    trained on in its place. They should look different, and still like what they are.

    Parameters
    ----------
    images : array (n, rows, columns), (n, rows, columns, 1) or (n, side²)
        Grey images of any real dtype.
    augment : function, or array (n, rows, columns), (n, side²) or (n, copies, rows, columns)
        A function that is given one image, (rows, columns) of the dtype of `images`, and returns
        another; it is called `copies` times for each. Or the images that were made already.
    count : int
        How many images to show at most.
    copies : int
        How many copies of each to show at most.

    Raises
    ------
    TypeError, ValueError
        Arrays that do not fit, numbers that are not finite, a function that does not return an
        image, or a `count` or `copies` below 1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from digitnet import plot
    >>> from digitnet.datasets import mnist_sample
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> generator = np.random.default_rng(0)
    >>> def moved(image):
    ...     return np.roll(image, generator.integers(-4, 5, 2), axis=(0, 1))
    >>> plot.augmented(images, moved).savefig("augmented.png")
    """
    pictures = checks.as_images(images)
    shown = checks.at_most(count, len(pictures))
    columns = checks.at_most(copies, 10**6, "copies")
    if callable(augment):
        made = [[_one_copy(augment, image) for _ in range(columns)] for image in pictures[:shown]]
    else:
        table = _made_already(augment, len(pictures))[:shown]
        columns = min(columns, table.shape[1])
        made = [list(row[:columns]) for row in table]
    figure = shared.new_figure(max(1.15 * (columns + 1), 4), 1.15 * shown + 0.85)
    shared.title(figure, "Images and their augmented copies")
    axes: Any = figure.subplots(shown, columns + 1, squeeze=False)
    for row, image, changed in zip(axes, pictures, made, strict=False):
        options = shared.grey_options(image)  # one scale a row: lighter and darker copies show
        for ax, drawn in zip(row, [image, *changed], strict=True):
            shared.tile(ax, drawn, **options)
        for spine in row[0].spines.values():
            spine.set(color=shared.BLUE, linewidth=2)
    axes[0, 0].set_title("original", fontsize=shared.LABEL_SIZE, color=shared.BLUE)
    heading = "copy" if columns == 1 else "copies"
    axes[0, 1].set_title(heading, fontsize=shared.LABEL_SIZE)
    return figure


def _one_copy(augment: Callable[[NDArray[Any]], ArrayLike], image: NDArray[Any]) -> NDArray[Any]:
    """Call the function with a copy of the image, which it may write to, and check the answer."""
    return checks.as_image(augment(image.copy()), "augment(image)")


def _made_already(augment: ArrayLike, count: int) -> NDArray[Any]:
    """Return given copies as (n, copies, rows, columns)."""
    array = checks.finite(augment, "augment")
    if array.ndim != 4 or array.shape[-1] == 1:
        array = checks.as_images(array, "augment")[:, None]
    if len(array) != count or 0 in array.shape:
        raise ValueError(
            f"`augment` must hold copies of each of the {count} images. "
            f"Received: an array of shape {np.shape(augment)}"
        )
    return array
