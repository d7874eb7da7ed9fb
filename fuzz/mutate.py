"""Damage to bytes and to JSON, the same for the same generator."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

SIZES = (1, 2, 4, 8)  # bytes of the integers that files hold
NUMBERS = [0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 4096, 65535, 65536, 2**24, 2**30, 2**31 - 1,
           2**31, 2**32 - 1, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1]  # fmt: skip

_DEEP = "@deep"  # stands for lists within lists: too deep for Python's own functions
_VALUES: list[Any] = [
    None, True, False, 0, 1, 2, -1, 0.5, -0.5, -0.0, 1e-300, 1e38, 1e39, 1e308, float("nan"),
    float("inf"), 2**31, 2**53, 2**63, 2**64, 10**40, -(2**63), "", "a", "a\nb", "\ud800", "\x00",
    "x" * 3000, "linear", "softmax", [], {}, [[]], [1], [-1, 0], [2**30, 2**30], {"a": 1},
    {"class_name": "Dense", "config": {"units": 1}}, _DEEP, [_DEEP], {"a": _DEEP},
]  # fmt: skip
_KEYS = ["", "a", "a\nb", "self", "cls", "name", "config", "__class__", "x" * 3000]


def damaged(data: bytes, rng: Random) -> bytes:
    """Return the bytes with one to four wrong places."""
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        rng.choice(_BYTE_DAMAGES)(broken, rng)
    return bytes(broken)


def damaged_json(value: Any, rng: Random) -> str:
    """Return the text of a JSON value in which one to three parts are others."""
    result = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        result = _with_other_part(result, rng)
    text = json.dumps(result)
    if rng.random() < 0.05:
        text = damaged(text.encode(), rng).decode("latin-1")
    depth = rng.choice((3, 50, 300, 900, 950, 980, 990, 2000))
    return text.replace(f'"{_DEEP}"', "[" * depth + "]" * depth)


def number_near(value: int, rng: Random) -> int:
    """Return another number: a near one, or one at which programs stumble."""
    near = (value - 1, value + 1, value * 2, value // 2, value ^ (1 << rng.randrange(64)))
    return max(0, rng.choice([*near, *rng.sample(NUMBERS, 3)]))


def with_other_number(text: str, rng: Random) -> str:
    """Return a text in which one of the whole numbers is another."""
    found = list(re.finditer(r"\d+", text))
    if not found:
        return text
    at = rng.choice(found)
    return f"{text[: at.start()]}{number_near(int(at[0][:18]), rng)}{text[at.end() :]}"


def _with_other_part(value: Any, rng: Random) -> Any:
    places = list(_places(value))
    if not places:
        return copy.deepcopy(rng.choice(_VALUES))
    parent, key = rng.choice(places)
    action = rng.randrange(8)
    if action == 0:
        del parent[key]
    elif action == 1 and isinstance(parent, dict):
        parent[rng.choice(_KEYS)] = parent.pop(key)
    elif action == 2 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif action == 3:  # a part of the same value, in another place
        other, name = rng.choice(places)
        parent[key] = copy.deepcopy(other.get(name) if isinstance(other, dict) else other[name])
    elif action == 4 and type(parent[key]) is int:
        parent[key] = number_near(parent[key], rng)
    elif action == 5 and isinstance(parent, dict):
        parent[rng.choice(_KEYS)] = copy.deepcopy(rng.choice(_VALUES))
    else:
        parent[key] = copy.deepcopy(rng.choice(_VALUES))
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return (parent, key or index) of every part of a JSON value."""
    found, open_ = [], [value]
    while open_:
        parent = open_.pop()
        if isinstance(parent, dict):
            here = list(parent)
        elif isinstance(parent, list):
            here = list(range(len(parent)))
        else:
            continue
        found += [(parent, key) for key in here]
        open_ += [parent[key] for key in here]
    return found


# --- damages to bytes, in place


def _flip(data: bytearray, rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _number(data: bytearray, rng: Random) -> None:
    size, order = rng.choice(SIZES), rng.choice(("little", "big"))
    if len(data) < size:
        return
    at = rng.randrange(len(data) - size + 1)
    value = number_near(int.from_bytes(data[at : at + size], order), rng)
    if rng.random() < 0.2:
        value = rng.choice((len(data), len(data) - at, at))
    data[at : at + size] = (value % 256**size).to_bytes(size, order)


def _cut(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice((1, 2, 4, 8, 64, len(data)))]


def _again(data: bytearray, rng: Random) -> None:
    start, at = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    data[at:at] = data[start : start + rng.choice((1, 4, 16, 256))]


def _other(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data) + 1)
    size = rng.choice((1, 2, 4, 16))
    data[at : at + rng.choice((0, size))] = rng.randbytes(size)


_BYTE_DAMAGES: list[Callable[[bytearray, Random], None]] = [
    _flip, _flip, _number, _number, _number, _cut, _again, _other,
]  # fmt: skip
