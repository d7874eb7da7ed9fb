"""`digitnet bench`: how fast this machine runs the reference workload.

The workload is the article's: MNIST, 784-500-10, ReLU and softmax, gradient descent with learning
rate 0.5 on batches of 500. A run is timed around `fit` or `predict`, after one warm-up, and starts
from the same weights each time; what it learned is tested and reported with the times.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import data as data_module
from . import network, options

_HIDDEN, _CLASSES, _BATCH = 500, 10, 500


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "bench",
        help="measure this machine's speed",
        description="Time an epoch of the reference network (784-500-10, batches of 500) and its "
        "predictions on this machine.",
    )
    parser.add_argument(
        "--runs",
        type=options.positive_int,
        default=5,
        metavar="N",
        help="timed runs after the warm-up (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with every single time")
    options.add_data(parser)
    options.add_machine(parser, "seed of the weights and the order (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table or JSON."""
    options.apply_machine(args)
    data = data_module.load(args)
    model = network.build((_HIDDEN,), device=args.device)
    initial = model.get_weights()

    def epoch() -> None:
        model.fit(data.x_train, data.y_train, batch_size=_BATCH, epochs=1, verbose=0)

    # What the first epoch learned, so that it does not depend on --runs: each later one visits the
    # images in an order of its own.
    epoch()
    accuracy = float(model.evaluate(data.x_test, data.y_test, verbose=0)[1])
    epoch_times = _time(epoch, args.runs, before=lambda: model.set_weights(initial))
    test, one = data.x_test, data.x_test[:1]
    test_times = _time(lambda: model.predict(test, verbose=0), args.runs)
    # One image takes microseconds: the clock must see many of them.
    one_times = _time(lambda: _repeat(lambda: model.predict(one, verbose=0), 200), args.runs)
    count = len(data.x_train)
    result = {
        "data": data.name,
        "machine": _machine(model),
        "accuracy_after_one_epoch": accuracy,
        "epoch_seconds": epoch_times,
        "epoch_images_per_second": count / statistics.median(epoch_times),
        "epoch_dense_gflops": dense_gflop(count) / statistics.median(epoch_times),
        "predict_test_images": len(test),
        "predict_test_seconds": test_times,
        "predict_one_seconds": [t / 200 for t in one_times],
    }
    print(json.dumps(result, indent=1) if args.json else _table(result))
    return 0


def dense_gflop(images: int) -> float:
    """Arithmetic of an epoch computed densely, in 1e9 operations: the same for every way to do it.

    A multiplication with an addition is two operations. Every weight is met twice for each image
    (forward, and in its gradient); those of the second layer a third time (the first layer's
    delta). Biases, activations and updates are left out: they are less than 1 %.
    """
    first, second = 784 * _HIDDEN, _HIDDEN * _CLASSES
    return 2 * (2 * first + 3 * second) * images / 1e9


def _time(
    work: Callable[[], object], runs: int, before: Callable[[], object] = lambda: None
) -> list[float]:
    """Seconds of each of `runs` calls, after one call that is not counted."""
    times = []
    for _ in range(runs + 1):
        before()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times[1:]


def _repeat(work: Callable[[], object], count: int) -> None:
    for _ in range(count):
        work()


def _machine(model: Any) -> dict[str, Any]:
    import digitnet
    from digitnet.cli.doctor import processor_name

    return {
        "device": model.device,
        "processor": processor_name(),
        "instruction_set": digitnet.config.cpu_isa(),
        "threads": digitnet.config.num_threads(),
        "system": platform.platform(),
        "digitnet": digitnet.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _table(result: dict[str, Any]) -> str:
    machine = result["machine"]
    test_name = f"predict {result['predict_test_images']:,} images"
    rows = [
        ("epoch of training", result["epoch_seconds"], 1e3, "ms"),
        (test_name, result["predict_test_seconds"], 1e3, "ms"),
        ("predict one image", result["predict_one_seconds"], 1e6, "µs"),
    ]
    lines = [
        f"784-{_HIDDEN}-{_CLASSES}, batches of {_BATCH}, {result['data']}",
        f"{machine['processor']}, {options.count(machine['threads'], 'thread')}, "
        f"{machine['instruction_set']}, device {machine['device']}",
        "",
        f"{'':24}{'median':>12}{'fastest':>12}{'slowest':>12}",
    ]
    for name, times, factor, unit in rows:
        numbers = (statistics.median(times), min(times), max(times))
        lines.append(f"{name:24}" + "".join(f"{factor * t:9.1f} {unit}" for t in numbers))
    speed, gflops = result["epoch_images_per_second"], result["epoch_dense_gflops"]
    lines += [
        "",
        f"training: {speed:,.0f} images/s; {gflops:.0f} GFLOP/s (skipped zeros are counted)",
        f"accuracy after one epoch: {100 * result['accuracy_after_one_epoch']:.2f} %",
    ]
    return "\n".join(lines)
