"""Warnings that point at the user's line, from however deep in the package they come."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


def warn(message: str) -> None:
    """Issue a UserWarning for the nearest line outside the package that led here.

    `warnings.warn` can only count frames, and their number differs: a callback that warns is called
    by `fit`, or by a callback of the user's own that overrides one of its hooks. What Python 3.12
    has for it, ``skip_file_prefixes``, Python 3.10 has not.
    """
    level, frame = 1, sys._getframe()
    while _is_ours(frame.f_globals.get("__name__")) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == _PACKAGE
