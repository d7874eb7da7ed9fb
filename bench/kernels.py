"""Micro-benchmarks of the CPU kernels: GFLOP/s and GB/s of each instruction set on one thread.

Builds bench/kernel_bench.cpp with the core (CMake option DIGITNET_BENCH) and runs it. Every kernel
is compared with the generic one before it is timed. Needs CMake and pybind11, as the build does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Build, run on one processor, and exit with the program's status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    args = parser.parse_args()
    program = build(args.build)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    sys.exit(subprocess.run([program]).returncode)


def build(folder: Path) -> Path:
    """Build the program in ``folder``, and return it; exit with a sentence where that fails."""
    beside = Path(sys.executable).with_name("cmake")  # pip puts it there
    cmake = str(beside) if beside.exists() else shutil.which("cmake")
    if cmake is None:
        sys.exit("kernels.py needs CMake: pip install cmake pybind11")
    find = [sys.executable, "-m", "pybind11", "--cmakedir"]
    found = subprocess.run(find, capture_output=True, text=True)
    if found.returncode:
        sys.exit("kernels.py needs pybind11 beside this Python: pip install pybind11")
    settings = ["-DDIGITNET_BENCH=ON", "-DCMAKE_BUILD_TYPE=Release"]
    settings += [f"-Dpybind11_DIR={found.stdout.strip()}", f"-DPython_EXECUTABLE={sys.executable}"]
    for command in (
        [cmake, "-S", str(ROOT), "-B", str(folder), *settings],
        [cmake, "--build", str(folder), "--target", "kernel_bench", "--config", "Release"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the build failed:\n{done.stdout}{done.stderr}")
    return next(p for p in folder.rglob("kernel_bench*") if p.is_file() and os.access(p, os.X_OK))


if __name__ == "__main__":
    main()
