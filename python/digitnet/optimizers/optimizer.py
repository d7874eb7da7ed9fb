"""What all optimizers share: learning rate, weight decay, limits of the gradients, steps done."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, ClassVar, NamedTuple, TypeVar

from digitnet import _core
from digitnet._checks import integer, real, text
from digitnet._errors import shown
from digitnet._identifiers import Configurable
from digitnet.optimizers import schedules
from digitnet.optimizers.schedules import LearningRateSchedule

_MAX_STEPS = 2**63 - 1


class _Count(NamedTuple):
    """A number of steps, and the cores that add to it, each with its own count at some moment.

    It is replaced as a whole, in one assignment, which Ctrl-C cannot divide.
    """

    base: int
    cores: tuple[tuple[_core.Model, int], ...] = ()

    def steps(self) -> int:
        return self.base + sum(core.iterations - before for core, before in self.cores)

    def set_to(self, steps: int) -> _Count:
        return _Count(steps, tuple((core, core.iterations) for core, _ in self.cores))

    def follows(self, core: _core.Model) -> bool:
        return any(known is core for known, _ in self.cores)

    def with_core(self, core: _core.Model) -> _Count:
        return _Count(self.base, (*self.cores, (core, core.iterations)))

    def without(self, core: _core.Model) -> _Count:
        made = sum(core.iterations - before for known, before in self.cores if known is core)
        return _Count(self.base + made, tuple(pair for pair in self.cores if pair[0] is not core))


class Optimizer(Configurable):
    """Base of all optimizers.

    Before a step the gradients (the regularizers' part included) are limited, if asked for, in one
    of three ways::

        g = clip(g, -clipvalue, clipvalue)                      value by value
        g = g * clipnorm / max(norm(g), clipnorm)               kernel by kernel, bias by bias
        g = g * global_clipnorm / max(norm(all g), global_clipnorm)

    and the weights, biases too, decay: ``w = w - learning_rate * weight_decay * w``. Learning rate
    and weight decay may be set anew between epochs and fits.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        >= 0; a schedule (or its saved configuration) is asked for the rate of every step.
    weight_decay : float, optional
        >= 0; None is 0.
    clipnorm, clipvalue, global_clipnorm : float, optional
        > 0; at most one of them.
    name : str
        Only for the saved configuration.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range, or two limits of the gradients.

    Notes
    -----
    On device "cuda" only `SGD` trains, with neither limits nor schedules: elsewhere the sentence of
    a RuntimeError says so, and a model on device "auto" computes on the CPU instead.
    """

    slots: ClassVar[tuple[str, ...]]
    """Names of what is kept beside each weight, once there has been a step that needs it."""
    _needs_decay: ClassVar[bool] = False  # None is no weight decay then

    def __new__(cls: type[Opt], *_: object, **__: object) -> Opt:
        """Refuse to make an object of the mere base class.

        Raises
        ------
        TypeError
            The class has no formulas.
        """
        if cls is Optimizer:
            raise TypeError(f"{cls.__name__} is a base class; make one of its subclasses")
        return super().__new__(cls)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Mapping[str, Any],
        weight_decay: float | None,
        clipnorm: float | None,
        clipvalue: float | None,
        global_clipnorm: float | None,
        name: str,
    ) -> None:
        if isinstance(learning_rate, Mapping):
            learning_rate = schedules.deserialize(learning_rate)
        self._schedule: LearningRateSchedule | None = None
        if isinstance(learning_rate, LearningRateSchedule):
            schedules.serialize(learning_rate)  # for its error: a class of the user's own
            self._schedule = learning_rate
        else:
            self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {key: limit for key, limit in limits.items() if limit is not None}
        if len(given) > 1:
            raise ValueError(
                f"only one of {', '.join(limits)} may be given. Received: {shown(given)}"
            )
        self.clipnorm = _limit(clipnorm, "clipnorm")
        self.clipvalue = _limit(clipvalue, "clipvalue")
        self.global_clipnorm = _limit(global_clipnorm, "global_clipnorm")
        self.name = text(name, "name")
        self._count = _Count(0)

    @property
    def learning_rate(self) -> float:
        """The step size, a finite float >= 0; with a schedule that of the next step, read-only."""
        return self._learning_rate if self._schedule is None else self._schedule(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if self._schedule is not None:
            raise TypeError(
                "learning_rate cannot be set where a schedule says it; make the optimizer with a "
                f"number instead. Received: {shown(value)}"
            )
        self._learning_rate = real(value, "learning_rate", minimum=0)

    @property
    def lr(self) -> float:
        """The old Keras spelling of ``learning_rate``."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: float) -> None:
        self.learning_rate = value

    @property
    def weight_decay(self) -> float | None:
        """How much of the weights decays at every step, a float >= 0; None is 0."""
        return self._weight_decay

    @weight_decay.setter
    def weight_decay(self, value: float | None) -> None:
        none = value is None and not self._needs_decay
        self._weight_decay = None if none else real(value, "weight_decay", minimum=0)

    @property
    def iterations(self) -> int:
        """Steps taken so far, counted by the models this optimizer is compiled into."""
        return self._count.steps()

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._count = self._count.set_to(integer(value, "iterations", 0, _MAX_STEPS))

    def follow(self, core: _core.Model) -> bool:
        """Count the core's steps from now on, too; return False where it was so already.

        The cores keep the count themselves, so that Ctrl-C between a step and its counting loses
        none; there are several where the `fit` of one model calls that of another.
        """
        if self._count.follows(core):
            return False
        self._count = self._count.with_core(core)
        return True

    def rest(self, core: _core.Model) -> None:
        """Count the core's steps no more."""
        self._count = self._count.without(core)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: the number of steps in place of the cores that make them."""
        return {**vars(self), "_count": _Count(self.iterations)}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        schedule = self._schedule
        return {
            "name": self.name,
            "learning_rate": schedules.serialize(schedule) if schedule else self.learning_rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "clipvalue": self.clipvalue,
            "global_clipnorm": self.global_clipnorm,
        }

    def core_optimizer(self, steps: int) -> _core.Optimizer:
        """Return the core's description of so many next steps, with the settings of now."""
        schedule = self._schedule
        return _core.Optimizer(
            self._rule(),
            clipvalue=self.clipvalue or inf,
            clipnorm=self.clipnorm or inf,
            global_clipnorm=self.global_clipnorm or inf,
            rates=None if schedule is None else schedule.rates(self.iterations, steps),
            iterations=self.iterations,
        )

    def _rule(self) -> _core.Sgd | _core.Adam:
        """Return the core's description of the formulas."""
        raise NotImplementedError


Opt = TypeVar("Opt", bound=Optimizer)


def _limit(value: float | None, name: str) -> float | None:
    return None if value is None else real(value, name, above=0)
