"""What an augmentation makes of an image: all at once, and each kind of change alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet.augmentation import ImageAugmentation
from digitnet.augmentation.image_augmentation import KINDS

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def augmentation(image: ArrayLike, augment: ImageAugmentation, *, copies: int = 6) -> Figure:
    """Show an image beside the copies that a network would be trained on in its place.

    In the first row all changes are at work; below, each stands alone, as far as it takes part in
    the copies above. They should look different, and still like what the image is.

    Parameters
    ----------
    image : array (rows, columns), (1, rows, columns), (rows, columns, 1) or (side²,)
        A grey image of any real dtype.
    augment : ImageAugmentation
        See `digitnet.augmentation`.
    copies : int
        How many to show: those of the epochs 0, 1, … of the first sample.

    Raises
    ------
    TypeError, ValueError
        Not one image, numbers that are not finite, not an ImageAugmentation or one for images of
        another shape, or `copies` below 1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.augmentation import ElasticDistortion, ImageAugmentation
    >>> from digitnet.datasets import mnist_sample
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> augment = ImageAugmentation(shift=0.1, rotation=15, elastic=ElasticDistortion(), seed=0)
    >>> plot.augmentation(images[0], augment).savefig("augmentation.png")
    """
    picture = checks.as_image(image)
    if not isinstance(augment, ImageAugmentation):
        raise TypeError(
            "`augment` must be an ImageAugmentation (plot.augmented takes any function). "
            f"Received: {augment!r} ({type(augment).__name__})"
        )
    columns = checks.at_most(copies, 10**6, "copies")
    labels = _labels(augment)
    rows = {labels[kind]: augment.only(kind) for kind in labels}
    if len(rows) != 1:
        rows = {"everything" if rows else "nothing": augment, **rows}
    figure = shared.new_figure(max(1.15 * (columns + 1) + 1, 4), 1.15 * len(rows) + 0.85)
    shared.title(figure, "An image and its augmented copies")
    axes: Any = figure.subplots(len(rows), columns + 1, squeeze=False)
    options = shared.grey_options(picture)
    for line, (label, part) in zip(axes, rows.items(), strict=True):
        for ax, drawn in zip(line, [picture, *_copies(picture, part, columns)], strict=True):
            shared.tile(ax, drawn, **options)
        line[0].set_ylabel(
            label, fontsize=shared.TICK_SIZE, rotation=0, ha="right", va="center", labelpad=6
        )
        for spine in line[0].spines.values():
            spine.set(color=shared.BLUE, linewidth=2)
    axes[0, 0].set_title("original", fontsize=shared.LABEL_SIZE, color=shared.BLUE)
    for epoch, ax in enumerate(axes[0, 1:]):
        ax.set_title(f"epoch {epoch + 1}", fontsize=shared.LABEL_SIZE)
    return figure


def _copies(image: NDArray[Any], augment: ImageAugmentation, count: int) -> list[NDArray[Any]]:
    """Return the copies of the first epochs."""
    batch = image[np.newaxis] if augment.image_shape is None else image.reshape(1, -1)
    return [augment(batch, epoch)[0].reshape(image.shape) for epoch in range(count)]


def _labels(augment: ImageAugmentation) -> dict[str, str]:
    """Return the kinds that change anything, each with its name and range."""
    labels = {}
    for kind, factor, unit in zip(KINDS, (100, 1, 1, 1), (" %", "°", "", "°"), strict=False):
        low, high = (factor * bound for bound in getattr(augment, kind))
        if low == high == (1 if kind == "scale" else 0):
            continue
        if low == -high:
            labels[kind] = f"{kind}\n±{high:.3g}{unit}"
        else:
            labels[kind] = f"{kind}\n{low:.3g} to {high:.3g}{unit}"
    if augment.elastic is not None and augment.elastic.alpha:
        labels["elastic"] = f"elastic\nα {augment.elastic.alpha:.3g}, σ {augment.elastic.sigma:.3g}"
    return labels
