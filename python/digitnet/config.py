"""The machine: threads, instruction set and devices."""

from __future__ import annotations

from digitnet import _core
from digitnet._checks import integer

_MAX_THREADS = 1024  # the core's limit


def set_num_threads(count: int) -> None:
    """Let the CPU engine use ``count`` threads, 1 to 1024; results do not depend on the number.

    Raises
    ------
    TypeError, ValueError
        ``count`` is not an integer in [1, 1024].
    """
    _core.set_num_threads(integer(count, "count", maximum=_MAX_THREADS))


def num_threads() -> int:
    """Return how many threads the CPU engine uses (default: what this process may run on)."""
    return _core.num_threads()


def cpu_isa() -> str:
    """Return the instruction set of the kernels in use: "generic", "avx2" or "avx512".

    The environment variable ``DIGITNET_CPU_ISA`` chooses one when digitnet is imported.
    """
    return _core.cpu_isa()


def devices() -> list[str]:
    """Return what ``Sequential(device=…)`` can use on this machine, best last."""
    return ["cpu"] if _core.why_no_cuda() else ["cpu", "cuda"]
