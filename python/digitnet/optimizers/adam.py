"""Adam, and AdamW with its weight decay."""

from __future__ import annotations

from typing import Any

from digitnet import _core
from digitnet._checks import flag, real
from digitnet.optimizers.optimizer import Optimizer
from digitnet.optimizers.schedules import LearningRateSchedule

_LEAST_EPSILON = 1e-37  # what float32 tells from 0: a gradient that is always 0 would give 0 / 0


class Adam(Optimizer):
    """Adam, with the update rule of Keras 3.

    With gradient g, weight w and the moving means m of g and v of its square (zero at first), step
    t = 1, 2, … does::

        w = w - learning_rate * weight_decay * w
        m = m + (g - m) * (1 - beta_1)
        v = v + (g ** 2 - v) * (1 - beta_2)
        alpha = learning_rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
        w = w - alpha * m / (sqrt(v) + epsilon)

    Sources: Kingma and Ba 2015, in the form they give before their section 2.1 (whose epsilon-hat
    is this epsilon); the decay apart from the gradient, Loshchilov and Hutter 2019.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        >= 0. As beta_1, beta_2, epsilon and weight_decay, it may be set anew between epochs and
        fits.
    beta_1, beta_2 : float
        In [0, 1).
    epsilon : float
        >= 1e-37.
    amsgrad : bool
        Must be False: this variant of Adam is not there.
    weight_decay, clipnorm, clipvalue, global_clipnorm, name
        As for every `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range, or two limits of the gradients.
    """

    slots = ("m", "v")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        *,
        name: str = "adam",
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        if flag(amsgrad, "amsgrad"):
            raise ValueError("amsgrad must be False, digitnet has plain Adam only. Received: True")

    @property
    def beta_1(self) -> float:
        """How much of the mean of the gradients stays at every step, a float in [0, 1)."""
        return self._beta_1

    @beta_1.setter
    def beta_1(self, value: float) -> None:
        self._beta_1 = real(value, "beta_1", minimum=0, below=1)

    @property
    def beta_2(self) -> float:
        """How much of the mean of the squared gradients stays, a float in [0, 1)."""
        return self._beta_2

    @beta_2.setter
    def beta_2(self, value: float) -> None:
        self._beta_2 = real(value, "beta_2", minimum=0, below=1)

    @property
    def epsilon(self) -> float:
        """What keeps the step finite where gradients are tiny, a float >= 1e-37."""
        return self._epsilon

    @epsilon.setter
    def epsilon(self, value: float) -> None:
        self._epsilon = real(value, "epsilon", minimum=_LEAST_EPSILON)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": False,
        }

    def _rule(self) -> _core.Adam:
        return _core.Adam(
            self.learning_rate, self.beta_1, self.beta_2, self.epsilon, self.weight_decay or 0.0
        )


class AdamW(Adam):
    """`Adam` with weight decay, which is not optional here.

    Source: Loshchilov and Hutter 2019. Parameters, formulas and errors are those of `Adam`.
    """

    _needs_decay = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        *,
        name: str = "adamw",
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            name=name,
        )
