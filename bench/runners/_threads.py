"""Limit a process to a number of threads, before any numerical library is loaded."""

from __future__ import annotations

import os
import sys

_MARK = "DIGITNET_BENCH_THREADS"


def environment(threads: int, device: str = "cpu") -> dict[str, str]:
    """Return the variables that the libraries read when they are loaded."""
    count = str(threads)
    counts = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "NPROC",  # XLA's pool
    )
    # No library may take a GPU in a benchmark of processors, nor the other way round.
    on_cpu = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    cards = os.environ.get("CUDA_VISIBLE_DEVICES") or "0"
    on_gpu = {"CUDA_VISIBLE_DEVICES": cards, "JAX_PLATFORMS": "cuda"}
    return {
        **dict.fromkeys(counts, count),
        **(on_gpu if device == "cuda" else on_cpu),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        _MARK: f"{count} {device}",
    }


def limit(threads: int, device: str = "cpu", **more: str) -> None:
    """Start this process again under the limit, unless it already runs under it.

    Libraries read their variables at the moment they are loaded, and a package's import may have
    loaded one: a fresh start is the one moment that is early enough for all. The set of processors
    is the limit that no library can overlook; it survives the new start.
    """
    wanted = {**environment(threads, device), **more}
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        if threads > len(usable):
            raise ValueError(f"--threads must be at most {len(usable)} here, got {threads}")
        os.sched_setaffinity(0, usable[:threads])
    if os.environ.get(_MARK) == wanted[_MARK] and more.items() <= os.environ.items():
        return
    os.environ.update(wanted)
    os.execv(sys.executable, sys.orig_argv)
