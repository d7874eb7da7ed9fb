"""What does skipping the zeros between the layers bring, and from which share of non-zeros on?

784-1200-1200-1200-10 on made-up samples without zeros. All hidden units fire (biases of 1000, small
kernels, and a learning rate of 1e-30 that leaves them so); dropout leaves a known share of them, at
random. DIGITNET_SKIP_HIDDEN_BELOW lets the engine skip zeros at any share, or never;
`skip_hidden_below` of each instruction set's kernel table is set after what this program finds. The
two ways run in turn, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402
from bench.runners import _threads  # noqa: E402

_SHARES = (1.0, 0.8, 0.7, 0.65, 0.6, 0.5, 0.3, 0.1)
_UNITS = 1200
_WAYS = {"skipping": "1", "not": "0"}  # DIGITNET_SKIP_HIDDEN_BELOW


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=7, help="processes of each (default: 7)")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--below", help="be the process that measures; print JSON")
    parser.add_argument("--output", type=Path, help="default: bench/results/hidden-zeros-ISA.json")
    return parser.parse_args()


def main() -> None:
    """Measure, print the times, and write JSON."""
    args = arguments()
    if args.below is not None:
        return print(json.dumps(_epochs(args)))
    facts = machine.facts()  # before the load that the measurement makes
    found: dict[str, list[dict[str, Any]]] = {below: [] for below in _WAYS.values()}
    for _ in range(args.rounds):
        for below, runs in found.items():
            runs.append(_process(args, below))
    points = []
    for i, share in enumerate(_SHARES):
        runs = {way: [run["seconds"][i] for run in found[below]] for way, below in _WAYS.items()}
        ways = {way: statistics.median(seconds) for way, seconds in runs.items()}
        points.append({"share": share, **ways, "runs": runs})
        ratio = ways["skipping"] / ways["not"]
        print(
            f"{share:.2f} are not zero: skipping {ways['skipping']:.3f} s, "
            f"not {ways['not']:.3f} s, {ratio:.2f} of the time"
        )
    isa = found["1"][0]["isa"]
    path = args.output or ROOT / "bench" / "results" / f"hidden-zeros-{isa}.json"
    result = {"machine": facts, "isa": isa, "threads": args.threads, "rounds": args.rounds}
    result |= {"samples": args.samples, "points": points}
    report.save(path, result)


def _process(args: argparse.Namespace, below: str) -> Any:
    command = [sys.executable, str(Path(__file__)), "--below", below]
    command += ["--threads", str(args.threads), "--samples", str(args.samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the process that measures failed:\n{done.stderr}")
    return json.loads(done.stdout)


def _epochs(args: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of an epoch at every share, after one that warms up."""
    _threads.limit(args.threads)
    os.environ["DIGITNET_SKIP_HIDDEN_BELOW"] = args.below  # before digitnet reads it
    import numpy as np

    import digitnet

    digitnet.config.set_num_threads(args.threads)
    rng = np.random.default_rng(0)
    x = 1 - rng.random((args.samples, workloads.PIXELS), dtype=np.float32)
    y = rng.integers(0, workloads.CLASSES, args.samples)
    seconds = []
    for share in _SHARES:
        model = _model(share)
        for _ in range(2):
            start = time.perf_counter()
            model.fit(x, y, batch_size=500, epochs=1, verbose=0)
            spent = time.perf_counter() - start
        seconds.append(spent)
    return {"isa": digitnet.config.cpu_isa(), "seconds": seconds}


def _model(share: float) -> Any:
    from digitnet import layers, models, optimizers

    model = models.Sequential([layers.Input((workloads.PIXELS,))], device="cpu")
    for _ in range(3):
        model.add(layers.Dense(_UNITS, activation="relu"))
        model.add(layers.Dropout(1 - share))
    model.add(layers.Dense(workloads.CLASSES, activation="softmax"))
    model.compile(optimizers.SGD(1e-30), loss="sparse_categorical_crossentropy")
    weights = model.get_weights()
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        kernel *= 1e-3
        bias[:] = 1000
    model.set_weights(weights)
    return model


if __name__ == "__main__":
    main()
