"""Initial values of kernels and biases.

All values come from the core's Philox generator: the same seed gives the same float32 bits
everywhere. A kernel of shape ``(in, units)`` has ``fan_in = in`` and ``fan_out = units``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._checks import integer, real, sample_shape
from digitnet._errors import shown
from digitnet._identifiers import CoreKind, resolve
from digitnet._identifiers import serialize as _serialize
from digitnet.utils.random_seed import next_seed


class Initializer(CoreKind):
    """Base of all initializers: call one with a shape to get a float32 array."""

    parameters: ClassVar[tuple[str, ...]] = ()  # the attributes handed to the core as (a, b)

    def __call__(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Return new values.

        Parameters
        ----------
        shape : tuple of int
            ``(in, units)`` for a kernel, ``(units,)`` for a bias.

        Raises
        ------
        ValueError
            ``shape`` has neither one nor two sizes, or a size below 1.
        """
        sizes = sample_shape(shape, "shape")
        if len(sizes) > 2:
            raise ValueError(f"shape must hold one or two sizes. Received: {shown(shape)}")
        rows, cols = (1, sizes[0]) if len(sizes) == 1 else sizes
        fan_in, fan_out = (cols, cols) if len(sizes) == 1 else sizes
        a, b = ([getattr(self, name) for name in self.parameters] + [0.0, 0.0])[:2]
        values = _core.initialize(self.kind, rows, cols, fan_in, fan_out, a, b, self._draw_seed())
        return values.reshape(sizes)

    def _draw_seed(self) -> int:
        return 0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: getattr(self, name) for name in self.parameters}


class Zeros(Initializer):
    """All 0."""

    kind = "zeros"


class Ones(Initializer):
    """All 1."""

    kind = "ones"


class Constant(Initializer):
    """All ``value``.

    Raises
    ------
    TypeError, ValueError
        ``value`` is not a finite number.
    """

    kind = "constant"
    parameters = ("value",)

    def __init__(self, value: float = 0.0) -> None:
        self.value = real(value, "value")


class RandomInitializer(Initializer):
    """Base of the random initializers.

    Parameters
    ----------
    seed : int, optional
        Every call with one seed and one shape gives the same values. None: each call takes the next
        seed of the stream that ``digitnet.utils.set_random_seed`` starts.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else integer(seed, "seed", 0, 2**63 - 1)

    def _draw_seed(self) -> int:
        return next_seed() if self.seed is None else self.seed

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


class RandomNormal(RandomInitializer):
    """Normal distribution with the given mean and standard deviation.

    Raises
    ------
    TypeError, ValueError
        ``mean`` is not a finite number, or ``stddev`` not a finite number >= 0.
    """

    kind = "random_normal"
    parameters = ("mean", "stddev")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = real(mean, "mean")
        self.stddev = real(stddev, "stddev", minimum=0)


class TruncatedNormal(RandomNormal):
    """As RandomNormal, but values beyond two standard deviations are drawn again."""

    kind = "truncated_normal"


class RandomUniform(RandomInitializer):
    """Uniform distribution on [minval, maxval).

    Raises
    ------
    TypeError, ValueError
        A bound is not a finite number, or ``maxval`` is below ``minval``.
    """

    kind = "random_uniform"
    parameters = ("minval", "maxval")

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = real(minval, "minval")
        self.maxval = real(maxval, "maxval", minimum=self.minval)


class GlorotUniform(RandomInitializer):
    """Uniform on ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    kind = "glorot_uniform"


class GlorotNormal(RandomInitializer):
    """Truncated normal, standard deviation sqrt(2 / (fan_in + fan_out)) (Glorot, Bengio, 2010)."""

    kind = "glorot_normal"


class HeUniform(RandomInitializer):
    """Uniform on ±sqrt(6 / fan_in) (He et al., 2015)."""

    kind = "he_uniform"


class HeNormal(RandomInitializer):
    """Truncated normal, standard deviation sqrt(2 / fan_in) (He et al., 2015)."""

    kind = "he_normal"


class LecunUniform(RandomInitializer):
    """Uniform on ±sqrt(3 / fan_in) (LeCun et al., 1998)."""

    kind = "lecun_uniform"


class LecunNormal(RandomInitializer):
    """Truncated normal, standard deviation sqrt(1 / fan_in) (LeCun et al., 1998)."""

    kind = "lecun_normal"


_ALL: tuple[type[Initializer], ...] = (
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
    RandomNormal, TruncatedNormal, RandomUniform, Zeros, Ones, Constant,
)  # fmt: skip
_NAMES = {cls.kind: cls for cls in _ALL}
_CLASSES = {cls.__name__: cls for cls in _ALL}


def get(identifier: object) -> Initializer:
    """Return the initializer for a name, an instance, a class or a saved configuration.

    Raises
    ------
    ValueError
        The name is unknown; the message lists the known ones.
    TypeError
        ``identifier`` is none of these, or of a class of the user's own.
    """
    return resolve(identifier, Initializer, _NAMES, _CLASSES, "initializer")


def serialize(item: Initializer) -> dict[str, Any]:
    """Return ``{"class_name": …, "config": …}``, from which `get` makes an equal initializer.

    Raises
    ------
    TypeError
        ``item`` is of a class of the user's own.
    """
    return _serialize(item, _CLASSES, "initializer")
