"""Pictures made of curves: how learning went, and a fitted function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._arrays import as_real
from digitnet._checks import text as checked_text

from . import _checks as checks
from . import _figure as shared

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(history: Any, *, validation_name: str = "validation") -> Figure:
    """Show loss and metrics after each epoch, on the training and on the validation data.

    Where the validation loss has long had its minimum while the training loss still falls, the
    network learns its examples by heart: the epochs from there on are shaded as overfitting.

    Parameters
    ----------
    history : History or dict
        What `model.fit` returned, or its `history` dictionary: names to lists with one number an
        epoch; the validation data's names begin with `val_`.
    validation_name : str
        What the validation data are, "test" for instance.

    Raises
    ------
    TypeError
        `history` is neither, or holds something else than lists of numbers.
    ValueError
        No epoch was trained.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> record = {"loss": [0.9, 0.5, 0.3, 0.1, 0.05], "val_loss": [0.9, 0.7, 0.6, 0.8, 1.0]}
    >>> plot.learning_curve(record, validation_name="test").savefig("learning_curve.png")
    """
    called = checked_text(validation_name, "`validation_name`")
    record = _record(history)
    names = [name for name in record if not name.startswith("val_") and len(record[name])]
    if not names:
        raise ValueError("`history` must hold at least one epoch. Received: an empty history")
    figure = shared.new_figure(max(4.6 * len(names), 6), 4.4)
    shared.title(figure, "Learning curve")
    start = _overfits_from(record)
    for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _learning_lines(ax, record, name, called, start)
        shared.plain_axes(ax, "epoch", f"{name} (%)" if _is_share(name) else name)
    notes = []
    if any(_trails(record, name) for name in names):
        notes.append(
            f"train: the average during an epoch, while the network still learns; "
            f"{called}: at the epoch's end"
        )
    if start:
        notes.append(f"the {called} loss is lowest after epoch {start}")
    if notes:
        shared.caption(figure, "\n".join(notes))
    return figure


def _record(history: Any) -> Mapping[str, NDArray[np.float64]]:
    """Return the numbers of each name."""
    record = getattr(history, "history", history)
    if not isinstance(record, Mapping):
        raise TypeError(
            "`history` must be what fit returned, or a dictionary. "
            f"Received: {type(history).__name__}"
        )
    numbers = {name: as_real(values, f"`history[{name!r}]`") for name, values in record.items()}
    for name, values in numbers.items():
        if values.ndim != 1:
            raise ValueError(
                f"`history[{name!r}]` must hold one number an epoch. "
                f"Received: an array of shape {values.shape}"
            )
    return {str(name): values.astype(np.float64) for name, values in numbers.items()}


def _overfits_from(record: Mapping[str, NDArray[np.float64]]) -> int:
    """Return the epoch of the lowest validation loss if overfitting followed, else 0.

    A loss that wavers is no sign of it: at the end, that on the validation data must have grown by
    a twentieth, and that on the training data must have fallen.
    """
    train, test = record.get("loss", np.zeros(0)), record.get("val_loss", np.zeros(0))
    if len(test) < 3 or len(train) != len(test) or not np.isfinite([train, test]).all():
        return 0
    best = int(test.argmin())
    return best + 1 if test[-1] > 1.05 * test[best] and train[-1] < train[best] else 0


def _is_share(name: str) -> bool:
    """Whether a metric is a share, to be shown in percent."""
    return "accuracy" in name or name == "acc"


def _trails(record: Mapping[str, NDArray[np.float64]], name: str) -> bool:
    """Whether an accuracy is lower on the training data than on the others: that needs a word."""
    pairs = zip(record[name], record.get(f"val_{name}", ()), strict=False)
    return _is_share(name) and any(train < test for train, test in pairs)


def _learning_lines(
    axes: Any,
    record: Mapping[str, NDArray[np.float64]],
    name: str,
    validation_name: str,
    overfits_from: int,
) -> None:
    """Draw one metric's two curves; a single epoch is two points, each with its name and value."""
    from matplotlib.ticker import MaxNLocator

    factor = 100 if _is_share(name) else 1
    for key, label, color, marker, dash in (
        (name, "train", shared.BLUE, "o", "-"),
        (f"val_{name}", validation_name, shared.ORANGE, "s", "--"),
    ):
        values = factor * record.get(key, np.zeros(0))
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
        if overfits_from:
            style = {"color": shared.FAINT, "alpha": 0.3, "linewidth": 0, "label": "overfitting"}
            axes.axvspan(overfits_from, len(record[name]), **style)
            axes.set_xlim(1 - 0.03 * len(record[name]), None)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=shared.TICK_SIZE, frameon=False)


def regression(
    x: ArrayLike,
    y: ArrayLike,
    curve_x: ArrayLike,
    predicted: ArrayLike,
    *,
    truth: ArrayLike | None = None,
) -> Figure:
    """Show measurements and the curve that a network with one input drew through them.

    Parameters
    ----------
    x, y : array (n,) or (n, 1)
        Inputs of the measurements, and what was measured.
    curve_x : array (m,) or (m, 1)
        Inputs, in increasing order, where the network was asked.
    predicted : array (m,) or (m, 1)
        What it answered.
    truth : array (m,) or (m, 1), optional
        The noiseless values, where they are known.

    Raises
    ------
    TypeError
        Something else than real numbers.
    ValueError
        `x` and `y`, or `curve_x` and the curves, differ in length, or some numbers are not finite.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from digitnet import plot
    >>> x = np.linspace(-3, 3, 100)
    >>> y = np.sin(x) + np.random.default_rng(0).normal(0, 0.1, 100)
    >>> plot.regression(x, y, x, np.sin(x)).savefig("regression.png")
    """
    flat_x, flat_y = checks.finite(x, "x").ravel(), checks.finite(y, "y").ravel()
    axis = checks.finite(curve_x, "curve_x").ravel()
    curve = checks.finite(predicted, "predicted").ravel()
    reference = None if truth is None else checks.finite(truth, "truth").ravel()
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
