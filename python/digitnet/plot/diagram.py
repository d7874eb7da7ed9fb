"""The network as a drawing: neurons, connections and layers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitnet._checks import flag, integer

from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RADIUS = 0.17  # of a neuron, in inches
_STEP = 0.46  # from one neuron to the next
_GAP = 2.3  # from one layer to the next


class _Column(NamedTuple):
    """A layer as it is drawn: how many neurons, what is written below, weights coming in."""

    units: int
    heading: str
    lines: list[str]
    kernel: NDArray[Any] | None


def network_diagram(model: Any, *, max_units: int = 10, weights: bool = False) -> Figure:
    """Show a network's neurons and connections, with name and number of weights of every layer.

    Each column is the input or a `Dense` layer; the layers between them that hold no weights
    (`Flatten`, `Rescaling`, `Dropout`, activations) are named below the column they work on.

    Parameters
    ----------
    model : Sequential
        A model that is built: its input shape is known.
    max_units : int
        How many neurons of a layer to draw at most, 3 or more. Of a larger layer the first and
        the last are drawn, and dots between them.
    weights : bool
        Draw each connection by its weight: blue for positive, orange and dashed for negative, the
        stronger the thicker.

    Raises
    ------
    TypeError
        `model` is not a model of digitnet, or another argument is of another type.
    ValueError
        The model is not built or has no `Dense` layer, its weights are not finite, or `max_units`
        is below 3.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.layers import Dense, Flatten, Input
    >>> from digitnet.models import Sequential
    >>> model = Sequential([Input((28, 28)), Flatten(), Dense(500, "relu"), Dense(10, "softmax")])
    >>> plot.network_diagram(model).savefig("network.png")
    """
    shown = integer(max_units, "`max_units`", minimum=3, maximum=100)
    by_weight = flag(weights, "`weights`")
    columns = _columns(model)
    tallest = max(len(_places(column.units, shown)) for column in columns)
    lines = max(len(column.lines) for column in columns)
    width = _GAP * (len(columns) - 1) + 2.4
    height = _STEP * tallest + 0.22 * lines + 1.15
    figure = shared.new_figure(width, height)
    total = sum(layer.count_params() for layer in model.layers)
    shared.title(figure, f"{' – '.join(f'{c.units:,}' for c in columns)}: {total:,} parameters")
    ax: Any = figure.subplots()
    for index, (before, after) in enumerate(pairwise(columns)):
        _draw_connections(ax, index, before, after, shown, by_weight)
    for index, column in enumerate(columns):
        _draw_column(ax, index, column, shown)
        bottom = -_STEP * tallest / 2 - 0.06
        ax.text(index * _GAP, bottom, column.heading, fontweight="bold", **_TEXT)
        # On lines of their own below the heading, which is one line high.
        ax.text(index * _GAP, bottom - 0.22, "\n".join(column.lines), linespacing=1.35, **_TEXT)
    ax.set_xlim(-1.15, width - 1.25)
    ax.set_ylim(-_STEP * tallest / 2 - 0.22 * lines - 0.34, _STEP * tallest / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    if by_weight:
        shared.caption(figure, "blue: positive weight; orange, dashed: negative; thick: strong")
    return figure


_TEXT: dict[str, Any] = {
    "ha": "center", "va": "top", "fontsize": shared.TICK_SIZE, "color": shared.INK,
}  # fmt: skip


def _columns(model: Any) -> list[_Column]:
    """Read the columns from the model's list of layers."""
    from digitnet.layers import Dense
    from digitnet.models import Sequential

    if not isinstance(model, Sequential):
        raise TypeError(
            f"`model` must be a digitnet Sequential model. Received: {type(model).__name__}"
        )
    if not model.built:
        raise ValueError(
            f"`model` must be built; begin {model.name!r} with Input(shape) or call build first"
        )
    shape = model.input_shape[1:]
    size = math.prod(int(side or 0) for side in shape)
    sides = " × ".join(f"{side:,}" for side in shape)
    columns = [_Column(size, "input", [f"{sides} value{'s' * (size > 1)}"], None)]
    for layer in model.layers:
        if isinstance(layer, Dense):
            kernel = layer.kernel
            if not np.isfinite(kernel).all():
                raise ValueError("`model` must have finite weights: the training has diverged")
            neurons = f"{layer.units:,} neuron{'s' * (layer.units > 1)}"
            activation = layer.get_config()["activation"]
            lines = [neurons + _activation(activation), f"{layer.count_params():,} parameters"]
            columns.append(_Column(layer.units, shared.short(layer.name, 20), lines, kernel))
        else:
            columns[-1].lines.append(f"then {shared.short(_described(layer), 18)}")
    if len(columns) == 1:
        raise ValueError(f"`model` must have a Dense layer. Received: {model.name!r} with none")
    return columns


def _activation(config: Any) -> str:
    name = config if isinstance(config, str) else (config or {}).get("class_name", "linear")
    return "" if name == "linear" else f", {name}"


def _described(layer: Any) -> str:
    """A layer without weights in a few words: its class, and the one number that matters."""
    name = type(layer).__name__
    if name == "Activation":
        return str(layer.activation_name)
    if name == "Dropout":
        return f"Dropout {layer.rate:g}"
    if name == "Rescaling":
        inverse = 1 / layer.scale if layer.scale else 0.0
        whole = abs(layer.scale) < 1 and abs(inverse - round(inverse)) < 1e-6
        return f"× 1/{round(inverse)}" if whole else f"× {layer.scale:g}"
    return name


def _places(units: int, shown: int) -> list[int | None]:
    """Which neurons to draw, from top to bottom; None is a row of dots."""
    if units <= shown:
        return list(range(units))
    half = (shown - 1) // 2  # the dots take one place
    return [*range(half), None, *range(units - half, units)]


def _spots(units: int, shown: int) -> list[tuple[int | None, float]]:
    """Each neuron to draw with its height, centred on zero."""
    places = _places(units, shown)
    return [(unit, _STEP * ((len(places) - 1) / 2 - row)) for row, unit in enumerate(places)]


def _draw_column(axes: Any, index: int, column: _Column, shown: int) -> None:
    from matplotlib.patches import Circle

    for unit, y in _spots(column.units, shown):
        if unit is None:
            dots = _STEP * np.array([-0.26, 0.0, 0.26]) + y
            axes.plot([index * _GAP] * 3, dots, ".", color=shared.INK, markersize=4, zorder=3)
            continue
        color = "white" if index == 0 else "#DCEBF5"
        style: Any = {"facecolor": color, "edgecolor": shared.INK, "linewidth": 1.2, "zorder": 3}
        axes.add_patch(Circle((index * _GAP, y), _RADIUS, **style))


def _draw_connections(
    axes: Any, index: int, before: _Column, after: _Column, shown: int, by_weight: bool
) -> None:
    """Draw a line from every drawn neuron to every drawn neuron of the next column."""
    from matplotlib.collections import LineCollection

    pairs = [
        (source, target, [(index * _GAP, low), ((index + 1) * _GAP, high)])
        for source, low in _spots(before.units, shown)
        for target, high in _spots(after.units, shown)
        if source is not None and target is not None
    ]
    lines = [line for _, _, line in pairs]
    if not by_weight or after.kernel is None:
        plain = LineCollection(lines, colors=shared.FAINT, linewidths=0.7, zorder=1)
        axes.add_collection(plain)
        return
    values = np.array([after.kernel[source, target] for source, target, _ in pairs])
    strength = np.abs(values) / max(float(np.abs(values).max()), 1e-12)
    for sign, color, dash in ((1, shared.BLUE, "solid"), (-1, shared.ORANGE, "dashed")):
        chosen = np.flatnonzero(np.sign(values) == sign)
        segments = [lines[i] for i in chosen]
        style: Any = {"linewidths": 0.3 + 3 * strength[chosen], "linestyles": dash, "zorder": 1}
        axes.add_collection(LineCollection(segments, colors=color, alpha=0.8, **style))
