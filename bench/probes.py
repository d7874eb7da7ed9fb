"""The machine's limits, measured: FMA peak of each instruction set, and memory bandwidth.

A peak needs compiled code, so bench/probe.cpp is compiled here, into a temporary folder. Without
a compiler the limits are absent, and the tables say so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).with_name("probe.cpp")
# Instruction set: flags of the compiler, and the processor's flag that it needs.
_ISAS = {
    "generic": ([], "sse2"),
    "avx2": (["-mavx2", "-mfma"], "avx2"),
    "avx512": (["-mavx512f"], "avx512f"),
}


def processor_flags() -> list[str]:
    """Return the processor's features as Linux names them; none where that cannot be read."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    lines = [line for line in text.splitlines() if line.startswith("flags")]
    return lines[0].partition(":")[2].split() if lines else []


class Probes:
    """The compiled probes; use it in a `with` statement, which removes them again."""

    def __init__(self) -> None:
        self.why_absent = ""
        self.compiler = ""
        self._programs: dict[str, str] = {}

    def __enter__(self) -> Probes:
        self._folder = tempfile.TemporaryDirectory()
        wanted = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
        compiler = next(filter(None, map(shutil.which, wanted)), None)
        if platform.machine() not in ("x86_64", "AMD64"):
            self.why_absent = f"the probe is written for x86-64, not for {platform.machine()}"
        elif not compiler:
            self.why_absent = (
                f"there is no C++ compiler to build the probe: no {Path(wanted[0]).name}"
            )
        else:
            self._build(compiler)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def _build(self, compiler: str) -> None:
        version = subprocess.run([compiler, "--version"], capture_output=True, text=True)
        self.compiler = version.stdout.partition("\n")[0]
        features = processor_flags()
        for isa, (flags, feature) in _ISAS.items():
            if feature not in features:
                continue
            program = str(Path(self._folder.name, isa))
            command = [compiler, "-std=c++17", "-O3", *flags, str(_SOURCE), "-o", program]
            done = subprocess.run([*command, "-pthread"], capture_output=True, text=True)
            if done.returncode:
                self.why_absent = f"{Path(compiler).name} could not build the probe for {isa}"
                return
            self._programs[isa] = program

    def measure(self, threads: int) -> dict[str, Any]:
        """Return {"fma_gflops": {isa: …}, "bandwidth_gb_per_s": …} with so many threads."""
        if not self._programs:
            return {"absent": self.why_absent or "the processor's features cannot be read"}
        peaks = {isa: _run(path, "fma", threads) for isa, path in self._programs.items()}
        widest = list(self._programs.values())[-1]
        return {
            "threads": threads,
            "fma_gflops": peaks,
            "bandwidth_gb_per_s": _run(widest, "bandwidth", threads),
        }


def _run(program: str, what: str, threads: int) -> float:
    """Run a probe on the first processors, those that the libraries' runs get too."""

    def limit() -> None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

    done = subprocess.run(
        [program, what, str(threads)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=limit if hasattr(os, "sched_setaffinity") else None,
    )
    return float(done.stdout)


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description="Measure this machine's limits, as JSON.")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    args = parser.parse_args()
    with Probes() as probes:
        for threads in dict.fromkeys(args.threads):
            print(json.dumps(probes.measure(threads), indent=1))


if __name__ == "__main__":
    main()
