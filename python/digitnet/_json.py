"""JSON out of files, read without believing what it claims."""

from __future__ import annotations

from typing import Any

_DEPTH = 32  # a model file has 8; Python's repr and copy of a thousand end in a RecursionError


def parsed(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        It is no JSON (which has neither NaN nor infinity), or lies deeper than any model does.
    """
    import json  # `import digitnet` should not pay for it

    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep() from None
    level = [value]
    for _ in range(_DEPTH):
        level = [part for parent in level for part in _parts(parent)]
        if not level:
            return value
    raise _too_deep()


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> ValueError:
    return ValueError(f"values must lie at most {_DEPTH} deep in each other")


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")
