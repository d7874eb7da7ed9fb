"""`digitnet evaluate`: how good a saved model is on the test images."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import data as data_module
from . import network, options


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="test a saved model",
        description="Test a saved model on the test images of a data set.",
    )
    parser.add_argument("model", metavar="MODEL", help="a file that train --save wrote")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options.add_scaling(parser)
    options.add_data(parser)
    options.add_machine(parser, "accepted by every command; testing makes no random choice")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Test the model and print its score."""
    options.apply_machine(args)
    model = options.load_model(args)
    _check(args.model, model)
    data = data_module.load(args, work="testing on")
    divide = data_module.divides_pixels(model, args.no_scaling)
    x_test = data_module.as_model_input(model, data.x_test, divide)
    loss = model.evaluate(x_test, _targets(model, data.y_test), verbose=0, return_dict=True)["loss"]
    accuracy = float(np.mean(model.predict_classes(x_test, verbose=0) == data.y_test))
    if args.json:
        result = {"data": data.name, "images": len(x_test), "loss": loss, "accuracy": accuracy}
        print(json.dumps(result))
        return 0
    print(f"Data: {data.name}, {len(x_test):,} test images.")
    if data.is_sample:
        print("Note: a model that was trained on the whole of MNIST has seen these digits.")
    print(f"Score on the test set: {100 * accuracy:.2f} % (loss {loss:.4f})")
    return 0


def _check(path: str, model: Any) -> None:
    """Refuse a model that cannot be tested on ten classes, before the data are loaded."""
    if model._settings is None or model._settings.loss is None:
        raise ValueError(
            f"{path}: this model was saved without compile or without a loss; call "
            "model.compile(..., loss=...) and save it again"
        )
    network.require_ten_outputs(path, model)


def _targets(model: Any, labels: NDArray[np.uint8]) -> NDArray[Any]:
    """The labels in the form that the model's loss compares with."""
    from digitnet.utils import to_categorical

    return labels if model._settings.loss.takes_labels else to_categorical(labels, 10)
