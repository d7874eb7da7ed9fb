"""What the neurons of the first layer look for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digitnet._arrays import as_real
from digitnet._checks import sample_shape

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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

    Parameters
    ----------
    model : Sequential, or array (rows · columns, units)
        A model (anything with `get_weights()`), or the kernel itself.
    image_shape : tuple of two int
        Rows and columns of the images that the network reads.
    initial : array (rows · columns, units), optional
        The kernel before training.
    count : int
        How many neurons to show at most.

    Raises
    ------
    TypeError, ValueError
        The kernel does not read images of this shape or is not finite, `initial` has another shape
        than the kernel, or `count` is below 1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.datasets import mnist_sample
    >>> from digitnet.layers import Dense, Flatten, Input, Rescaling
    >>> from digitnet.models import Sequential
    >>> from digitnet.optimizers import SGD
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> model = Sequential([Input((28, 28)), Flatten(), Rescaling(1 / 255)])
    >>> model.add(Dense(50, activation="relu"))
    >>> model.add(Dense(10, activation="softmax"))
    >>> before = model.get_weights()[0]
    >>> model.compile(SGD(0.5), "sparse_categorical_crossentropy")
    >>> history = model.fit(images, labels, batch_size=100, verbose=0)
    >>> plot.first_layer_features(model, initial=before).savefig("first_layer.png")
    """
    kernel, outgoing = _first_kernels(model)
    sizes = sample_shape(image_shape, "`image_shape`")
    if len(sizes) != 2:
        raise ValueError(f"`image_shape` must be (rows, columns). Received: {image_shape}")
    rows, columns = sizes
    if kernel.ndim != 2 or kernel.shape[0] != rows * columns or kernel.shape[1] == 0:
        raise ValueError(
            f"the first layer must read {rows} * {columns} pixels to be shown as images. "
            f"Received: a kernel of shape {kernel.shape}"
        )
    if not np.isfinite(kernel).all():
        raise ValueError("the first layer's weights must be finite: the training has diverged")
    if initial is not None:
        start = checks.finite(initial, "initial")
        if start.shape != kernel.shape:
            raise ValueError(
                f"`initial` must have the kernel's shape {kernel.shape}. "
                f"Received: an array of shape {start.shape}"
            )
        kernel = kernel - start
    strength = np.linalg.norm(kernel, axis=0)
    if outgoing is not None:
        strength = strength * np.linalg.norm(outgoing, axis=1)
    shown = checks.at_most(count, kernel.shape[1])
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
        return as_real(model, "`model`"), None
    kernels = [w for w in model.get_weights() if np.ndim(w) == 2]
    if not kernels:
        raise ValueError("`model` must have at least one Dense layer. Received: a model with none")
    return kernels[0], kernels[1] if len(kernels) > 1 else None
