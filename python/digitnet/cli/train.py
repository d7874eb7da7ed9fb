"""`digitnet train`: the article's experiment, with every number of it an option."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import Any

from . import data as data_module
from . import network, options

# 15 epochs of the sample's 4,000 images are as many steps as one epoch of MNIST's 60,000.
_SAMPLE_EPOCHS = 15

_ACTIVATIONS = ("elu", "gelu", "leaky_relu", "relu", "sigmoid", "silu", "softplus", "tanh")


def add_parser(commands: options.Commands) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "train",
        help="train a network and say how good it is",
        description="Train a network of dense layers on images of ten classes, and test it.",
    )
    group = parser.add_argument_group("network")
    group.add_argument(
        "--hidden",
        type=options.positive_int,
        nargs="+",
        default=[500],
        metavar="N",
        help="neurons of each hidden layer (default: 500)",
    )
    group.add_argument(
        "--activation",
        choices=_ACTIVATIONS,
        default="relu",
        help="of the hidden layers (default: %(default)s)",
    )
    group.add_argument(
        "--dropout",
        type=options.fraction,
        default=0.0,
        metavar="RATE",
        help="share of each hidden layer left out at random in training (default: 0)",
    )
    _add_training(parser.add_argument_group("training"))
    results = parser.add_argument_group("results")
    results.add_argument("--save", metavar="FILE", help="save the model as FILE, *.safetensors")
    results.add_argument(
        "--plots",
        metavar="DIR",
        help="write samples.png, learning_curve.png, predictions.png and first_layer.png to DIR",
    )
    options.add_data(parser)
    options.add_machine(parser, "seed of all random choices (default: %(default)s)")
    parser.set_defaults(run=run)


def _add_training(group: Any) -> None:
    group.add_argument(
        "--epochs",
        type=options.positive_int,
        metavar="N",
        help=f"passes over the training images (default: 1, with the sample {_SAMPLE_EPOCHS})",
    )
    group.add_argument(
        "--batch-size",
        type=options.positive_int,
        default=500,
        metavar="N",
        help="images to one step (default: %(default)s)",
    )
    group.add_argument(
        "--learning-rate",
        type=options.positive_float,
        default=0.5,
        metavar="RATE",
        help="of stochastic gradient descent (default: %(default)s)",
    )
    group.add_argument(
        "--momentum",
        type=options.fraction,
        default=0.0,
        metavar="M",
        help="share of the last step that goes into the next one (default: 0)",
    )


def run(args: argparse.Namespace) -> int:
    """Train, test, save and draw what the options ask for."""
    _check_outputs(args)  # before the work, not after it
    options.apply_machine(args)
    data = data_module.load(args)
    print(f"Data: {data}.")
    if data.is_sample and args.epochs is None:
        print(f"Its epochs are short, so {_SAMPLE_EPOCHS} of them follow; --epochs changes that.")
    epochs = args.epochs or (_SAMPLE_EPOCHS if data.is_sample else 1)
    model = network.build(
        args.hidden,
        device=args.device,
        activation=args.activation,
        dropout=args.dropout,
        learning_rate=args.learning_rate,
        momentum=args.momentum,
    )
    print(_summary(args, model, epochs), flush=True)
    initial = model.get_weights()[0]
    history = model.fit(
        data.x_train,
        data.y_train,
        batch_size=args.batch_size,
        epochs=epochs,
        verbose=1,
        validation_data=(data.x_test, data.y_test),
    )
    loss, accuracy = model.evaluate(data.x_test, data.y_test, verbose=0)
    print(f"Score on the test set: {100 * accuracy:.2f} % (loss {loss:.4f})")
    if not math.isfinite(loss):
        raise RuntimeError("the training has diverged; a smaller --learning-rate may help")
    if args.save is not None:
        model.save(args.save)
        print(f"Model saved: {args.save}")
    if args.plots is not None:
        draw(args.plots, data, model, history, initial)
    return 0


def draw(folder: str, data: data_module.Data, model: Any, history: Any, initial: Any) -> None:
    """Write the four pictures to a folder, which must exist."""
    from digitnet import plot

    names = data.class_names
    probabilities = model.predict(data.x_test)
    shape = data.x_train.shape[1], data.x_train.shape[2]
    figures = {
        "samples": plot.samples(data.x_train, data.y_train, class_names=names),
        "learning_curve": plot.learning_curve(history),
        "predictions": plot.predictions(data.x_test, data.y_test, probabilities, class_names=names),
        "first_layer": plot.first_layer_features(model, shape, initial=initial),
    }
    for name, figure in figures.items():
        path = Path(folder, f"{name}.png")
        figure.savefig(path)
        print(f"Picture: {path}")


def _check_outputs(args: argparse.Namespace) -> None:
    if args.save is not None:
        if not args.save.endswith(".safetensors"):
            raise ValueError(f"--save must name a .safetensors file, got {args.save}")
        folder = os.path.dirname(args.save) or "."
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"--save needs an existing folder, got {folder}")
    if args.plots is not None:
        from digitnet.plot._figure import require_matplotlib

        require_matplotlib()
        os.makedirs(args.plots, exist_ok=True)


def _summary(args: argparse.Namespace, model: Any, epochs: int) -> str:
    from digitnet import config

    sizes = "-".join(map(str, [784, *args.hidden, 10]))
    machine = model.device
    if machine == "cpu":
        machine = f"{options.count(config.num_threads(), 'CPU thread')} ({config.cpu_isa()})"
    return (
        f"Network: {sizes}, {args.activation}. Learning rate {args.learning_rate:g}, "
        f"batches of {args.batch_size}, {options.count(epochs, 'epoch')}, seed {args.seed}, "
        f"on {machine}."
    )
