"""What errors say of values: on one line, and no more of them than can be read."""

from __future__ import annotations

import reprlib

_LONGEST = 600  # characters of a reason


class _Shown(reprlib.Repr):
    """`repr` that cuts what is long or deep, and never raises."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 100

    def repr_int(self, x: int, level: int) -> str:
        """Return the digits; Python refuses to write down more than some thousands."""
        if x.bit_length() > 1000:
            return f"an integer of {x.bit_length()} bits"
        return super().repr_int(x, level)


_repr = _Shown().repr


def shown(value: object) -> str:
    """Return a value for an error: its ``repr`` on one line, cut in the middle where it is long."""
    return _one_line(" ".join(_repr(value).split()))


def sentence(reason: object) -> str:
    """Return what is wrong with a file on one line, cut in the middle where it is long.

    Names and values in the file stand in it: a file may hold a million of them, and line breaks.
    """
    text = str(reason)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return _one_line(text)


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
