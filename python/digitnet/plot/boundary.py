"""How a network with two inputs divides the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._checks import real, text

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRID = 201  # points a side at which the network is asked


def decision_boundary(
    model: Any,
    points: ArrayLike,
    labels: ArrayLike,
    *,
    line: tuple[float, float] | None = None,
    class_names: Sequence[str] | None = None,
    model_name: str = "network",
) -> Figure:
    """Show how a network with two inputs divides the plane among the classes.

    Each place has the colour of the class that the network would answer there, the paler the less
    sure it is; a black line is where the answer changes.

    Parameters
    ----------
    model : Sequential or function
        Gives for points, float32 (n, 2), the probability of class 1, (n,) or (n, 1), or those of
        all classes, (n, classes).
    points : array (n, 2)
        Coordinates x and y.
    labels : array (n,), (n, 1) or (n, classes)
        The class of each point: 0 or 1 for one probability, else 0 … classes - 1; at most 8.
    line : tuple of two float, optional
        Slope and intercept of the true border y = slope · x + intercept, where it is known.
    class_names : list of str, optional
        What the points of each class are called; "class 0", "class 1" … if not given.
    model_name : str
        What the model is called: "neuron", say.

    Raises
    ------
    TypeError, ValueError
        Arrays or names that do not fit, numbers that are not finite, or more than 8 classes.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from digitnet import plot
    >>> from digitnet.layers import Dense, Input
    >>> from digitnet.models import Sequential
    >>> points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    >>> inside = np.hypot(*points.T) < 0.6
    >>> model = Sequential([Input((2,)), Dense(16, activation="tanh"), Dense(1, "sigmoid")])
    >>> model.compile("sgd", "binary_crossentropy")
    >>> history = model.fit(points, inside, epochs=20, verbose=0)
    >>> plot.decision_boundary(model, points, inside).savefig("decision_boundary.png")
    """
    xy = checks.finite(points, "points").astype(np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) == 0:
        raise ValueError(
            "`points` must be a non-empty array of shape (n, 2). "
            f"Received: an array of shape {xy.shape}"
        )
    classes = checks.as_labels(labels, len(xy))
    called = text(model_name, "`model_name`")
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.04 * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    grid_x, grid_y = np.meshgrid(np.linspace(left, right, _GRID), np.linspace(bottom, top, _GRID))
    chances = _probabilities(model, grid_x, grid_y, classes)
    names = _names(class_names, chances.shape[-1])
    figure = shared.new_figure(6.6, 6.2)
    shared.title(figure, f"Where the {called} draws the line")
    ax: Any = figure.subplots()
    # Where both axes have much the same range, one unit is as long on both: slopes look right.
    shape = "equal" if 1 / 3 < (right - left) / (top - bottom) < 3 else "auto"
    drawn = _draw_regions(ax, chances, (left, right, bottom, top), shape)
    if line is not None:  # broad and pale, so that the learned border stays visible on top of it
        slope, intercept = _line(line)
        ends = np.array([left, right])
        wide: Any = {"color": shared.GREEN, "linewidth": 7, "alpha": 0.45}
        ax.plot(ends, slope * ends + intercept, label=_equation(slope, intercept), **wide)
    _draw_borders(ax, grid_x, grid_y, chances)
    _draw_points(ax, xy, classes, names)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    shared.plain_axes(ax, "x", "y")
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=ax, ticks=[0, 0.5, 1])
        bar.set_label(f"output of the {called}", fontsize=shared.LABEL_SIZE)
    figure.legend(loc="outside lower center", ncols=2, fontsize=shared.TICK_SIZE, frameon=False)
    return figure


def _names(class_names: Sequence[str] | None, classes: int) -> list[str]:
    names = checks.as_names(class_names, classes)
    return names if class_names is not None else [f"class {name}" for name in names]


def _draw_regions(
    axes: Any, chances: NDArray[Any], extent: tuple[float, float, float, float], shape: str
) -> Any:
    """Colour the plane; give what a bar of colours can explain, for two classes."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    place: Any = {"origin": "lower", "extent": extent, "aspect": shape}
    classes = chances.shape[-1]
    if classes == 2:
        colors = [shared.ORANGE, "white", shared.BLUE]
        fade = LinearSegmentedColormap.from_list("classes", colors)
        style: Any = {"cmap": fade, "vmin": 0, "vmax": 1, "alpha": 0.35}
        return axes.imshow(chances[..., 1], interpolation="bilinear", **style, **place)
    palette = np.array([to_rgb(color) for color in shared.CLASS_COLORS[:classes]])
    sure = chances.max(axis=-1, keepdims=True)  # from 1 / classes, at a loss, to 1
    strength = 0.4 * np.clip((sure - 1 / classes) / (1 - 1 / classes), 0, 1)
    axes.imshow(1 - strength * (1 - palette[chances.argmax(axis=-1)]), **place)
    return None


def _draw_borders(axes: Any, x: NDArray[Any], y: NDArray[Any], chances: NDArray[Any]) -> None:
    """Draw where a class's probability passes the best of the others'."""
    classes = chances.shape[-1]
    for index in range(1 if classes == 2 else 0, classes):
        rest = np.delete(chances, index, axis=-1).max(axis=-1)
        lead = chances[..., index] - rest
        if lead.min() < 0 < lead.max():
            axes.contour(x, y, lead, [0], colors=shared.INK, linewidths=2)
            label = "learned border" + (" (output 0.5)" if classes == 2 else "")
            if label not in [line.get_label() for line in axes.lines]:
                axes.plot([], [], color=shared.INK, linewidth=2, label=label)


def _draw_points(axes: Any, xy: NDArray[Any], labels: NDArray[Any], names: Sequence[str]) -> None:
    size = 42 if len(xy) <= 300 else 20
    for value, name in enumerate(names[: len(shared.CLASS_COLORS)]):
        chosen = xy[labels == value]
        if len(chosen) == 0 and value >= 2:
            continue
        dots: Any = {"edgecolor": "white", "linewidth": 0.6, "s": size, "label": name}
        color, marker = shared.CLASS_COLORS[value], shared.CLASS_MARKERS[value]
        axes.scatter(chosen[:, 0], chosen[:, 1], color=color, marker=marker, **dots)


def _line(line: object) -> tuple[float, float]:
    if not isinstance(line, (tuple, list)) or len(line) != 2:
        raise ValueError(f"`line` must be (slope, intercept). Received: {line!r}")
    return real(line[0], "`line[0]`"), real(line[1], "`line[1]`")


def _equation(slope: float, intercept: float) -> str:
    """A straight line as one writes it: `y = x - 5`, `y = 0.5 x + 2`."""
    factor = "" if slope == 1 else "−" if slope == -1 else f"{slope:g} "
    return f"true border y = {factor}x {'−' if intercept < 0 else '+'} {abs(intercept):g}"


def _probabilities(
    model: Any, x: NDArray[Any], y: NDArray[Any], labels: NDArray[np.int64]
) -> NDArray[Any]:
    """Ask the network at every place of the grid; (rows, columns, classes)."""
    predict = getattr(model, "predict", model)
    if not callable(predict):
        raise TypeError(f"`model` must be a model or a function. Received: {type(model).__name__}")
    answer = np.asarray(predict(np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)))
    if answer.size != x.size and (answer.ndim != 2 or len(answer) != x.size):
        raise ValueError(
            "`model` must give one probability for each point, or those of all classes. "
            f"Received: an answer of shape {answer.shape} for {x.size} points"
        )
    table = checks.finite(answer, "model(points)").astype(np.float64).reshape(x.size, -1)
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    most = min(table.shape[1], len(shared.CLASS_COLORS))
    if table.shape[1] > most or labels.max() >= most:
        raise ValueError(
            f"`labels` and `model` must know the same classes, 2 to {len(shared.CLASS_COLORS)}. "
            f"Received: labels up to {labels.max()}, a model of {table.shape[1]} classes"
        )
    if table.min() < -1e-6 or table.max() > 1 + 1e-6:
        raise ValueError(
            "`model` must give probabilities, from 0 to 1. "
            f"Received: numbers from {table.min():g} to {table.max():g}"
        )
    return table.reshape(*x.shape, -1)
