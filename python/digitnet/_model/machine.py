"""Where and how exactly a model computes."""

from __future__ import annotations

from typing import NamedTuple

from digitnet import _core
from digitnet._checks import text
from digitnet._errors import shown
from digitnet._identifiers import unknown

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "tf32", "bfloat16")


class Machine(NamedTuple):
    """A device and, for the products of a GPU, a precision."""

    device: str
    precision: str


CPU = Machine("cpu", "float32")


def machine(device: object, precision: object) -> Machine:
    """Return the two, checked.

    Raises
    ------
    TypeError, ValueError
        One of them is not among `DEVICES` or `PRECISIONS`, or they do not go together.
    RuntimeError
        The device cannot be used here.
    """
    chosen = Machine(text(device, "device"), text(precision, "precision"))
    if chosen.device not in DEVICES:
        if chosen.device.lower() in ("gpu", "cuda:0"):
            raise ValueError(f"device of a GPU is called 'cuda'. Received: {shown(device)}")
        raise unknown("device", device, [repr(known) for known in DEVICES])
    if chosen.precision not in PRECISIONS:
        raise unknown("precision", precision, [repr(known) for known in PRECISIONS])
    if chosen.device == "cpu" and chosen.precision != "float32":
        raise ValueError(
            "precision must be 'float32' on device 'cpu'; the others need a GPU. "
            f"Received: {shown(precision)}"
        )
    if chosen.device == "cuda" and (reason := _core.why_no_cuda()):
        raise RuntimeError(reason)
    return chosen
