"""Compare digitnet with other libraries on this machine.

Every run is a process of its own; the libraries take turns (A B C A B C …), so that whatever else
happens on the machine happens to all. A run counts only if its network learned. Needs the real
MNIST in the folder that DIGITNET_DATA names, and an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `python bench/compare.py` finds the package that it belongs to

from bench import machine, report  # noqa: E402
from bench.probes import Probes  # noqa: E402
from bench.runners import LIBRARIES  # noqa: E402
from bench.workloads import WORKLOADS  # noqa: E402

# Of a GPU, the probes know no limits.
_NO_LIMITS = {"absent": "the probes measure processors, not GPUs"}


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    epilog = "libraries: " + ", ".join(LIBRARIES) + "\nworkloads:\n"
    epilog += "\n".join(f"  {w.name:16} {w.about}" for w in WORKLOADS.values())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, everyone = parser.add_argument, list(LIBRARIES)
    add("--rounds", type=int, default=7, help="runs of each library (default: %(default)s)")
    add("--workloads", nargs="+", choices=list(WORKLOADS), default=None, metavar="W",
        help="default: all")  # fmt: skip
    add("--libraries", nargs="+", choices=everyone, default=everyone, metavar="L")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")
    add("--threads", nargs="+", type=int, default=None,
        help="default: 1 and all processors; all with --device cuda")  # fmt: skip
    add(
        "--quick",
        action="store_true",
        help="one round; without --workloads neither wide nor small-batch",
    )
    add("--synthetic", action="store_true", help="tiny made-up data: tests this program only")
    add("--python", default=sys.executable, help="the interpreter that has the libraries")
    add("--timeout", type=float, default=1800, help="seconds that one run may take")
    add("--output", type=Path, help="JSON file; the chart's lies beside it "
        "(default: bench/results/compare-DATE-TIME.json)")  # fmt: skip
    args = parser.parse_args()
    if args.quick:
        args.rounds = 1
    long = ("wide", "small-batch") if args.quick else ()
    args.workloads = args.workloads or [w for w in WORKLOADS if w not in long]
    usable = machine.processors()
    all_counts = [1, usable] if args.device == "cpu" else [usable]
    args.threads = list(dict.fromkeys(args.threads or all_counts))
    if not all(1 <= t <= usable for t in args.threads) or args.rounds < 1:
        parser.error(f"--threads must be 1 to {usable} here, and --rounds at least 1")
    return args


def main() -> None:
    """Run everything, print the table, and write the results."""
    args = arguments()
    if not args.synthetic and not os.environ.get("DIGITNET_DATA"):
        sys.exit("DIGITNET_DATA must name the folder with MNIST's four .gz files.")
    with Probes() as probes, tempfile.TemporaryDirectory() as folder:
        result: dict[str, Any] = {"machine": machine.facts(probes.compiler), "rounds": args.rounds}
        weights = Path(folder, "weights.npz")
        teacher = _teach(args, weights)
        if teacher["status"] not in ("ok", "not needed"):
            print(f"no shared weights for predictions: {teacher['why']}", file=sys.stderr)
        limits, runs = [], []
        for run in _turns(args, probes, weights if teacher["status"] == "ok" else None):
            (limits if "library" not in run else runs).append(run)
    result |= {"limits": limits, "summary": report.summarize(runs, limits), "runs": runs}
    if args.device == "cuda":
        result["gpus"] = sorted({run["gpu"] for run in runs if "gpu" in run})
    print(report.table(result["summary"]))
    _print_limits(limits)
    _write(result, args.output)


def _turns(args: argparse.Namespace, probes: Probes, weights: Path | None) -> Iterator[Any]:
    """Yield every run's result, and the machine's limits once each round; say how far it is."""
    begin, absent = time.monotonic(), {}
    for number in range(args.rounds):
        for threads in args.threads:
            yield probes.measure(threads) if args.device == "cpu" else _NO_LIMITS
            for workload in args.workloads:
                # Imports and sizes do not depend on threads, nor on the device.
                again = threads != args.threads[0] or args.device == "cuda"
                if WORKLOADS[workload].kind == "import" and again:
                    continue
                for library in args.libraries:
                    # What is not installed in the first round is not asked for again.
                    run = absent.get(library) or run_once(args, library, workload, threads, weights)
                    if run["status"] == "not applicable":
                        continue
                    if run["status"] == "absent":
                        absent[library] = run
                    keys = {"workload": workload, "library": library}
                    yield {**run, **keys, "threads": threads, "round": number}
                _progress(number, args.rounds, workload, threads, time.monotonic() - begin)


def run_once(
    args: argparse.Namespace,
    library: str,
    workload: str,
    threads: int,
    weights: Path | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what one run in a process of its own printed, or why it printed nothing."""
    command = [args.python, "-m", f"bench.runners.{library}", workload, "--json"]
    command += ["--threads", str(threads), "--device", args.device]
    command += ["--synthetic"] if args.synthetic else []
    if weights is not None and WORKLOADS[workload].kind == "predict":
        command += ["--weights", str(weights)]
    for key, value in (settings or {}).items():
        command += ["--set", f"{key}={json.dumps(value)}"]
    return _run(command, args.timeout)


def _run(command: list[str], timeout: float) -> dict[str, Any]:
    # The runners are found from the repository's root, digitnet where the user has it.
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths))}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=environment, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return {"status": "failed", "why": f"it took more than {timeout:.0f} s"}
    lines = done.stdout.strip().splitlines()
    try:
        result: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return {"status": "failed", "why": machine.without_paths(last)}
    return result


def _teach(args: argparse.Namespace, weights: Path) -> dict[str, Any]:
    """Let digitnet train the weights with which all libraries predict."""
    if not any(WORKLOADS[w].kind == "predict" for w in args.workloads):
        return {"status": "not needed"}
    command = [args.python, "-m", "bench.runners.digitnet", "article", "--json"]
    command += ["--save-weights", str(weights), *(["--synthetic"] if args.synthetic else [])]
    return _run(command, args.timeout)


def _progress(number: int, rounds: int, workload: str, threads: int, seconds: float) -> None:
    message = f"round {number + 1} of {rounds}: {workload}, threads {threads}, {seconds:.0f} s"
    print(message, file=sys.stderr, flush=True)


def _print_limits(limits: list[dict[str, Any]]) -> None:
    print("\nlimits of this machine, measured between the runs")
    for limit in limits:
        print("  " + json.dumps(limit))


def _write(result: dict[str, Any], output: Path | None) -> None:
    moment = result["machine"]["date"][:19].replace(":", "").replace("T", "-")
    path = output or ROOT / "bench" / "results" / f"compare-{moment}.json"
    report.save(path, result)
    print(f"\nresults: {path}")
    picture = path.with_suffix(".png")
    print(report.chart(result["summary"], picture) or f"chart: {picture}")


if __name__ == "__main__":
    main()
