"""How long it takes to change 60,000 digits, beside an epoch of the article's network on them.

Processor seconds of one thread (which neighbours on the machine hardly change), and seconds by the
clock on all threads; each the median of the rounds. DIGITNET_CPU_ISA chooses the kernels.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import machine, report, workloads  # noqa: E402

_KINDS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "shift": {"shift": 0.1},
    "affine": {"shift": 0.1, "rotation": 15, "scale": 0.15, "shear": 15},
    "noise": {"elastic": (34, 0.1)},  # drawn and not smoothed
    "elastic": {"elastic": (34, 4)},
    "everything": {"shift": 0.1, "rotation": 15, "scale": 0.15, "shear": 15, "elastic": (34, 4)},
}


def arguments() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=7, help="passes of each (default: 7)")
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--output", type=Path, help="default: bench/results/augmentation-ISA.json")
    return parser.parse_args()


def main() -> None:
    """Measure, print the times, and write JSON."""
    args = arguments()
    import numpy as np

    import digitnet
    from digitnet.augmentation import ElasticDistortion, ImageAugmentation
    from digitnet.datasets import mnist_sample

    facts, isa = machine.facts(), digitnet.config.cpu_isa()
    (digits, classes), _ = mnist_sample.load_data()
    images = np.resize(digits, (args.samples, 28, 28))
    times = {}
    for kind, settings in _KINDS.items():
        elastic = ElasticDistortion(*settings["elastic"]) if "elastic" in settings else None
        augment = ImageAugmentation(**{**settings, "elastic": elastic, "seed": 0})
        times[kind] = _timed(lambda augment=augment: augment(images), args)
    model, labels = _model(), np.resize(classes, args.samples)
    times["epoch"] = _timed(
        lambda: model.fit(images, labels, batch_size=500, epochs=1, verbose=0), args
    )
    for kind, seconds in times.items():
        print(
            f"{kind}: {seconds['one_thread_cpu']:.3f} s of one processor, "
            f"{seconds['all_threads']:.3f} s by the clock on {args.threads} threads"
        )
    path = args.output or ROOT / "bench" / "results" / f"augmentation-{isa}.json"
    result = {"machine": facts, "isa": isa, "threads": args.threads, "samples": args.samples}
    report.save(path, result | {"seconds": times})


def _timed(work: Callable[[], object], args: argparse.Namespace) -> dict[str, float]:
    """Return the median seconds of the work: of one thread's processor, and of all by the clock."""
    from digitnet import config

    seconds = {}
    for name, threads, clock in (
        ("one_thread_cpu", 1, time.process_time),
        ("all_threads", args.threads, time.perf_counter),
    ):
        config.set_num_threads(threads)
        taken = []
        for number in range(args.rounds + 1):
            start = clock()
            work()
            if number > 0:  # the first warms up
                taken.append(clock() - start)
        seconds[name] = statistics.median(taken)
    return seconds


def _model() -> Any:
    from digitnet import layers, models, optimizers

    model = models.Sequential([layers.Input((28, 28)), layers.Flatten()], device="cpu")
    model.add(layers.Rescaling(1 / 255))
    model.add(layers.Dense(500, activation="relu"))
    model.add(layers.Dense(workloads.CLASSES, activation="softmax"))
    model.compile(optimizers.SGD(0.01), loss="sparse_categorical_crossentropy")
    return model


if __name__ == "__main__":
    main()
