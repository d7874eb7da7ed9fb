"""The optimizer: stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from digitnet import _core
from digitnet._checks import flag, real, text
from digitnet._identifiers import Configurable, resolve
from digitnet._identifiers import serialize as _serialize


class SGD(Configurable):
    """Stochastic gradient descent, with the update rule of Keras 3.

    With gradient g, weight w and velocity v (zero at first), every step does::

        w = w - learning_rate * weight_decay * w
        w = w - learning_rate * g                           if momentum is 0
        v = momentum * v - learning_rate * g                otherwise, and then
        w = w + v                                           or, with nesterov,
        w = w + momentum * v - learning_rate * g

    Sources: momentum, Polyak 1964; the Nesterov form, Sutskever et al. 2013; the decay apart from
    the gradient, Loshchilov and Hutter 2019.

    Parameters
    ----------
    learning_rate : float
        >= 0. As momentum, nesterov and weight_decay, it may be set anew between epochs and fits.
    momentum : float
        In [0, 1].
    nesterov : bool
        Use the Nesterov form.
    weight_decay : float, optional
        >= 0; None is 0.
    name : str
        Only for the saved configuration.
    lr : float, optional
        The old Keras spelling of ``learning_rate``; wins if both are given.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    _writable = frozenset({"iterations"})

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        *,
        name: str = "SGD",
        lr: float | None = None,
    ) -> None:
        self.learning_rate = learning_rate if lr is None else lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.name = text(name, "name")
        self.iterations = 0
        """Steps taken so far, counted by the model this optimizer is compiled into."""

    @property
    def learning_rate(self) -> float:
        """The step size, a finite float >= 0."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = real(value, "learning_rate", minimum=0)

    @property
    def lr(self) -> float:
        """The old Keras spelling of ``learning_rate``."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: float) -> None:
        self.learning_rate = value

    @property
    def momentum(self) -> float:
        """How much of the velocity stays at every step, a float in [0, 1]."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: float) -> None:
        self._momentum = real(value, "momentum", minimum=0, maximum=1)

    @property
    def nesterov(self) -> bool:
        """Whether the Nesterov form is used."""
        return self._nesterov

    @nesterov.setter
    def nesterov(self, value: bool) -> None:
        self._nesterov = flag(value, "nesterov")

    @property
    def weight_decay(self) -> float | None:
        """How much of the weights decays at every step, a float >= 0; None is 0."""
        return self._weight_decay

    @weight_decay.setter
    def weight_decay(self, value: float | None) -> None:
        self._weight_decay = None if value is None else real(value, "weight_decay", minimum=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "name": self.name,
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "weight_decay": self.weight_decay,
        }

    def core_sgd(self) -> _core.Sgd:
        """Return the core's description of the next steps, with the learning rate of now."""
        return _core.Sgd(self.learning_rate, self.momentum, self.nesterov, self.weight_decay or 0.0)


_CLASSES = {"SGD": SGD}


def get(identifier: object) -> SGD:
    """Return the optimizer for a name ("sgd"), an instance, a class or a saved configuration.

    Raises
    ------
    ValueError
        The name is unknown; the message lists the known ones.
    TypeError
        ``identifier`` is none of these, or of a class of the user's own.
    """
    return resolve(identifier, SGD, {"sgd": SGD}, _CLASSES, "optimizer")


def serialize(item: SGD) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal optimizer.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "optimizer")
