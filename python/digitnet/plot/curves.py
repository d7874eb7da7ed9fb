"""Pictures made of curves and points: learning, the line a neuron draws, a fitted function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(history: Any, *, validation_name: str = "validation") -> Figure:
    """Show loss and metrics after each epoch, on the training and on the validation data.

    Args:
        history: what `model.fit` returned, or its `history` dictionary: names to lists with one
            number an epoch; the validation data's names begin with `val_`.
        validation_name: what the validation data are, "test" for instance.

    Raises:
        ValueError: no epoch was trained.
        ImportError: matplotlib is not installed.
    """
    record: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = [name for name in record if not name.startswith("val_") and len(record[name])]
    if not names:
        raise ValueError("`history` must hold at least one epoch. Received: an empty history")
    figure = shared.new_figure(max(4.6 * len(names), 6), 4.4)
    shared.title(figure, "Learning curve")
    for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _learning_lines(ax, record, name, validation_name)
        shared.plain_axes(ax, "epoch", f"{name} (%)" if _is_share(name) else name)
    if any(_trails(record, name) for name in names):
        shared.caption(
            figure,
            f"train: the average during an epoch, while the network still learns; "
            f"{validation_name}: at the epoch's end",
        )
    return figure


def _is_share(name: str) -> bool:
    """Whether a metric is a share, to be shown in percent."""
    return "accuracy" in name or name == "acc"


def _trails(record: Mapping[str, Sequence[float]], name: str) -> bool:
    """Whether an accuracy is lower on the training data than on the others: that needs a word."""
    pairs = zip(record[name], record.get(f"val_{name}", ()), strict=False)
    return _is_share(name) and any(train < test for train, test in pairs)


def _learning_lines(
    axes: Any, record: Mapping[str, Sequence[float]], name: str, validation_name: str
) -> None:
    """Draw one metric's two curves; a single epoch is two points, each with its name and value."""
    from matplotlib.ticker import MaxNLocator

    factor = 100 if _is_share(name) else 1
    for key, label, color, marker, dash in (
        (name, "train", shared.BLUE, "o", "-"),
        (f"val_{name}", validation_name, shared.ORANGE, "s", "--"),
    ):
        values = factor * np.asarray(record.get(key, ()), dtype=np.float64)
        if len(values) == 0:
            continue
        epochs = np.arange(1, len(values) + 1)
        size = 7 if len(values) <= 30 else 0
        axes.plot(epochs, values, dash, color=color, marker=marker, markersize=size, label=label)
        if len(values) == 1:
            number = f"{values[0]:.2f} %" if factor == 100 else f"{values[0]:.3f}"
            style = {"color": color, "fontsize": shared.LABEL_SIZE, "va": "center"}
            place = {"xytext": (10, 0), "textcoords": "offset points"}
            axes.annotate(f"{label} {number}", (1, values[0]), **place, **style)
    if len(record[name]) == 1:
        axes.set_xlim(0.5, 1.5)
        axes.set_xticks([1])
        axes.margins(y=0.25)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=shared.TICK_SIZE, frameon=False)


def decision_boundary(
    model: Any,
    points: ArrayLike,
    labels: ArrayLike,
    *,
    line: tuple[float, float] | None = None,
    class_names: tuple[str, str] = ("class 0", "class 1"),
    model_name: str = "network",
) -> Figure:
    """Show how a network with two inputs and one sigmoid output splits the plane.

    Args:
        model: a model, or a function, that gives (n,) or (n, 1) probabilities for (n, 2) points.
        points: (n, 2) coordinates x and y.
        labels: (n,) zeros and ones.
        line: slope and intercept of the true border y = slope·x + intercept, where it is known.
        class_names: what the points with label 0 and those with label 1 are called.
        model_name: what the model is called: "neuron", say.

    Raises:
        ValueError: shapes that do not fit.
        ImportError: matplotlib is not installed.
    """
    xy = np.asarray(points, dtype=np.float32)
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) == 0:
        raise ValueError(
            "`points` must be a non-empty array of shape (n, 2). "
            f"Received: an array of shape {xy.shape}"
        )
    classes = shared.as_labels(labels, len(xy))
    figure = shared.new_figure(6.6, 6.2)
    from matplotlib.colors import LinearSegmentedColormap

    shared.title(figure, f"Where the {model_name} draws the line")
    ax: Any = figure.subplots()
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.04 * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = low - margin, high + margin
    grid_x, grid_y = np.meshgrid(np.linspace(left, right, 201), np.linspace(bottom, top, 201))
    chance = _probabilities(model, grid_x, grid_y)
    fade = LinearSegmentedColormap.from_list("classes", [shared.ORANGE, "white", shared.BLUE])
    extent = (left, right, bottom, top)
    style = {"cmap": fade, "vmin": 0, "vmax": 1, "alpha": 0.35, "interpolation": "bilinear"}
    # Where both axes have much the same range, one unit is as long on both: slopes look right.
    shape = "equal" if 1 / 3 < (right - left) / (top - bottom) < 3 else "auto"
    drawn = ax.imshow(chance, origin="lower", extent=extent, aspect=shape, **style)
    if line is not None:  # broad and pale, so that the learned border stays visible on top of it
        ends = np.array([left, right])
        wide = {"color": shared.GREEN, "linewidth": 7, "alpha": 0.45}
        ax.plot(ends, line[0] * ends + line[1], label=_equation(*line), **wide)
    if chance.min() < 0.5 < chance.max():
        ax.contour(grid_x, grid_y, chance, [0.5], colors=shared.INK, linewidths=2)
        ax.plot([], [], color=shared.INK, linewidth=2, label="learned border (output 0.5)")
    size = 42 if len(xy) <= 300 else 20
    for value, color, marker in ((1, shared.BLUE, "^"), (0, shared.ORANGE, "o")):
        chosen = xy[classes == value]
        dots = {"color": color, "marker": marker, "edgecolor": "white", "linewidth": 0.6}
        ax.scatter(chosen[:, 0], chosen[:, 1], s=size, label=class_names[value], **dots)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    shared.plain_axes(ax, "x", "y")
    bar = figure.colorbar(drawn, ax=ax, ticks=[0, 0.5, 1])
    bar.set_label(f"output of the {model_name}", fontsize=shared.LABEL_SIZE)
    figure.legend(loc="outside lower center", ncols=2, fontsize=shared.TICK_SIZE, frameon=False)
    return figure


def _equation(slope: float, intercept: float) -> str:
    """A straight line as one writes it: `y = x - 5`, `y = 0.5 x + 2`."""
    factor = "" if slope == 1 else "−" if slope == -1 else f"{slope:g} "
    return f"true border y = {factor}x {'−' if intercept < 0 else '+'} {abs(intercept):g}"


def _probabilities(model: Any, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    predict = getattr(model, "predict", model)
    flat = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    answer = np.asarray(predict(flat), dtype=np.float64)
    if answer.size != x.size:
        raise ValueError(
            "`model` must give one probability for each point. "
            f"Received: an answer of shape {answer.shape} for {x.size} points"
        )
    return answer.reshape(x.shape)


def regression(
    x: ArrayLike,
    y: ArrayLike,
    curve_x: ArrayLike,
    predicted: ArrayLike,
    *,
    truth: ArrayLike | None = None,
) -> Figure:
    """Show measurements and the curve that a network with one input drew through them.

    Args:
        x: (n,) or (n, 1) inputs of the measurements.
        y: (n,) or (n, 1) measured values.
        curve_x: (m,) or (m, 1) inputs, in increasing order, where the network was asked.
        predicted: (m,) or (m, 1) what it answered.
        truth: (m,) the noiseless values, where they are known.

    Raises:
        ValueError: `x` and `y`, or `curve_x` and the curves, differ in length.
        ImportError: matplotlib is not installed.
    """
    flat_x, flat_y = np.ravel(x), np.ravel(y)
    axis, curve = np.ravel(curve_x), np.ravel(predicted)
    reference = None if truth is None else np.ravel(truth)
    lengths = [len(axis), len(curve)] + ([] if reference is None else [len(reference)])
    if len(flat_x) != len(flat_y) or len(set(lengths)) != 1:
        raise ValueError(
            "`x` and `y`, and `curve_x` and the curves, must have the same lengths. "
            f"Received: {len(flat_x)} and {len(flat_y)}, {' and '.join(map(str, lengths))}"
        )
    figure = shared.new_figure(7, 4.4)
    shared.title(figure, "The curve the network learned")
    ax: Any = figure.subplots()
    ax.scatter(flat_x, flat_y, s=14, color=shared.FAINT, label="measurements")
    if reference is not None:
        ax.plot(axis, reference, "--", color=shared.BLUE, linewidth=2, label="truth")
    ax.plot(axis, curve, color=shared.ORANGE, linewidth=2.5, label="network")
    shared.plain_axes(ax, "x", "y")
    figure.legend(loc="outside lower center", ncols=3, fontsize=shared.TICK_SIZE, frameon=False)
    return figure
