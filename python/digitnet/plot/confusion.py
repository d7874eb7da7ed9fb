"""Which classes a network takes for which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBERS_UP_TO = 20  # classes: above it the numbers in a confusion matrix would be unreadable


def confusion_matrix(
    labels: ArrayLike, predicted: ArrayLike, *, class_names: Sequence[str] | None = None
) -> Figure:
    """Show which classes a network takes for which: how often each answer was given to each class.

    A row is what the images show, a column what the network said. The diagonal, in blue,
    counts the right answers; the more often one class is taken for another, the darker the field.

    Parameters
    ----------
    labels : array (n,), (n, 1) or (n, classes)
        The right classes: numbers, or one-hot rows.
    predicted : array (n,), (n, 1) or (n, classes)
        The network's answers: what `predict_classes` or `predict` gave.
    class_names : list of str, optional
        The name of each class, to be shown in place of its number.

    Raises
    ------
    TypeError, ValueError
        There are no labels, `predicted` has another length, or the names do not fit.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> figure = plot.confusion_matrix([0, 1, 2, 2, 1], [0, 1, 2, 1, 1])
    >>> figure.savefig("confusion_matrix.png")
    """
    count = len(checks.finite(labels, "labels")) if np.ndim(labels) else 0
    if count == 0:
        raise ValueError(
            f"`labels` must hold at least one label. Received: shape {np.shape(labels)}"
        )
    truth = checks.as_labels(labels, count)
    guesses = checks.as_labels(predicted, count, "predicted")
    wide = [np.shape(a)[1] for a in (labels, predicted) if np.ndim(a) == 2 and np.shape(a)[1] > 1]
    classes = max(int(truth.max()) + 1, int(guesses.max()) + 1, 2, *wide)
    if classes > 1000:
        raise ValueError(f"`labels` must be of at most 1000 classes. Received: {classes}")
    names = checks.as_names(class_names, classes)
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, guesses), 1)
    return _draw_table(table, [shared.short(name, 14) for name in names[:classes]])


def _draw_table(table: NDArray[np.int64], names: list[str]) -> Figure:
    """Draw the counts: mistakes shaded by their share of the row, right answers in blue."""
    from matplotlib.colors import LinearSegmentedColormap

    classes = len(names)
    small = classes <= _NUMBERS_UP_TO
    side = min(max(0.52 * classes, 2.6), 8) if small else 6.5
    figure = shared.new_figure(side + 2.2, side + 1.6)
    total, right = int(table.sum()), int(np.trace(table))
    shared.title(figure, f"Right: {right:,} of {total:,} ({100 * right / total:.2f} %)")
    ax: Any = figure.subplots()
    row_sums = table.sum(axis=1)
    shares = 100 * table / np.maximum(row_sums, 1)[:, None]
    mistakes = np.where(np.eye(classes, dtype=bool), np.nan, shares)
    fade = LinearSegmentedColormap.from_list("mistakes", ["white", shared.ORANGE])
    colors = fade.with_extremes(bad="#DCEBF5")
    top = max(float(np.nanmax(mistakes)), 1e-9)
    drawn = ax.imshow(mistakes, cmap=colors, vmin=0, vmax=top)
    if small:
        _write_counts(ax, table)
    ticks = np.arange(0, classes, math.ceil(classes / 20))
    slanted = max(map(len, names)) > 3
    ax.set_xticks(ticks, [names[i] for i in ticks], fontsize=shared.TICK_SIZE)
    if slanted:
        ax.tick_params(axis="x", rotation=45)
        for text in ax.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    ax.set_yticks(ticks, [names[i] for i in ticks], fontsize=shared.TICK_SIZE)
    ax.tick_params(length=0)
    ax.set_xlabel("what the network said", fontsize=shared.LABEL_SIZE)
    ax.set_ylabel("what the images show", fontsize=shared.LABEL_SIZE)
    ax.spines[:].set_color(shared.FAINT)
    if small:
        side_axis = ax.secondary_yaxis("right")
        right_shares = [f"{shares[i, i]:.1f} %" if row_sums[i] else "–" for i in range(classes)]
        side_axis.set_yticks(ticks, right_shares, fontsize=shared.TICK_SIZE, color=shared.BLUE)
        side_axis.tick_params(length=0)
        side_axis.spines[:].set_visible(False)
        side_axis.set_ylabel("right answers of each row", fontsize=shared.LABEL_SIZE)
        side_axis.yaxis.label.set_color(shared.BLUE)
    else:
        bar = figure.colorbar(drawn, ax=ax, shrink=0.8)
        bar.set_label("mistakes, % of the row", fontsize=shared.LABEL_SIZE)
    return figure


def _write_counts(axes: Any, table: NDArray[np.int64]) -> None:
    """Write each count into its field; mistakes that never happened stay empty."""
    size = shared.TICK_SIZE if table.max() < 10_000 else shared.TICK_SIZE - 2
    for (row, column), number in np.ndenumerate(table):
        if number or row == column:
            style = {"color": shared.BLUE, "fontweight": "bold"} if row == column else {}
            text = f"{number}" if number < 100_000 else f"{number / 1000:.0f}k"
            axes.text(column, row, text, ha="center", va="center", fontsize=size, **style)
