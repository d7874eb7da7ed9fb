"""Pictures made of images: samples, right and wrong predictions, first-layer neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

    Args:
        images: (n, rows, columns) or (n, side²), uint8 or float.
        labels: (n,) class numbers, or (n, classes) one-hot rows.
        count: how many to show at most.
        class_names: the name of each class, to be shown in place of its number.

    Raises:
        ValueError: shapes that do not fit, or a `count` below 1.
        ImportError: matplotlib is not installed.
    """
    pictures = shared.as_images(images)
    classes = shared.as_labels(labels, len(pictures))
    shown = _at_most(count, len(pictures))
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
        ax.set_title(_class_name(classes[index], class_names), fontsize=shared.LABEL_SIZE)
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

    Args:
        images: (n, rows, columns) or (n, side²), uint8 or float.
        labels: (n,) class numbers, or (n, classes) one-hot rows.
        probabilities: (n, classes), what `model.predict(images)` gave.
        count: how many of each kind to show at most.
        class_names: the name of each class, to be shown in place of its number.

    Raises:
        ValueError: shapes that do not fit, or a `count` below 1.
        ImportError: matplotlib is not installed.
    """
    pictures = shared.as_images(images)
    classes = shared.as_labels(labels, len(pictures))
    table = np.asarray(probabilities)
    if table.ndim != 2 or len(table) != len(pictures) or table.shape[1] < 2:
        raise ValueError(
            f"`probabilities` must have shape ({len(pictures)}, classes). "
            f"Received: an array of shape {table.shape}"
        )
    guesses = table.argmax(axis=1)
    shown = _at_most(count, len(pictures))
    heights = (2.05, 2.25)  # in inches; a caption has one line above, two below
    figure = shared.new_figure(max(1.45 * shown, 5), sum(heights))
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    for half, word, color, chosen in (
        (halves[0], "right", shared.BLUE, np.flatnonzero(guesses == classes)),
        (halves[1], "wrong", shared.ORANGE, np.flatnonzero(guesses != classes)),
    ):
        share = 100 * len(chosen) / len(pictures)
        text = f"Predicted {word}: {len(chosen):,} of {len(pictures):,} ({share:.2f} %)"
        shared.title(half, text, color)
        first = chosen[:shown]
        captions = [
            _verdict(guesses[index], classes[index], table[index], class_names) for index in first
        ]
        _draw_row(half, pictures[first], captions, shown)
    return figure


def _verdict(guess: int, truth: int, chances: NDArray[Any], names: Sequence[str] | None) -> str:
    """What a network took an image for and, if that is wrong, what it shows."""
    read = "" if names else "read as "  # a name leaves no room for more
    text = f"{read}{_class_name(guess, names)} ({100 * chances[guess]:.0f} %)"
    if guess == truth:
        return text
    name = _class_name(truth, names)
    return f"{text}\nis {'an' if name[0] in '8AEIOUaeiou' else 'a'} {name}"


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


def first_layer_features(
    model: Any,
    image_shape: tuple[int, int] = (28, 28),
    *,
    initial: Any = None,
    count: int = 24,
) -> Figure:
    """Show what the first layer's neurons look for: the weight each gives to each pixel.

    A neuron answers to ink where its weights are positive and is put off by ink where they are
    negative. The neurons shown are those that weigh most in the answer: the largest norm of the
    weights coming in times (when there is a next layer) the norm of the weights going out.

    Training starts from random weights, and a short one leaves most of that noise in place. Give
    `initial`, the weights before training, to show only what training added to them.

    Args:
        model: a model (anything with `get_weights()`), or the kernel itself, (rows·columns, units).
        image_shape: rows and columns of the images the network reads.
        initial: the kernel before training, of the same shape, or None.
        count: how many neurons to show at most.

    Raises:
        ValueError: the kernel does not read images of this shape or is not finite, `initial` has
            another shape than the kernel, or `count` is below 1.
        ImportError: matplotlib is not installed.
    """
    kernel, outgoing = _first_kernels(model)
    rows, columns = image_shape
    if kernel.ndim != 2 or kernel.shape[0] != rows * columns or kernel.shape[1] == 0:
        raise ValueError(
            f"the first layer must read {rows} * {columns} pixels to be shown as images. "
            f"Received: a kernel of shape {kernel.shape}"
        )
    if not np.isfinite(kernel).all():
        raise ValueError("the first layer's weights must be finite: the training has diverged")
    if initial is not None:
        if np.shape(initial) != kernel.shape:
            raise ValueError(
                f"`initial` must have the kernel's shape {kernel.shape}. "
                f"Received: an array of shape {np.shape(initial)}"
            )
        kernel = kernel - np.asarray(initial)
    strength = np.linalg.norm(kernel, axis=0)
    if outgoing is not None:
        strength = strength * np.linalg.norm(outgoing, axis=1)
    shown = _at_most(count, kernel.shape[1])
    strongest = np.argsort(-strength, kind="stable")[:shown]
    figure = _draw_kernels(kernel[:, strongest], image_shape)
    what = "look for" if initial is None else "learned to look for"
    shared.title(figure, f"What the first layer's neurons {what}")
    shared.caption(figure, _neurons(shown, kernel.shape[1], changed=initial is not None))
    return figure


def _neurons(shown: int, of: int, *, changed: bool) -> str:
    """Say how to read the pictures of neurons."""
    what = "the change from the random start" if changed else "the weights"
    strongest = "strongest" if shown == 1 else f"{shown} strongest"
    whose = f"the {strongest} of {of} neurons" if shown < of else "all neurons"
    return f"red: ink here excites the neuron; blue: ink here calms it\nshown: {what}, of {whose}"


def _draw_kernels(kernel: NDArray[Any], image_shape: tuple[int, int]) -> Figure:
    """Draw each column of the kernel as an image, all in one scale of colours."""
    shown = kernel.shape[1]
    grid_columns = min(8, shown)
    grid_rows = math.ceil(shown / grid_columns)
    width = max(1.1 * grid_columns + 1.0, 6)
    figure = shared.new_figure(width, max(1.1 * grid_rows + 0.95, 2.8))
    # The scale is centred on zero; a few extreme weights must not fade all the others.
    limit = max(float(np.quantile(np.abs(kernel), 0.995)), 1e-12)
    options: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    axes: Any = figure.subplots(grid_rows, grid_columns, squeeze=False)
    for index, ax in enumerate(axes.ravel()):
        if index < shown:
            shared.tile(ax, kernel[:, index].reshape(image_shape), **options)
        else:
            ax.set_axis_off()
    drawn = axes[0, 0].images[0]
    bar = figure.colorbar(drawn, ax=axes, shrink=0.95, ticks=[-limit, 0, limit], pad=0.02)
    bar.ax.set_yticklabels(["calms", "neutral", "excites"], fontsize=shared.TICK_SIZE)
    return figure


def _first_kernels(model: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The first kernel and, where there is one, the next layer's."""
    if not hasattr(model, "get_weights"):
        return np.asarray(model), None
    kernels = [w for w in model.get_weights() if np.ndim(w) == 2]
    if not kernels:
        raise ValueError("`model` must have at least one Dense layer. Received: a model with none")
    return kernels[0], kernels[1] if len(kernels) > 1 else None


def _at_most(count: int, available: int) -> int:
    if count < 1:
        raise ValueError(f"`count` must be at least 1. Received: {count}")
    return min(count, available)


def _class_name(number: Any, names: Sequence[str] | None) -> str:
    return names[number] if names is not None and number < len(names) else str(number)
