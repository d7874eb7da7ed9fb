"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from digitnet import _core
from digitnet._checks import flag, real
from digitnet.optimizers.optimizer import Optimizer
from digitnet.optimizers.schedules import LearningRateSchedule


class SGD(Optimizer):
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
    learning_rate : float or LearningRateSchedule
        >= 0. As momentum, nesterov and weight_decay, it may be set anew between epochs and fits.
    momentum : float
        In [0, 1].
    nesterov : bool
        Use the Nesterov form.
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
        As for every `Optimizer`.
    lr : float, optional
        The old Keras spelling of ``learning_rate``; wins if both are given.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range, or two limits of the gradients.
    """

    slots = ("velocity",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        *,
        name: str = "SGD",
        lr: float | None = None,
    ) -> None:
        rate = learning_rate if lr is None else lr
        super().__init__(rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.momentum = momentum
        self.nesterov = nesterov

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

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}

    def _rule(self) -> _core.Sgd:
        return _core.Sgd(self.learning_rate, self.momentum, self.nesterov, self.weight_decay or 0.0)
