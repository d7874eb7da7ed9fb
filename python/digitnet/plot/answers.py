"""How well a network answers: the worst mistakes, and the answer for one image."""

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
