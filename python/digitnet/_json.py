"""JSON out of files, read without believing what it claims, and what errors say about it."""

from __future__ import annotations

from typing import Any

_DEPTH = 32  # a model file has 8; Python's repr and copy of a thousand end in a RecursionError
_LONGEST = 600  # characters of an error about a file


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


def sentence(reason: object) -> str:
    """Return what is wrong with a file on one line, cut in the middle where it is long.

    Names and values in the file stand in it: a file may hold a million of them, and line breaks.
    """
    text = str(reason)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> ValueError:
    return ValueError(f"values must lie at most {_DEPTH} deep in each other")


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")
