"""Try the settings of each library, and say which is the fastest on this machine.

The runners' SETTINGS are the winners of such a run; the rest is here, to be tried again where the
machine or the versions differ. The tries take turns, as in compare.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import compare, machine, report  # noqa: E402

_BOOLS = (False, True)
_STEPS = (1, 20, 60, 120)
TRIES: dict[str, list[dict[str, Any]]] = {
    "keras_tensorflow": [
        {"jit_compile": jit, "steps_per_execution": steps} for jit in _BOOLS for steps in _STEPS
    ],
    "keras_jax": [{"jit_compile": True, "steps_per_execution": steps} for steps in _STEPS],
    # steps_per_execution must be 1 there.
    "keras_torch": [{"jit_compile": jit} for jit in _BOOLS],
    "pytorch": [
        {"compile": compiled, "optimizer": optimizer, "gather": gather}
        for compiled in _BOOLS
        for optimizer in ("fused", "foreach")
        for gather in ("batch", "epoch")
    ],
    "pytorch_graphs": [{"optimizer": optimizer} for optimizer in ("fused", "foreach")],
    "jax_jit": [{"loop": "step"}, *({"loop": "scan", "unroll": n} for n in (1, 2, 4))],
}


def main() -> None:
    """Run the tries in turn, and print them, the fastest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", default="article")
    parser.add_argument("--libraries", nargs="+", choices=list(TRIES), default=list(TRIES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--python", default=sys.executable)
    args = parser.parse_args()
    if not os.environ.get("DIGITNET_DATA"):
        sys.exit("DIGITNET_DATA must name the folder with MNIST's four .gz files.")
    args.synthetic = False
    for library in args.libraries:
        times: dict[str, list[float]] = {}
        for _ in range(args.rounds):
            for settings in TRIES[library]:
                name = json.dumps(settings)
                result = compare.run_once(
                    args, library, args.workload, args.threads, settings=settings
                )
                # A setting that does not work here is the slowest.
                times.setdefault(name, []).append(result.get("median", float("inf")))
                if "median" not in result:
                    print(f"{library} {name}: {result['why']}", file=sys.stderr)
        print(f"{library}, {args.workload}, {args.threads} threads")
        for name, all_times in sorted(times.items(), key=lambda item: statistics.median(item[1])):
            median = statistics.median(all_times)
            print(f"  {report.seconds(median) if median < 1e9 else 'failed':>10}  {name}")


if __name__ == "__main__":
    main()
