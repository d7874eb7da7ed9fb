"""The machine: threads, instruction set and devices."""

from __future__ import annotations

from typing import NamedTuple

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
    """Return how many threads the CPU engine uses.

    That is what ``set_num_threads`` said last. Before: the environment variable
    ``DIGITNET_NUM_THREADS``, or else the number of processors that this process may run on, or
    ``OMP_NUM_THREADS`` if that is less (joblib's worker processes are told their share by it).
    """
    return _core.num_threads()


def cpu_isa() -> str:
    """Return the instruction set of the kernels in use: "generic", "avx2" or "avx512".

    The environment variable ``DIGITNET_CPU_ISA`` chooses one when digitnet is imported.
    """
    return _core.cpu_isa()


class Device(NamedTuple):
    """Something that a model can compute on, or why it cannot."""

    name: str  # as in ``Sequential(device=…)``
    usable: bool
    description: str  # what it is, or the sentence that says which step failed


def devices() -> list[Device]:
    """Return the CPU and the GPU as digitnet sees them on this machine."""
    threads = num_threads()
    cpu = f"{cpu_isa()}, {threads} thread{'s' if threads > 1 else ''}"
    why = _core.why_no_cuda()
    return [Device("cpu", True, cpu), Device("cuda", not why, why or _gpus())]


def _gpus() -> str:
    found = [
        f"{name} (compute capability {major}.{minor}, {processors} multiprocessors, "
        f"{memory / 2**30:.0f} GiB)"
        for name, (major, minor), processors, memory in _core.cuda_devices()
    ]
    return f"{', '.join(found)}; {_core.cuda_plugin()}"
