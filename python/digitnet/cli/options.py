"""Options that several commands share, and the checks of their values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias

from .parser import Parser

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

DATASETS = ("auto", "mnist", "fashion_mnist", "sample")


def positive_int(text: str) -> int:
    """Parse a whole number from 1."""
    return _int(text, 1)


def seed_int(text: str) -> int:
    """Parse a seed, 0 to 2**32 - 1."""
    return _int(text, 0, 2**32 - 1)


def _int(text: str, least: int, most: int | None = None) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise argparse.ArgumentTypeError(f"expected a number {limits}, got {value}")
    return value


def positive_float(text: str) -> float:
    """Parse a finite number above 0."""
    return _float(text, "above 0", lambda value: 0 < value < float("inf"))


def fraction(text: str) -> float:
    """Parse a number from 0, below 1."""
    return _float(text, "from 0 and below 1", lambda value: 0 <= value < 1)


def _float(text: str, limits: str, accept: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None
    if not accept(value):
        raise argparse.ArgumentTypeError(f"expected a number {limits}, got {text}")
    return value


def add_machine(parser: argparse.ArgumentParser, seed_help: str) -> None:
    """Declare `--device`, `--threads` and `--seed`."""
    group = parser.add_argument_group("machine")
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto takes a GPU where one can be used (default: %(default)s)",
    )
    group.add_argument(
        "--threads",
        type=positive_int,
        metavar="N",
        help="CPU threads (default: the CPUs this process may use)",
    )
    group.add_argument("--seed", type=seed_int, default=0, metavar="N", help=seed_help)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Declare `--dataset` and `--data`."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--dataset",
        choices=DATASETS,
        default="auto",
        help="auto is MNIST, or the sample of 5,000 digits that digitnet carries where MNIST is "
        "neither on this machine nor can be downloaded; mnist never falls back "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the data set's four files (default: DIGITNET_DATA, then the cache "
        "folder, then a download)",
    )


def add_scaling(parser: argparse.ArgumentParser) -> None:
    """Declare `--no-scaling`, for the commands that run a saved model."""
    parser.add_argument(
        "--no-scaling",
        action="store_true",
        help="give the pixels to the model as they are, 0 to 255; without this option they are "
        "divided by 255 for a model that has no Rescaling layer",
    )


def apply_machine(args: argparse.Namespace) -> None:
    """Set the seed and the number of threads that the options ask for."""
    from digitnet import config
    from digitnet.utils import set_random_seed

    set_random_seed(args.seed)
    if args.threads is not None:
        config.set_num_threads(args.threads)


def load_model(args: argparse.Namespace) -> Any:
    """Load the model file that the options name, for the device that they name."""
    from digitnet.models import load_model as load

    return load(args.model, device=args.device)


def count(number: int, thing: str) -> str:
    """A number of things in words: "1 epoch", "2 epochs"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
