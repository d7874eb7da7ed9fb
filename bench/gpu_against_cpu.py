"""How much faster is the GPU, and where is it slower? Epochs over batch sizes and widths.

784-500-10 in batches of 32 to 4096, and 784-W-10 in batches of 500 for W from 128 to 4096: with all
threads of the processor, and on the GPU in each precision. An epoch lasts until its loss is known
on the host; the first of a `fit`, which brings the data to the GPU, is not counted. All start from
the same weights, and must end with the same loss, or nearly.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402

_BATCHES = (32, 64, 128, 256, 500, 1024, 2048, 4096)
_WIDTHS = (128, 256, 500, 1000, 2000, 4096)
_PRECISIONS = ("float32", "tf32", "bfloat16")
_ENGINES = (("cpu", "cpu", "float32"), *((name, "cuda", name) for name in _PRECISIONS))
_LOSS_TOLERANCE = 0.05  # of the training loss; bfloat16 rounds to two digits
_CLAIMED = 25  # times faster than a processor, as the article says of GPUs


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each (default: 5)")
    parser.add_argument("--synthetic", action="store_true", help="tiny data: tests this program")
    parser.add_argument("--output", type=Path, help="default: bench/results/gpu-against-cpu.json")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and write JSON and a chart."""
    args = arguments()
    gpu = _gpu()
    workload = workloads.WORKLOADS["article"]
    if args.synthetic:
        workload = workloads.shrunk(workload)
    data = workloads.load(workload, args.synthetic)
    count = 100 if args.synthetic else workload.train_samples
    x, y = data.x_train[:count], data.y_train[:count]
    batches, widths = ((8, 16), (8, 16)) if args.synthetic else (_BATCHES, _WIDTHS)
    cases = [("batch size", batch, batch, workload.sizes[1]) for batch in batches]
    cases += [("width", width, workload.batch_size, width) for width in widths]
    facts = machine.facts()  # before the load that the measurement makes
    points = []
    for curve, at, batch, width in cases:
        point = {"curve": curve, "at": at, **_measure(batch, width, x, y, args.rounds)}
        point["median"] = {k: statistics.median(times) for k, times in point["seconds"].items()}
        points.append(point)
        print(_line(point), flush=True)
    path = args.output or ROOT / "bench" / "results" / "gpu-against-cpu.json"
    result = {"machine": facts, "gpu": gpu, **_versions(), "points": points}
    report.save(path, result)
    print(_chart(points, gpu, path.with_suffix(".png")) or f"results: {path}")


def _gpu() -> str:
    """Return the GPU's name; end the program with a sentence where there is none."""
    import digitnet

    (found,) = (device for device in digitnet.config.devices() if device.name == "cuda")
    if not found.usable:
        sys.exit(f"There is no GPU to measure: {found.description}.")
    return found.description


def _versions() -> dict[str, Any]:
    import digitnet

    return {"digitnet": digitnet.__version__, "threads": digitnet.config.num_threads()}


def _measure(batch: int, width: int, x: Any, y: Any, rounds: int) -> dict[str, Any]:
    """Return seconds of epochs, in turns, and last losses: processor, GPU in each precision."""
    from digitnet.utils import set_random_seed

    models, clocks = {}, {}
    for name, device, precision in _ENGINES:
        set_random_seed(0)  # the same start, and the same order of samples
        models[name], clocks[name] = _model(width, device, precision), []
    losses = {}
    for _ in range(rounds):
        for name, model in models.items():
            clock = _clock()
            done = model.fit(x, y, batch_size=batch, epochs=2, verbose=0, callbacks=[clock])
            clocks[name].append(clock.seconds[1])
            losses[name] = done.history["loss"][-1]
    for name, device, _ in _ENGINES:
        if models[name].engine_report()["device"] != device:
            sys.exit(f"{name} did not run on {device}: {models[name].engine_report()}")
        if not abs(losses[name] - losses["cpu"]) <= _LOSS_TOLERANCE * losses["cpu"]:
            sys.exit(f"{name} did not learn as the processor did: {losses}")
    return {"seconds": clocks, "losses": losses}


def _clock() -> Any:
    import digitnet
    from bench.runners import _keras_like

    return _keras_like.clock(digitnet.callbacks.Callback)


def _model(width: int, device: str, precision: str) -> Any:
    from digitnet import layers, models, optimizers

    model = models.Sequential(device=device, precision=precision)
    model.add(layers.Input((workloads.PIXELS,)))
    model.add(layers.Rescaling(1 / 255))
    model.add(layers.Dense(width, activation="relu"))
    model.add(layers.Dense(workloads.CLASSES, activation="softmax"))
    model.compile(optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    return model


def _line(point: dict[str, Any]) -> str:
    own = point["median"]["cpu"]
    shown = [f"cpu {report.seconds(own)}"]
    for name in _PRECISIONS:
        median = point["median"][name]
        shown.append(f"{name} {report.seconds(median)} ({own / median:.1f}x)")
    return f"{point['curve']:10} {point['at']:5}  " + ", ".join(shown)


def _chart(points: list[dict[str, Any]], gpu: str, path: Path) -> str:
    """Draw how many times faster the GPU is; return why there is no picture, if there is none."""
    try:
        import matplotlib
    except ImportError:
        return "no chart: matplotlib is not installed"
    matplotlib.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, curve in zip(axes, ("batch size", "width"), strict=True):
        chosen = [point for point in points if point["curve"] == curve]
        at = [point["at"] for point in chosen]
        for name in _PRECISIONS:
            times = [point["median"]["cpu"] / point["median"][name] for point in chosen]
            axis.plot(at, times, "o-", label=name)
        axis.axhline(1, color="0.3", lw=1)
        axis.axhline(_CLAIMED, color="0.6", ls="--", lw=1, label=f"{_CLAIMED} times")
        axis.set(xlabel=curve, xscale="log", yscale="log")
        axis.set_xticks(at, [str(a) for a in at], rotation=45)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("times as fast as the processor")
    axes[1].legend()
    card = gpu.partition(" (")[0]
    figure.suptitle(f"digitnet on {card}, epochs of MNIST", fontsize=11)
    figure.savefig(path, dpi=120)
    return ""


if __name__ == "__main__":
    main()
