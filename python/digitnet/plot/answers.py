"""How well a network answers: confusion matrix, worst mistakes, the answer for one image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._checks import integer

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


def worst_mistakes(
    images: ArrayLike,
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    count: int = 12,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Show the mistakes that cost most: the right answer had the smallest probability.

    The cross-entropy of a sample is minus the logarithm of that probability, so these are the
    images with the largest loss among those that were classified wrongly.

    Parameters
    ----------
    images, labels, class_names
        As for `plot.samples`.
    probabilities : array (n, classes)
        What `model.predict(images)` gave.
    count : int
        How many to show at most.

    Raises
    ------
    TypeError, ValueError
        As `plot.predictions`.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.datasets import mnist_sample
    >>> import numpy as np
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> chances = np.full((4000, 10), 0.05)
    >>> chances[:, 3] = 0.55  # says 3, whatever it sees
    >>> plot.worst_mistakes(images, labels, chances).savefig("worst_mistakes.png")
    """
    pictures = checks.as_images(images)
    truth = checks.as_labels(labels, len(pictures))
    table = checks.as_probabilities(probabilities, truth)
    names = checks.as_names(class_names, table.shape[1])
    guesses = table.argmax(axis=1)
    wrong = np.flatnonzero(guesses != truth)
    limit = checks.at_most(count, len(pictures))
    worst = wrong[np.argsort(table[wrong, truth[wrong]], kind="stable")][:limit]
    if len(worst) == 0:
        figure = shared.new_figure(5, 1.6)
        shared.title(figure, f"No mistakes on {len(pictures):,} image{'s' * (len(pictures) > 1)}")
        return figure
    names = [shared.short(name, 12) for name in names]
    brief = max(map(len, names)) <= 2
    columns = min(6 if brief else 4, len(worst))
    rows = math.ceil(len(worst) / columns)
    figure = shared.new_figure(max((1.6 if brief else 2.2) * columns, 5), 2.1 * rows + 0.75)
    what = f"All {len(wrong):,} mistakes"
    if len(worst) < len(wrong):
        what = f"The {len(worst)} worst of {len(wrong):,} mistakes"
    elif len(wrong) == 1:
        what = "The only mistake"
    shared.title(figure, f"{what} on {len(pictures):,} image{'s' * (len(pictures) > 1)}")
    options = shared.grey_options(pictures[worst])
    for place, ax in enumerate(figure.subplots(rows, columns, squeeze=False).ravel()):
        if place >= len(worst):
            ax.set_axis_off()
            continue
        index = worst[place]
        shared.tile(ax, pictures[index], **options)
        said, shows = guesses[index], truth[index]
        text = "\n".join(
            f"{word} {names[value]} ({_percent(table[index, value])})"
            for word, value in (("said", said), ("is", shows))
        )
        ax.set_title(text, fontsize=shared.TICK_SIZE)
    shared.caption(figure, "in brackets: the probability that the network gave to each")
    return figure


def _percent(chance: float) -> str:
    """Return a probability in percent; a small one is not rounded to nothing."""
    return f"{100 * chance:.0f} %" if chance >= 0.01 else "< 1 %"


def prediction(
    image: ArrayLike,
    probabilities: ArrayLike,
    *,
    label: int | None = None,
    count: int = 10,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Show one image and, as bars, the probability that a network gives to each class.

    Parameters
    ----------
    image : array (rows, columns), (side²,), (1, rows, columns) or (1, side²)
        A grey image of any real dtype.
    probabilities : array (classes,) or (1, classes)
        What `model.predict` gave for it.
    label : int, optional
        The right class, where it is known.
    count : int
        Where there are more classes than that, only the most probable ones are shown.
    class_names : list of str, optional
        The name of each class, to be shown in place of its number.

    Raises
    ------
    TypeError, ValueError
        Arrays, names or a label that do not fit, probabilities outside 0 to 1, or a `count` below
        1.
    ImportError
        matplotlib is not installed.

    Examples
    --------
    >>> from digitnet import plot
    >>> from digitnet.datasets import mnist_sample
    >>> (images, labels), _ = mnist_sample.load_data()
    >>> chances = [0, 0, 0.02, 0.1, 0, 0, 0, 0.03, 0.8, 0.05]
    >>> plot.prediction(images[0], chances, label=labels[0]).savefig("prediction.png")
    """
    picture = checks.as_image(image)
    chances = checks.finite(probabilities, "probabilities")
    if chances.ndim == 2 and len(chances) == 1:
        chances = chances[0]
    if chances.ndim != 1 or len(chances) < 2:
        raise ValueError(
            "`probabilities` must be those of one image, (classes,) or (1, classes). "
            f"Received: an array of shape {np.shape(probabilities)}"
        )
    last = len(chances) - 1
    truth = None if label is None else integer(label, "`label`", minimum=0, maximum=last)
    checks.as_probabilities(chances[None], np.zeros(1, dtype=np.int64))
    names = checks.as_names(class_names, len(chances))
    shown = checks.at_most(count, len(chances))
    # All classes keep their order; a choice of them begins with the most probable.
    order = np.argsort(-chances, kind="stable")[:shown] if shown <= last else np.arange(shown)
    figure = shared.new_figure(7.4, max(0.3 * shown + 1.2, 3.2))
    ax, bars = figure.subplots(1, 2, width_ratios=(1, 1.35))
    shared.tile(ax, picture, **shared.grey_options(picture))
    ax.set_anchor("C")
    _draw_bars(bars, chances, order, truth, names)
    guess = int(chances.argmax())
    said = f"The network says: {shared.short(names[guess], 20)} ({_percent(chances[guess])})"
    if truth is not None:
        verdict = "right" if guess == truth else f"wrong: it is {shared.short(names[truth], 20)}"
        said += (", " if len(said + verdict) < 50 else "\n") + verdict
    shared.title(figure, said)
    return figure


def _draw_bars(
    axes: Any, chances: NDArray[Any], order: NDArray[Any], truth: int | None, names: Sequence[str]
) -> None:
    """Draw the bars from top to bottom; the answer stands out, and so does the right class."""
    guess = int(chances.argmax())
    answer = shared.BLUE if truth in (None, guess) else shared.ORANGE
    for place, index in enumerate(order):
        color = answer if index == guess else shared.GREEN if index == truth else shared.FAINT
        axes.barh(place, 100 * chances[index], color=color, height=0.72)
        text = _percent(chances[index]) + (" ← right" if index == truth != guess else "")
        bold = "bold" if index in (guess, truth) else "normal"
        style = {"va": "center", "fontsize": shared.TICK_SIZE, "fontweight": bold}
        axes.text(100 * chances[index] + 1.5, place, text, **style)
    labels = [shared.short(names[index], 16) for index in order]
    axes.set_yticks(range(len(order)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 128)  # room for the number beside a bar of 100 %
    axes.set_xticks([0, 25, 50, 75, 100])
    shared.plain_axes(axes, "probability (%)", "")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0, labelsize=shared.LABEL_SIZE)
