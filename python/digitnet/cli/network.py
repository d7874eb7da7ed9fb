"""The networks that the commands train and use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def build(
    hidden: Sequence[int] = (500,),
    *,
    device: str,
    activation: str = "relu",
    dropout: float = 0.0,
    learning_rate: float = 0.5,
    momentum: float = 0.0,
) -> Any:
    """Build and compile a network that tells ten classes of 28 by 28 images apart.

    Args:
        hidden: the number of neurons of each hidden layer.
        device: "auto", "cpu" or "cuda".
        activation: of the hidden layers.
        dropout: the share of each hidden layer that is left out at random in training.
        learning_rate: of stochastic gradient descent.
        momentum: the share of the last step that goes into the next one.

    Returns:
        A compiled `Sequential` that reads uint8 images and integer labels.

    Raises:
        RuntimeError: the device cannot be used here.
    """
    from digitnet.layers import Dense, Dropout, Flatten, Input, Rescaling
    from digitnet.models import Sequential
    from digitnet.optimizers import SGD

    layers: list[Any] = [Input((28, 28)), Flatten(), Rescaling(1 / 255)]
    for units in hidden:
        layers.append(Dense(units, activation=activation))
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(10, activation="softmax"))
    model = Sequential(layers, device=device)
    optimizer = SGD(learning_rate, momentum=momentum)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def require_ten_outputs(path: str, model: Any) -> None:
    """Raise ValueError unless the model of the file `path` tells ten classes apart."""
    if model.output_shape[1:] != (10,):
        raise ValueError(
            f"{path}: expected a model with 10 outputs, got outputs {model.output_shape[1:]}"
        )
