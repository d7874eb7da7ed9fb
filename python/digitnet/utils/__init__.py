"""Small helpers: one-hot labels and random seeds."""

from digitnet.utils.np_utils import to_categorical
from digitnet.utils.random_seed import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]
