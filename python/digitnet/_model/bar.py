"""The bar that tqdm draws, where it is installed and somebody sees it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm


def in_notebook() -> bool:
    """Return whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def is_seen(stream: TextIO | None) -> bool:
    """Return whether somebody sees a line of the stream change: on a terminal, in a notebook."""
    asked = getattr(stream, "isatty", None)
    return bool(asked is not None and asked()) or in_notebook()


def open_bar(total: int | None, stream: TextIO, elapsed: float) -> tqdm[Any] | None:
    """Return a bar of so many samples that vanishes when it is closed; None without tqdm.

    ``elapsed`` is how many seconds ago the work began.
    """
    try:
        kind = _kind_of_bar()
    except ImportError:  # the extra "progress" is not installed
        return None
    # no thread that watches over the bar: the core's clock does
    quiet = type("Bar", (kind,), {"monitor_interval": 0})
    settings = {"total": total, "file": stream, "leave": False, "unit": " samples"}
    width = {"ncols": 80, "nrows": 24} if _has_no_width(stream) else {"dynamic_ncols": True}
    bar: tqdm[Any] = quiet(**settings, **width, mininterval=0)
    bar.start_t -= elapsed
    return bar


def _has_no_width(stream: TextIO) -> bool:
    """Return whether the stream is a terminal that claims no columns, as in some containers."""
    try:
        return os.get_terminal_size(stream.fileno()).columns == 0
    except (AttributeError, OSError, ValueError):  # no terminal of the system's
        return False


def _kind_of_bar() -> Any:
    """Return tqdm's widget in a notebook that can show it, else its line of text."""
    from importlib.util import find_spec

    if in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as widget

        return widget
    from tqdm import tqdm

    return tqdm
