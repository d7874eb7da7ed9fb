"""Learning-rate schedules: the rate of every step, with the formulas of Keras 3.

A schedule takes the place of an optimizer's ``learning_rate``. The rates of an epoch are computed
at once, in float64, and rounded to float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from digitnet._checks import flag, integer, real, text
from digitnet._errors import shown
from digitnet._identifiers import Configurable
from digitnet._identifiers import deserialize as _deserialize
from digitnet._identifiers import serialize as _serialize

_MAX_STEP = 2**63 - 1
_Steps = NDArray[np.float64]


class LearningRateSchedule(Configurable):
    """Base of all schedules; call one as ``schedule(step)``, where the first step is 0."""

    def __new__(cls: type[S], *_: object, **__: object) -> S:
        """Refuse to make an object of the mere base class.

        Raises
        ------
        TypeError
            The class has no formula.
        """
        if cls is LearningRateSchedule:
            raise TypeError(f"{cls.__name__} is a base class; make one of its subclasses")
        return super().__new__(cls)

    def __init__(self, name: str) -> None:
        self.name = text(name, "name")

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step.

        Raises
        ------
        TypeError, ValueError
            ``step`` is not an integer >= 0.
        """
        return float(self.rates(integer(step, "step", 0, _MAX_STEP), 1)[0])

    def rates(self, first: int, count: int) -> NDArray[np.float32]:
        """Return the learning rates of ``count`` steps from ``first`` on, float32 (count,)."""
        with np.errstate(all="ignore"):  # a rate that is no number is the core's to refuse
            steps = first + np.arange(count, dtype=np.float64)
            return np.asarray(self._rates(steps), dtype=np.float32)

    def _rates(self, steps: _Steps) -> _Steps:
        raise TypeError(f"{type(self).__name__} is a base class; make one of its subclasses")


S = TypeVar("S", bound=LearningRateSchedule)


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        >= 0.
    decay_steps : float
        Steps in which the rate falls by ``decay_rate``; > 0.
    decay_rate : float
        >= 0.
    staircase : bool
        Round ``step / decay_steps`` down, so that the rate falls at every ``decay_steps`` only.
    name : str
        Only for the saved configuration.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(name)
        self.initial_learning_rate = real(initial_learning_rate, "initial_learning_rate", minimum=0)
        self.decay_steps = real(decay_steps, "decay_steps", above=0)
        self.decay_rate = real(decay_rate, "decay_rate", minimum=0)
        self.staircase = flag(staircase, "staircase")

    def _rates(self, steps: _Steps) -> _Steps:
        periods = steps / self.decay_steps
        exponents = np.floor(periods) if self.staircase else periods
        return self.initial_learning_rate * self.decay_rate**exponents

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class CosineDecay(LearningRateSchedule):
    """From a rate down half a cosine to ``alpha`` times that rate, which it then keeps.

    With ``t = min(step / decay_steps, 1)`` the rate is
    ``initial_learning_rate * ((1 - alpha) * (1 + cos(pi * t)) / 2 + alpha)``. With
    ``warmup_target`` it first goes along a line from ``initial_learning_rate`` to that in
    ``warmup_steps``, and then down from there, t counting from 0.

    Source: Loshchilov and Hutter 2017, without restarts.

    Parameters
    ----------
    initial_learning_rate : float
        >= 0.
    decay_steps : float
        Steps of the way down; > 0.
    alpha : float
        In [0, 1].
    name : str
        Only for the saved configuration.
    warmup_target : float, optional
        >= 0; None is no warm-up.
    warmup_steps : float
        >= 0; without ``warmup_target`` of no effect.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        super().__init__(name)
        self.initial_learning_rate = real(initial_learning_rate, "initial_learning_rate", minimum=0)
        self.decay_steps = real(decay_steps, "decay_steps", above=0)
        self.alpha = real(alpha, "alpha", minimum=0, maximum=1)
        target = warmup_target
        self.warmup_target = None if target is None else real(target, "warmup_target", minimum=0)
        self.warmup_steps = real(warmup_steps, "warmup_steps", minimum=0)

    def _rates(self, steps: _Steps) -> _Steps:
        start, target, warmup = self.initial_learning_rate, self.warmup_target, self.warmup_steps
        if target is None:
            return self._way_down(start, steps)
        down = self._way_down(target, np.maximum(steps - warmup, 0))
        if not warmup:
            return down
        return np.where(steps < warmup, start + (target - start) * steps / warmup, down)

    def _way_down(self, start: float, steps: _Steps) -> _Steps:
        cosine = np.cos(np.pi * np.minimum(steps / self.decay_steps, 1))
        return start * ((1 - self.alpha) * (1 + cosine) / 2 + self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` for the steps after ``boundaries[i - 1]``, up to and with ``boundaries[i]``.

    Parameters
    ----------
    boundaries : list of int
        Steps, >= 0, each larger than the one before; whole floats, as in Keras' files, will do.
    values : list of float
        Learning rates, >= 0; one more than boundaries.
    name : str
        Only for the saved configuration.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range.
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        super().__init__(name)
        for given, what in ((boundaries, "boundaries"), (values, "values")):
            if not isinstance(given, (list, tuple)):
                raise TypeError(f"{what} must be a list of numbers. Received: {shown(given)}")
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                "values must hold one number more than boundaries. "
                f"Received: {len(values)} values and {len(boundaries)} boundaries"
            )
        whole = [int(b) if isinstance(b, float) and b.is_integer() else b for b in boundaries]
        steps = [integer(b, f"boundaries[{i}]", 0, _MAX_STEP) for i, b in enumerate(whole)]
        if any(b <= a for a, b in pairwise(steps)):
            raise ValueError(f"boundaries must ascend. Received: {shown(boundaries)}")
        self.boundaries = tuple(steps)
        self.values = tuple(real(v, f"values[{i}]", minimum=0) for i, v in enumerate(values))

    def _rates(self, steps: _Steps) -> _Steps:
        boundaries = np.asarray(self.boundaries, dtype=np.float64)
        return np.asarray(self.values)[np.searchsorted(boundaries, steps)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "boundaries": list(self.boundaries),
            "values": list(self.values),
            "name": self.name,
        }


_CLASSES: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls for cls in (ExponentialDecay, CosineDecay, PiecewiseConstantDecay)
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `deserialize` makes an equal schedule.

    Raises
    ------
    TypeError
        The schedule is of a class of the user's own.
    """
    return _serialize(learning_rate_schedule, _CLASSES, "learning-rate schedule")


def deserialize(config: object) -> LearningRateSchedule:
    """Return the schedule that `serialize` described.

    Raises
    ------
    TypeError, ValueError
        ``config`` has another form, names an unknown class, or holds wrong arguments.
    """
    return _deserialize(config, _CLASSES, "learning-rate schedule")
