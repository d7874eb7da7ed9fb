"""Where digitnet's own seeds come from."""

from __future__ import annotations

import itertools
import os

from digitnet._checks import integer

_MASK = 2**64 - 1

# The stream's seed and how many seeds were drawn; itertools.count is safe to share among threads.
_stream = (int.from_bytes(os.urandom(8), "little"), itertools.count(1))


def next_seed() -> int:
    """Return the next seed, 0 <= seed < 2**63, for an initializer or a model.

    The stream is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    """
    seed, counter = _stream
    z = (seed + next(counter) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) >> 1


def set_random_seed(seed: int) -> None:
    """Make every later random choice repeatable: Python's, NumPy's and digitnet's.

    After the same seed the same program gives the same initial weights, shuffling and dropout, bit
    for bit and for any number of threads.

    Parameters
    ----------
    seed : int
        0 <= seed < 2**32 (NumPy's limit).

    Raises
    ------
    TypeError, ValueError
        ``seed`` is not an integer, or out of range.
    """
    global _stream
    number = integer(seed, "seed", 0, 2**32 - 1)
    import random  # here: `import digitnet` should not pay for it

    import numpy as np

    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - the legacy generator is the one users call
    _stream = (number, itertools.count(1))
