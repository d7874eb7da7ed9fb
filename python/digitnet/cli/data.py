"""The data that `--dataset` and `--data` name, and how a model wants to read images."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import messages

_SAMPLE = "the sample of MNIST that digitnet carries"
_FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker")
_FASHION_NAMES = (*_FASHION, "bag", "ankle boot")


@dataclass(frozen=True)
class Data:
    """A data set in two parts: uint8 images (n, 28, 28) and uint8 labels (n,)."""

    name: str
    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]
    is_sample: bool = False
    class_names: tuple[str, ...] | None = None

    def __str__(self) -> str:
        train, test = len(self.x_train), len(self.x_test)
        return f"{self.name}, {train:,} images to train on and {test:,} to test on"


def load(args: argparse.Namespace, work: str = "training on") -> Data:
    """Load what the options name; falling back to the sample is announced on stderr.

    Args:
        args: the options.
        work: what is going to happen to the data, for the announcement.

    Raises:
        OSError, ValueError: the data are not there, cannot be fetched, or are damaged.
    """
    from digitnet.datasets import fashion_mnist, mnist, mnist_sample

    if args.dataset == "sample":
        if args.data is not None:
            raise ValueError("--data means nothing with --dataset sample, which digitnet carries")
        return _data(_SAMPLE, mnist_sample.load_data(), is_sample=True)
    if args.dataset == "fashion_mnist":
        split = fashion_mnist.load_data(args.data)
        return _data("Fashion-MNIST", split, class_names=_FASHION_NAMES)
    try:
        return _data("MNIST", mnist.load_data(args.data))
    except OSError as error:
        # A folder that the user names is meant: if it lacks the data, that is a mistake to tell.
        if args.dataset == "mnist" or args.data is not None:
            raise
        messages.note(
            "MNIST is not on this machine and cannot be downloaded: "
            f"{work} the 5,000-digit sample that digitnet carries."
        )
        messages.note(f"Why: {error}.")
        return _data(_SAMPLE, mnist_sample.load_data(), is_sample=True)


def _data(name: str, split: Any, **more: Any) -> Data:
    (x_train, y_train), (x_test, y_test) = split
    return Data(name, x_train, y_train, x_test, y_test, **more)


def divides_pixels(model: Any, no_scaling: bool = False) -> bool:
    """Whether a model is to get pixels divided by 255; a note on stderr says so.

    A model with a Rescaling layer reads the pixels as they are, 0 to 255. One without is taken to
    have learned from pixels divided by 255, as the usual programs do, unless `no_scaling`.
    """
    from digitnet.layers import Rescaling

    if no_scaling or any(isinstance(layer, Rescaling) for layer in model.layers):
        return False
    messages.note("no Rescaling layer: pixels are divided by 255 (--no-scaling leaves them)")
    return True


def as_model_input(model: Any, images: NDArray[np.uint8], divide: bool) -> NDArray[Any]:
    """Bring images into the form that a model reads.

    Args:
        model: a built `Sequential`.
        images: uint8 (n, rows, columns).
        divide: divide the pixels by 255.

    Returns:
        uint8 or float32 (n, rows, columns) or (n, pixels), as the model's input shape is.

    Raises:
        ValueError: the model reads another number of values.
    """
    wanted = tuple(model.input_shape[1:])
    if int(np.prod(wanted)) != images[0].size:
        raise ValueError(
            f"the model reads inputs of shape {wanted}, but the images have shape "
            f"{images.shape[1:]}"
        )
    shaped: NDArray[Any] = images.reshape(len(images), *wanted)
    return np.divide(shaped, 255, dtype=np.float32) if divide else shaped
