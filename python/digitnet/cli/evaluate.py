"""`digitnet evaluate`: how good a saved model is on the test images."""

from __future__ import annotations

import argparse
import json

from . import data as data_module
from . import options


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="test a saved model",
        description="Test a saved model on the test images of a data set.",
    )
    parser.add_argument("model", metavar="MODEL", help="a file that train --save wrote")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options.add_data(parser)
    options.add_machine(parser, "accepted by every command; testing makes no random choice")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Test the model and print its score."""
    options.apply_machine(args)
    model = options.load_model(args)
    data = data_module.load(args)
    x_test = data_module.as_model_input(model, data.x_test)
    loss, accuracy = model.evaluate(x_test, data.y_test, verbose=0)
    if args.json:
        result = {"data": data.name, "images": len(x_test), "loss": loss, "accuracy": accuracy}
        print(json.dumps(result))
        return 0
    print(f"Data: {data.name}, {len(x_test):,} test images.")
    if data.is_sample:
        print("Note: a model that was trained on the whole of MNIST has seen these digits.")
    print(f"Score on the test set: {100 * accuracy:.2f} % (loss {loss:.4f})")
    return 0
