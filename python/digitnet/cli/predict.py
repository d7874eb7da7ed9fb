"""`digitnet predict`: which digit a picture shows."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data as data_module
from . import digits, options


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "predict",
        help="say which digit a picture shows",
        description="Say which digit each picture shows. A picture holds one digit, of any size, "
        "dark on light or light on dark; it is cropped, scaled and centred as MNIST's digits were. "
        "An IDX file may hold many images, which are taken as they are.",
    )
    parser.add_argument("model", metavar="MODEL", help="a file that train --save wrote")
    parser.add_argument("files", metavar="FILE", nargs="+", help="PNG, JPEG, … or IDX file")
    parser.add_argument(
        "--raw",
        "--no-preprocess",
        action="store_true",
        help="pictures are in MNIST's form already: 28 x 28 pixels, light on black",
    )
    parser.add_argument(
        "--top",
        type=options.positive_int,
        default=3,
        metavar="K",
        help="show the K most probable classes (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, with the probabilities of all classes"
    )
    options.add_machine(parser, "accepted by every command; predicting makes no random choice")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Classify every image of every file, and print one line for each."""
    options.apply_machine(args)
    model = options.load_model(args)
    names: list[tuple[str, int | None]] = []
    images = []
    for path in args.files:
        group = digits.read_images(path, raw=args.raw)
        names += [(path, index if len(group) > 1 else None) for index in range(len(group))]
        images.append(group)
    inputs = data_module.as_model_input(model, np.concatenate(images))
    probabilities = model.predict(inputs, verbose=0)
    if args.json:
        rows = zip(names, probabilities, strict=True)
        print(json.dumps([_record(path, index, row) for (path, index), row in rows], indent=1))
        return 0
    for (path, index), row in zip(names, probabilities, strict=True):
        place = path if index is None else f"{path}[{index}]"
        best = np.argsort(-row, kind="stable")[: args.top]
        chances = ", ".join(f"{digit}: {100 * row[digit]:.1f} %" for digit in best)
        print(f"{place}: {best[0]} ({chances})")
    return 0


def _record(path: str, index: int | None, row: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "file": path,
        "index": index or 0,
        "class": int(row.argmax()),
        "probabilities": [float(f"{p:.7g}") for p in row],
    }
