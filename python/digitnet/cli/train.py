"""`digitnet train`: the article's experiment, with every number of it an option."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import Any

from digitnet.utils.atomic import atomic_file

from . import data as data_module
from . import messages, network, options

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
    results.add_argument(
        "--save",
        metavar="FILE",
        help="save the model as FILE, *.safetensors; after Ctrl-C, what it learned so far",
    )
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
    try:
        history = model.fit(
            data.x_train,
            data.y_train,
            batch_size=args.batch_size,
            epochs=epochs,
            verbose=1,
            validation_data=(data.x_test, data.y_test),
        )
    except KeyboardInterrupt:
        return _interrupted(args, model, epochs)
    loss, accuracy = model.evaluate(data.x_test, data.y_test, verbose=0)
    print(f"Score on the test set: {100 * accuracy:.2f} % (loss {loss:.4f})")
    if not math.isfinite(loss):
        raise RuntimeError("the training has diverged; a smaller --learning-rate may help")
    if not _converged(history.history, loss):
        messages.note("The training did not converge: a smaller --learning-rate may help.")
    if args.save is not None:
        print(f"Model saved: {_save(args.save, model)}")
    if args.plots is not None:
        draw(args.plots, data, model, history, initial)
    return 0


def _interrupted(args: argparse.Namespace, model: Any, epochs: int) -> int:
    """Keep what was learned until Ctrl-C, if it was to be kept, and say so; 130 as shells do."""
    done = f"interrupted after {len(model.history.epoch)} of {options.count(epochs, 'epoch')}"
    saved = "nothing was saved"
    if args.save is not None:
        saved = f"saved what it learned so far: {_save(args.save, model)}"
    sys.stdout.flush()
    print(f"digitnet train: {done}; {saved}", file=sys.stderr)
    return 130


def _save(path: str, model: Any) -> str:
    """Save the model; the path, and whether a file of that name was replaced."""
    existed = os.path.exists(path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    model.save(path)
    return f"{path} (replaced the older file)" if existed else path


def _converged(history: dict[str, list[float]], test_loss: float) -> bool:
    """Whether a finished training went downhill rather than being thrown about.

    Guessing among ten classes costs log(10). Steps that are too long show in a loss well above that
    on the way or in one that grew, and in a network that ends not far below it.
    """
    guessing, losses = math.log(10), history["loss"]
    thrown = max(losses + history["val_loss"]) > 1.5 * guessing
    grew = losses[-1] > min(losses)
    return test_loss < guessing / 2 or not (thrown or grew)


def draw(folder: str, data: data_module.Data, model: Any, history: Any, initial: Any) -> None:
    """Write the four pictures to a folder."""
    from digitnet import plot

    names = data.class_names
    probabilities = model.predict(data.x_test)
    shape = data.x_train.shape[1], data.x_train.shape[2]
    figures = {
        "samples": plot.samples(data.x_train, data.y_train, class_names=names),
        "learning_curve": plot.learning_curve(history, validation_name="test"),
        "predictions": plot.predictions(data.x_test, data.y_test, probabilities, class_names=names),
        "first_layer": plot.first_layer_features(model, shape, initial=initial),
    }
    os.makedirs(folder, exist_ok=True)
    for name, figure in figures.items():
        path = Path(folder, f"{name}.png")
        save_picture(path, figure)
        print(f"Picture: {path}")


def save_picture(path: Path, figure: Any) -> None:
    """Write matplotlib's figure to a PNG file, in one step."""
    with atomic_file(path) as file:
        figure.savefig(file, format="png")


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse what could not be written, before the training; nothing is created yet."""
    if args.save is not None:
        if not args.save.endswith(".safetensors"):
            raise ValueError(f"--save must name a .safetensors file, got {args.save}")
        if os.path.isdir(args.save):
            raise IsADirectoryError(f"--save must name a file, got the folder {args.save}")
        _check_folder("--save", os.path.dirname(args.save))
    if args.plots is not None:
        from digitnet import plot

        plot.require_matplotlib()
        _check_folder("--plots", args.plots)


def _check_folder(option: str, folder: str) -> None:
    """Check that a folder is there and open to us, or can be made."""
    nearest = os.path.abspath(folder)
    while not os.path.lexists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise NotADirectoryError(f"{option} needs a folder, but {nearest} is a file")
    if not os.access(nearest, os.W_OK):
        raise PermissionError(f"{option} needs a folder to write to, but {nearest} is read-only")


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
