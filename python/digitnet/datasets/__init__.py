"""Data sets: `mnist`, `fashion_mnist`, the bundled `mnist_sample`, and IDX files of your own.

Each data set is a module with a ``load_data`` function. All names are imported on first use, so
that ``import digitnet`` does not pay for gzip, urllib and others that a session may never need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import fashion_mnist, mnist, mnist_sample
    from .idx import read_idx, write_idx

__all__ = ["fashion_mnist", "mnist", "mnist_sample", "read_idx", "write_idx"]


def __getattr__(name: str) -> Any:
    if name in ("read_idx", "write_idx"):
        value = getattr(import_module(".idx", __name__), name)
    elif name in __all__:
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # asked once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
