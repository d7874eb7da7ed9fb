"""From which density of the samples on is skipping their zeros slower than computing with them?

The article's network on made-up samples with a share of non-zeros at random places, twice: as they
are, and with a `Rescaling` in front whose offset of 1e-30 leaves no zero to skip, and next to no
number changed. DIGITNET_SKIP_BELOW=1 lets the engine skip at any density; `skip_below` of each
instruction set's kernel table is set after what this program finds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402
from bench.runners import _threads  # noqa: E402

_DENSITIES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_SAMPLES = 20_000


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=7, help="epochs of each (default: 7)")
    parser.add_argument("--samples", type=int, default=_SAMPLES)
    parser.add_argument("--output", type=Path, help="default: bench/results/crossover-ISA.json")
    return parser.parse_args()


def main() -> None:
    """Measure, print the times and where they meet, and write JSON."""
    args = arguments()
    _threads.limit(args.threads)
    os.environ["DIGITNET_SKIP_BELOW"] = "1"  # before digitnet reads it
    import digitnet

    isa = digitnet.config.cpu_isa()
    digitnet.config.set_num_threads(args.threads)
    facts = machine.facts()  # before the load that the measurement makes
    points = _measure(args)
    for p in points:
        print(f"density {p['density']:.2f}: skipping {p['sparse']:.4f} s, not {p['dense']:.4f} s")
    meet = _crossing(points)
    print(f"{isa}, {args.threads} threads: they meet at a density of {meet:.2f}")
    path = args.output or ROOT / "bench" / "results" / f"crossover-{isa}.json"
    result = {"machine": facts, "isa": isa, "threads": args.threads}
    result |= {"points": points, "crossover": meet}
    report.save(path, result)


def _measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the median seconds of an epoch, both ways in turn, at every density."""
    import numpy as np

    points = []
    for density in _DENSITIES:
        rng = np.random.default_rng(0)
        kept = rng.random((args.samples, workloads.PIXELS), dtype=np.float32) < density
        x = kept * (1 - rng.random(kept.shape, dtype=np.float32))
        y = rng.integers(0, workloads.CLASSES, args.samples)
        models = {"sparse": _model(0.0), "dense": _model(1e-30)}
        times: dict[str, list[float]] = {way: [] for way in models}
        for number in range(args.rounds + 1):
            for way, model in models.items():
                start = time.perf_counter()
                model.fit(x, y, batch_size=500, epochs=1, verbose=0)
                if number > 0:  # the first warms up
                    times[way].append(time.perf_counter() - start)
                path = next(iter(model.engine_report()["layers"].values()))["path"]
                if path != way:
                    raise RuntimeError(f"at density {density} the {way} run took the {path} path")
        points.append(
            {"density": density, **{way: statistics.median(t) for way, t in times.items()}}
        )
    return points


def _model(offset: float) -> Any:
    from digitnet import layers, models, optimizers

    model = models.Sequential([layers.Input((workloads.PIXELS,))], device="cpu")
    model.add(layers.Rescaling(1.0, offset=offset))
    model.add(layers.Dense(500, activation="relu"))
    model.add(layers.Dense(workloads.CLASSES, activation="softmax"))
    model.compile(optimizers.SGD(0.01), loss="sparse_categorical_crossentropy")
    return model


def _crossing(points: list[dict[str, Any]]) -> float:
    """Return the density at which the ratio of the two ways first reaches 1, between two points."""
    ratios = [p["sparse"] / p["dense"] for p in points]
    for (a, b), (low, high) in zip(pairwise(points), pairwise(ratios), strict=True):
        if low < 1 <= high:
            share = (1 - low) / (high - low)
            return float(a["density"] + share * (b["density"] - a["density"]))
    return 1.0 if ratios[0] < 1 else 0.0


if __name__ == "__main__":
    main()
