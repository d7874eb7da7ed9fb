"""What every runner shares: arguments, thread limit, timing, test, and one line of JSON.

A runner module defines a `Runner` and calls `main(Runner)`:

    python -m bench.runners.NAME WORKLOAD --threads N [--set key=value] [--weights FILE] --json
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import statistics
import sys
import time
from typing import Any, ClassVar

from bench.runners import _threads

ABSENT = 3  # exit status where a library is not installed


class Runner:
    """One library's way to do the workloads. Libraries are imported in the methods, not before."""

    PACKAGES: ClassVar[dict[str, str]] = {}  # module that must exist: distribution of the version
    IMPORT = ""  # statement that a user's program begins with
    ENVIRONMENT: ClassVar[dict[str, str]] = {}
    KINDS = ("train", "predict", "import")
    DEVICES: ClassVar[tuple[str, ...]] = ("cpu",)
    PRODUCTS_ON_GPU = ""  # what float32 products are rounded to there
    # The fastest of what was tried; `--set key=value` tries another.
    SETTINGS: ClassVar[dict[str, Any]] = {}
    GPU_SETTINGS: ClassVar[dict[str, Any]] = {}  # where others are faster there

    def __init__(
        self, workload: Any, data: Any, threads: int, settings: dict[str, Any], device: str = "cpu"
    ):
        self.workload, self.data, self.threads, self.settings = workload, data, threads, settings
        self.device = device
        self.build()

    def build(self) -> None:
        """Make the model, and bring the data to where the library is fastest with them."""
        raise NotImplementedError

    def train(self, epochs: int) -> list[float]:
        """Train, shuffled, and return the seconds of each epoch, the first ones unwarmed."""
        times = []
        for _ in range(epochs):
            start = time.perf_counter()
            self.epoch()
            times.append(time.perf_counter() - start)
        return times

    def epoch(self) -> None:
        """Train for one epoch, and return when it is done."""
        raise NotImplementedError

    def set_weights(self, weights: list[Any]) -> None:
        """Take kernels (in, units) and biases (units,), layer by layer."""
        raise NotImplementedError

    def predict(self, x: Any) -> Any:
        """Return the probabilities (n, 10) of float32 (or digitnet's uint8) samples as an array."""
        raise NotImplementedError

    def samples(self, x: Any) -> Any:
        """Return samples in the form that `predict` takes; not timed."""
        from bench import workloads

        return workloads.scaled(x)

    @classmethod
    def gpu(cls) -> str:
        """Return the name of the GPU that the library sees, "" if it sees none."""
        return ""

    def notes(self) -> dict[str, Any]:
        """Return what else the result should say."""
        return {}


def main(runner: type[Runner]) -> None:
    """Run one workload as the command line says."""
    args = _arguments(runner)
    missing = [name for name in runner.PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        print(json.dumps({"status": "absent", "why": f"{missing[0]} is not installed"}))
        sys.exit(ABSENT)
    _threads.limit(args.threads, args.device, **runner.ENVIRONMENT)
    if args.device == "cuda" and "cuda" in runner.DEVICES and not runner.gpu():
        print(json.dumps({"status": "absent", "why": "as installed here it sees no GPU"}))
        sys.exit(ABSENT)
    result = _measure(runner, args)
    versions = {name: _version(name) for name in (*runner.PACKAGES.values(), "numpy")}
    result = {"status": "ok", "threads": args.threads, "versions": versions, **result}
    if args.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:16} {value}")


def _arguments(runner: type[Runner]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Run one workload: {runner.__module__}")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--synthetic", action="store_true", help="tiny data: tests the benchmark")
    parser.add_argument("--weights", help=".npz for the predictions, in Keras' order")
    parser.add_argument("--save-weights", help="where to write the weights after training")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def _settings(runner: type[Runner], changes: list[str], device: str) -> dict[str, Any]:
    settings = runner.SETTINGS | (runner.GPU_SETTINGS if device == "cuda" else {})
    for change in changes:
        key, _, value = change.partition("=")
        if key not in settings:
            raise ValueError(f"--set {key}: expected one of {list(settings)}")
        settings[key] = json.loads(value)
    return settings


def _measure(runner: type[Runner], args: argparse.Namespace) -> dict[str, Any]:
    from bench import import_cost, workloads

    workload = workloads.WORKLOADS[args.workload]
    if args.synthetic:
        workload = workloads.shrunk(workload)
    if workload.kind not in runner.KINDS:
        return {"status": "not applicable", "why": f"it does not {workload.kind}"}
    if args.device not in runner.DEVICES:
        return {"status": "not applicable", "why": f"it does not run on {args.device}"}
    if workload.kind == "import":
        return import_cost.measure(runner.IMPORT, list(runner.PACKAGES.values()), workload.timed)
    settings = _settings(runner, args.set, args.device)
    data = workloads.load(workload, args.synthetic)
    model = runner(workload, data, args.threads, settings, args.device)
    timed = _train(model) if workload.kind == "train" else _predict(model, args.weights)
    if args.save_weights:
        _save(args.save_weights, model)
    classes = model.predict(model.samples(data.x_test)).argmax(axis=1)
    accuracy = float((classes == data.y_test).mean())
    learned = {"accuracy": accuracy, "learned": accuracy >= workload.accuracy}
    on_gpu = args.device == "cuda"
    gpu = {"gpu": runner.gpu(), "products": runner.PRODUCTS_ON_GPU} if on_gpu else {}
    return {**timed, **learned, **gpu, "settings": settings, **model.notes()}


def _train(model: Runner) -> dict[str, Any]:
    workload = model.workload
    cpu, start = time.process_time(), time.perf_counter()
    seconds = model.train(workload.warm_up + workload.timed)
    busy = (time.process_time() - cpu) / (time.perf_counter() - start)
    timed = seconds[workload.warm_up :]
    return {
        "seconds": timed,
        "median": statistics.median(timed),
        "warm_up_seconds": seconds[: workload.warm_up],
        "busy_processors": round(busy, 2),  # shows that the thread limit held
    }


def _predict(model: Runner, weights: str | None) -> dict[str, Any]:
    workload = model.workload
    model.set_weights(_trained(weights))
    x = model.samples(model.data.x_test[: workload.predict_samples])
    seconds = []
    for _ in range(workload.warm_up + workload.timed):
        start = time.perf_counter()
        for _ in range(workload.calls):
            model.predict(x)
        seconds.append((time.perf_counter() - start) / workload.calls)
    timed = seconds[workload.warm_up :]
    return {"seconds": timed, "median": statistics.median(timed)}


def _trained(path: str | None) -> list[Any]:
    """Return trained weights: every library predicts with the same ones."""
    import numpy as np

    if not path:
        sys.exit(
            "predictions need --weights FILE; this writes one: "
            "python -m bench.runners.digitnet article --save-weights FILE"
        )
    with np.load(path) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def _save(path: str, model: Any) -> None:
    import numpy as np

    np.savez(path, *model.get_weights())


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        module = sys.modules.get(distribution)
        return str(getattr(module, "__version__", "from a source folder"))
