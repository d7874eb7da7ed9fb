"""A model and a comparison for the tests of weight files."""

import numpy as np

from digitnet.layers import Activation, Dense, Dropout, Flatten, Input, LeakyReLU, Rescaling
from digitnet.models import Sequential


def new_model():
    """Return a model whose Dense layers are of every kind, with other weights each time."""
    return Sequential(
        [
            Input((2, 3)),
            Flatten(),
            Rescaling(0.5, 0.25),
            Dense(5, "relu", bias_initializer="random_normal"),
            Dropout(0.2),
            Dense(4, use_bias=False),
            LeakyReLU(0.1),
            Dense(4, "gelu", bias_initializer="random_normal"),
            Activation("linear"),
            Dense(3, "softmax", bias_initializer="random_normal"),
        ]
    )


def odd_model():
    """Return a model with values that a conversion could lose: the least, the greatest, and -0."""
    result = new_model()
    weights = result.get_weights()
    weights[0].flat[:5] = [-0.0, 1e-45, -1e-45, np.finfo(np.float32).max, 1 / 3]
    result.set_weights(weights)
    return result


def assert_same_bits(left, right):
    for a, b in zip(left, right, strict=True):
        assert (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
