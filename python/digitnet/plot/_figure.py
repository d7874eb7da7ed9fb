"""What all the pictures share: the figure, the colours, and the checks of what is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# From Okabe and Ito's palette, made to be told apart with every common kind of colour vision
# (https://jfly.uni-koeln.de/color/).
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
INK = "#222222"
FAINT = "#BBBBBB"

TITLE_SIZE = 13
LABEL_SIZE = 11
TICK_SIZE = 10
DPI = 150


def require_matplotlib() -> None:
    """Raise ImportError, and say what to install, unless matplotlib can be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        message = 'pictures need matplotlib: pip install matplotlib pillow (the extra "plot")'
        raise ImportError(message) from error


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, `width` by `height` inches, that moves its axes so that no text is cut."""
    require_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    return Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout=layout)


def title(figure: Any, text: str, color: str = INK) -> None:
    """Put the heading of a figure or sub-figure above it."""
    figure.suptitle(text, fontsize=TITLE_SIZE, fontweight="bold", color=color)


def caption(figure: Any, text: str) -> None:
    """Put a sentence that explains the picture below it."""
    figure.supxlabel(text, fontsize=TICK_SIZE, color=INK)


def plain_axes(axes: Any, xlabel: str, ylabel: str) -> None:
    """Name both axes and leave only the lines that help to read values."""
    axes.set_xlabel(xlabel, fontsize=LABEL_SIZE)
    axes.set_ylabel(ylabel, fontsize=LABEL_SIZE)
    axes.tick_params(labelsize=TICK_SIZE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def tile(axes: Any, image: NDArray[Any], **options: Any) -> None:
    """Draw one small image with a thin frame and no ticks; `options` go to `imshow`."""
    axes.set_anchor("N")  # room that is left over goes below, not between image and heading
    axes.imshow(image, interpolation="nearest", **options)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def as_images(images: ArrayLike) -> NDArray[Any]:
    """Check images and give them as (n, rows, columns); flat ones (n, side²) become square.

    Raises:
        ValueError: the shape is not that of one or more images.
    """
    array = np.asarray(images)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side == array.shape[1]:
            array = array.reshape(-1, side, side)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            "`images` must be a non-empty array (n, rows, columns) or (n, side * side). "
            f"Received: an array of shape {np.shape(images)}"
        )
    return array


def as_labels(labels: ArrayLike, count: int, name: str = "labels") -> NDArray[np.int64]:
    """Check labels, (n,) or (n, 1) numbers or (n, classes) one-hot rows, and give them as (n,).

    Raises:
        ValueError: there are not exactly `count` of them.
    """
    array = np.asarray(labels)
    if array.ndim == 2:
        array = array[:, 0] if array.shape[1] == 1 else array.argmax(axis=1)
    if array.shape != (count,):
        raise ValueError(
            f"`{name}` must hold one label for each of the {count} images. "
            f"Received: an array of shape {np.shape(labels)}"
        )
    return array.astype(np.int64)


def grey_options(images: NDArray[Any]) -> dict[str, Any]:
    """Colours for `imshow`, the same for all of `images`: dark ink on white paper."""
    top = 255 if images.dtype == np.uint8 else max(float(images.max()), 1e-12)
    return {"cmap": "gray_r", "vmin": min(0.0, float(images.min())), "vmax": top}
