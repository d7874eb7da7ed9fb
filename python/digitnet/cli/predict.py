"""`digitnet predict`: which digit a picture shows."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data as data_module
from . import digits, messages, network, options


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "predict",
        help="say which digit a picture shows",
        description="Say which digit each picture shows. A picture holds one digit, of any size, "
        "dark on light or light on dark; it is cropped, scaled and centred as MNIST's digits were. "
        "An IDX file may hold many images, which are taken as they are. Pictures need Pillow "
        "(pip install pillow); IDX files do not.",
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
    options.add_scaling(parser)
    options.add_machine(parser, "accepted by every command; predicting makes no random choice")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Classify every image of every file; a file that cannot be read does not stop the others."""
    options.apply_machine(args)
    model = options.load_model(args)
    network.require_ten_outputs(args.model, model)
    divide = data_module.divides_pixels(model, args.no_scaling)
    status, records = 0, []
    for path in args.files:
        try:
            images = digits.read_images(path, raw=args.raw)
        except (OSError, ValueError) as error:
            messages.complain(args.command, error)
            status = 1
            continue
        inputs = data_module.as_model_input(model, images, divide)
        for index, row in enumerate(_probabilities(model.predict(inputs, verbose=0))):
            if args.json:
                records.append(_record(path, index, row))
            else:
                place = path if len(images) == 1 else f"{path}[{index}]"
                print(_line(place, row, args.top))
    if args.json:
        print(json.dumps(records, indent=1))
    return status


def _probabilities(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows if they are probabilities, else (a network without softmax) their softmax."""
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return outputs
    from digitnet.activations import softmax

    return softmax(outputs)


def _line(place: str, row: NDArray[np.float32], top: int) -> str:
    best = np.argsort(-row, kind="stable")[:top]
    chances = ", ".join(f"{digit}: {100 * row[digit]:.1f} %" for digit in best)
    return f"{place}: {best[0]} ({chances})"


def _record(path: str, index: int, row: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "file": path,
        "index": index,
        "class": int(row.argmax()),
        "probabilities": [float(f"{p:.7g}") for p in row],
    }
