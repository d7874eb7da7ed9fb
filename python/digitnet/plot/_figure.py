"""What all the pictures share: the figure, its texts and its colours."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# From Okabe and Ito's palette, made to be told apart with every common kind of colour vision
# (https://jfly.uni-koeln.de/color/).
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
INK = "#222222"
FAINT = "#BBBBBB"
# The palette's colours for classes in one picture; markers differ as well, for those who see none.
CLASS_COLORS = (ORANGE, BLUE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F", "#555555")
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")

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


@functools.cache
def _figure_class() -> type[Figure]:
    """A Figure that a notebook shows as it is; matplotlib's own needs pyplot for that."""
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
            """Give IPython the picture and its size on the page, 96 pixels an inch."""
            picture = io.BytesIO()
            self.savefig(picture, format="png")
            width, height = (round(96 * float(inches)) for inches in self.get_size_inches())
            return picture.getvalue(), {"width": width, "height": height}

    return NotebookFigure


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, `width` by `height` inches, that moves its axes so that no text is cut."""
    require_matplotlib()
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    return _figure_class()(figsize=(width, height), dpi=DPI, facecolor="white", layout=layout)


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


def grey_options(images: NDArray[Any]) -> dict[str, Any]:
    """Colours for `imshow`, the same for all of `images`: dark ink on white paper."""
    top = 255 if images.dtype == np.uint8 else max(float(images.max(initial=0)), 1e-12)
    return {"cmap": "gray_r", "vmin": min(0.0, float(images.min(initial=0))), "vmax": top}


def short(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, its end replaced by dots if need be."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
