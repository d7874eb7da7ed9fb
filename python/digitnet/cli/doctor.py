"""`digitnet doctor`: what digitnet finds on this machine, and whether it works."""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np

from digitnet.config import Device

from . import network, options

_EXTRAS = {"plot": ("matplotlib", "pillow"), "test": ("pytest", "matplotlib", "pillow")}


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "doctor",
        help="show what digitnet finds on this machine",
        description="Show version, processor, devices, data and extras, then train a small network "
        "for a moment to see that all works.",
    )
    options.add_machine(parser, "seed of the small network (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; the status is 0 if the small network learned."""
    options.apply_machine(args)
    for name, finding in _findings().items():
        print(f"{name:18}{finding}")
    works, finding = _self_test(args.device)
    print(f"{'self-test':18}{finding}")
    return 0 if works else 1


def _findings() -> dict[str, str]:
    import digitnet
    from digitnet import _core, config
    from digitnet.datasets import fashion_mnist, mnist

    supported = ", ".join(_core.supported_cpu_isas())
    forced = os.environ.get("DIGITNET_CPU_ISA")
    chosen = f"; DIGITNET_CPU_ISA={forced}" if forced else ""
    return {
        "digitnet": digitnet.__version__,
        "Python": f"{platform.python_version()}, NumPy {np.__version__}",
        "system": platform.platform(),
        "processor": processor_name(),
        "instruction set": f"{config.cpu_isa()} (supported: {supported}{chosen})",
        "threads": f"{config.num_threads()} of {os.cpu_count() or 1} CPUs",
        **{f"device {d.name}": _device(d) for d in config.devices()},
        "MNIST": _place(mnist.find(), "11 MB"),
        "Fashion-MNIST": _place(fashion_mnist.find(), "30 MB"),
        "DIGITNET_DATA": os.environ.get("DIGITNET_DATA") or "not set",
        "cache folder": _cache_folder(),
        **{f"extra {extra}": _extra(names) for extra, names in _EXTRAS.items()},
    }


def processor_name() -> str:
    """The processor's name as it calls itself, or its architecture."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _device(device: Device) -> str:
    return device.description if device.usable else f"no: {device.description}"


def _place(folder: Path | None, size: str) -> str:
    return str(folder) if folder else f"not on this machine; the first use downloads {size}"


def _cache_folder() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("digitnet", appauthor=False)


def _extra(names: tuple[str, ...]) -> str:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def _self_test(device: str) -> tuple[bool, str]:
    """Train on the bundled sample for two epochs of 125 steps; guessing would give 10 %."""
    from digitnet.datasets import mnist_sample

    (x_train, y_train), (x_test, y_test) = mnist_sample.load_data()
    start = time.perf_counter()
    try:
        model = network.build((32,), device=device)
    except RuntimeError as error:
        return False, f"FAILED: {error}"
    model.fit(x_train, y_train, batch_size=32, epochs=2, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    seconds = time.perf_counter() - start
    works = accuracy > 0.7
    verdict = "passed" if works else "FAILED"
    text = f"784-32-10 on {model.device} learned the sample to {100 * accuracy:.1f} %"
    return works, f"{verdict}: {text} in {seconds:.2f} s"
