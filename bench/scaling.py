"""Does the cost grow as the work does? An epoch's time over samples and over widths.

Samples: the article's network on MNIST once, twice and four times. Widths:
784-W-10 for W from 128 to 4096. Where the time per unit of work jumps, there is a cliff to explain.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402
from bench.runners import _threads  # noqa: E402

_WIDTHS = (128, 256, 384, 500, 512, 768, 1000, 1024, 1536, 2048, 3000, 4096)
_TIMES = (1, 2, 4)


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each (default: 5)")
    parser.add_argument("--dense", action="store_true", help="samples without zeros")
    parser.add_argument("--synthetic", action="store_true", help="tiny data: tests this program")
    parser.add_argument("--output", type=Path, help="default: bench/results/scaling[-dense].json")
    return parser.parse_args()


def main() -> None:
    """Measure both curves, print them, and write JSON and a chart."""
    args = arguments()
    _threads.limit(args.threads)
    workload = workloads.WORKLOADS["dense-input" if args.dense else "article"]
    if args.synthetic:
        workload = workloads.shrunk(workload)
    data = workloads.load(workload, args.synthetic)
    widths = (8, 16) if args.synthetic else _WIDTHS
    cases = [("samples", times, times, workload.sizes[1]) for times in _TIMES]
    cases += [("width", width, 1, width) for width in widths]
    facts = machine.facts()  # before the load that the measurement makes
    points = _measure(cases, workload, data, args)
    for point in points:
        print(
            f"{point['curve']:8}{point['at']:6}  {report.seconds(point['median']):>9} an epoch  "
            f"{point['ns_per_sample_and_unit']:8.3f} ns per sample and unit"
        )
    name = "scaling-dense" if args.dense else "scaling"
    path = args.output or ROOT / "bench" / "results" / f"{name}.json"
    result = {"machine": facts, "threads": args.threads, "points": points}
    report.save(path, result)
    print(_chart(points, path.with_suffix(".png")) or f"results: {path}")


def _measure(
    cases: list[tuple[str, int, int, int]], workload: Any, data: Any, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Time every case once a round, so that a disturbance does not hit one case alone."""
    import numpy as np

    # What both curves have in common is measured once.
    kinds = list(dict.fromkeys((times, width) for _, _, times, width in cases))
    seconds: dict[tuple[int, int], list[float]] = {kind: [] for kind in kinds}
    models = {(times, width): _model(width, workload, args.threads) for times, width in kinds}
    for number in range(args.rounds + 1):
        for kind, model in models.items():
            x = np.concatenate([data.x_train] * kind[0])
            y = np.concatenate([data.y_train] * kind[0])
            start = time.perf_counter()
            model.fit(x, y, batch_size=workload.batch_size, epochs=1, verbose=0)
            if number > 0:  # the first warms up
                seconds[kind].append(time.perf_counter() - start)
    points = []
    for curve, at, times, width in cases:
        all_times = seconds[times, width]
        median, work = statistics.median(all_times), len(data.x_train) * times * width
        numbers = {"seconds": all_times, "ns_per_sample_and_unit": 1e9 * median / work}
        points.append({"curve": curve, "at": at, "median": median, **numbers})
    return points


def _model(width: int, workload: Any, threads: int) -> Any:
    import digitnet
    from digitnet import layers, models, optimizers

    digitnet.config.set_num_threads(threads)
    model = models.Sequential([layers.Input((workloads.PIXELS,))], device="cpu")
    if not workload.dense:
        model.add(layers.Rescaling(1 / 255))
    model.add(layers.Dense(width, activation="relu"))
    model.add(layers.Dense(workloads.CLASSES, activation="softmax"))
    model.compile(optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    return model


def _chart(points: list[dict[str, Any]], path: Path) -> str:
    """Draw both curves with the straight line through their first point; return why not, if not."""
    try:
        import matplotlib
    except ImportError:
        return "no chart: matplotlib is not installed"
    matplotlib.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    in_seconds = FuncFormatter(lambda value, place: report.seconds(value))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    labels = {"samples": "samples, times MNIST's", "width": "width of the hidden layer"}
    for axis, (curve, label) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        chosen = [p for p in points if p["curve"] == curve]
        at, median = [p["at"] for p in chosen], [p["median"] for p in chosen]
        axis.plot(at, median, "o-", label="measured")
        line = [median[0] * a / at[0] for a in at]
        axis.plot(at, line, "--", color="0.6", label="in proportion to the first")
        axis.set(xlabel=label, ylabel="seconds an epoch", xscale="log", yscale="log")
        ticks = [a for a in at if a & (a - 1) == 0]  # powers of two, so that none overlap
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(in_seconds)
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)
    return ""


if __name__ == "__main__":
    main()
