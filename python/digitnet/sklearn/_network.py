"""From an estimator's parameters to the `Sequential` that it trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from digitnet import regularizers
from digitnet._checks import integer, real
from digitnet._errors import shown
from digitnet.initializers import RandomUniform
from digitnet.layers import Dense, Dropout, Layer
from digitnet.models import Sequential
from digitnet.optimizers import SGD, Adam
from digitnet.regularizers import L2

# scikit-learn's names come first; digitnet's own mean the same as in `digitnet.activations`.
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"} | {
    name: name
    for name in (
        "relu",
        "tanh",
        "linear",
        "sigmoid",
        "leaky_relu",
        "elu",
        "softplus",
        "silu",
        "gelu",
    )
}

Settings = Callable[[Any], dict[str, Any]]

# Name of a solver → the optimizer, and its settings (but for the learning rate) from an estimator's
# parameters. Another solver is a line here and its parameters in `_base`.
SOLVERS: dict[str, tuple[type[SGD] | type[Adam], Settings]] = {
    "adam": (Adam, lambda e: {"beta_1": e.beta_1, "beta_2": e.beta_2, "epsilon": e.epsilon}),
    "sgd": (SGD, lambda e: {"momentum": e.momentum, "nesterov": e.nesterovs_momentum}),
}


class Architecture(NamedTuple):
    """What a network is; one that goes on must be what it was."""

    sizes: tuple[int, ...]  # features, hidden layers, outputs
    activations: tuple[str, ...]  # of digitnet, one for each hidden layer
    dropout: tuple[float, ...]  # after each hidden layer
    out_activation: str  # of digitnet


def architecture(estimator: Any, features: int, outputs: int, out_activation: str) -> Architecture:
    """Return what the parameters ask for.

    Raises
    ------
    TypeError, ValueError
        hidden_layer_sizes, activation or dropout do not fit, or not to each other.
    """
    hidden = estimator.hidden_layer_sizes
    hidden = [hidden] if np.ndim(hidden) == 0 else list(hidden)
    sizes = [integer(size, f"hidden_layer_sizes[{i}]") for i, size in enumerate(hidden)]
    names = _for_each(estimator.activation, "activation", len(sizes))
    for i, name in enumerate(names):
        if not isinstance(name, str) or name not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation[{i}] must be one of {known}. Received: {shown(name)}")
    rates = _for_each(estimator.dropout, "dropout", len(sizes))
    return Architecture(
        (features, *sizes, outputs),
        tuple(ACTIVATIONS[name] for name in names),
        tuple(real(rate, f"dropout[{i}]", minimum=0, below=1) for i, rate in enumerate(rates)),
        ACTIVATIONS.get(out_activation, out_activation),
    )


def _for_each(value: Any, name: str, layers: int) -> Sequence[Any]:
    """Return one value for each hidden layer, from one for all of them or a sequence."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return [value] * layers
    if len(value) != layers:
        raise ValueError(
            f"{name} must be one value, or one for each of the {layers} hidden layers. "
            f"Received: {shown(value)}"
        )
    return list(value)


def new_network(plan: Architecture, l2: float, device: str, random: Any) -> Sequential:
    """Return a network with new weights; ``random`` is a NumPy RandomState that gives its seeds.

    Weights are uniform within ``sqrt(6 / (fan_in + fan_out))``, with 2 in place of 6 for logistic
    neurons, and so are biases (Glorot and Bengio, 2010, as scikit-learn applies it). The output
    layer goes by the last hidden one.
    """
    neurons = (*plan.activations, plan.activations[-1] if plan.activations else "linear")
    activations = (*plan.activations, plan.out_activation)
    layers: list[Layer] = []
    for i, (fan_in, units) in enumerate(pairwise(plan.sizes)):
        bound = math.sqrt((2 if neurons[i] == "sigmoid" else 6) / (fan_in + units))
        kernel, bias = (RandomUniform(-bound, bound, seed=draw_seed(random)) for _ in range(2))
        penalty = L2(l2) if l2 else None
        layers.append(Dense(units, activations[i], True, kernel, bias, penalty))
        if i < len(plan.dropout) and plan.dropout[i]:
            layers.append(Dropout(plan.dropout[i]))
    model = Sequential(device=device)
    model._seed = draw_seed(random)  # of shuffling and dropout
    model._extend(layers)
    model.build((None, plan.sizes[0]))
    return model


def draw_seed(random: Any) -> int:
    """Return a seed from a NumPy RandomState."""
    return int(random.randint(np.iinfo(np.int32).max))


def continued(model: Sequential, l2: float, device: str) -> Sequential:
    """Return a network that goes on where ``model`` stands, which stays as it is."""
    rebuild, (kind, content, tensors, _, precision) = model.__reduce__()
    penalty = regularizers.serialize(L2(l2)) if l2 else None
    for layer in content["model"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["kernel_regularizer"] = penalty
    copy: Sequential = rebuild(kind, content, tensors, device, precision)
    return copy


def compile_network(model: Sequential, estimator: Any, loss: str, learning_rate: float) -> None:
    """Give the network its loss and its optimizer; one of the same kind keeps its state."""
    kind, settings = SOLVERS[estimator.solver]
    values = {"learning_rate": learning_rate, **settings(estimator)}
    if type(model.optimizer) is not kind:
        model.compile(kind(**values), loss)
        return
    for name, value in values.items():
        setattr(model.optimizer, name, value)
