"""The first ten losses of a small run on real digits, as the oracle computed them once.

They are float64 results of the oracle, not of digitnet, from weights that a formula gives; so they
also hold where neither MNIST nor another library is at hand. To compute them anew:

    python tests/test_golden.py
"""

import numpy as np
import pytest

import digitnet
from agreement import build
from digitnet.datasets import mnist_sample
from reference_mlp import Dense, Loss, Network, Rescaling
from reference_optimizers import Sgd

BATCH, RATE = 50, 0.2
GOLDEN_LOSSES = [
    2.4298543718988665,
    2.314851230301892,
    2.164542288082073,
    1.9469351572628273,
    1.8630869515038226,
    1.8996196469826783,
    1.6427842605872802,
    1.83537806789431,
    1.4736466670518067,
    1.3823416055998758,
]


def network():
    """Return 784-32-10 with kernel[i, j] = scale * sin((i * units + j)²) and zero biases."""
    layers = []
    for inputs, units, scale, activation in [(784, 32, 0.1, "relu"), (32, 10, 0.3, "softmax")]:
        kernel = scale * np.sin(np.arange(float(inputs * units)) ** 2).reshape(inputs, units)
        layers.append(Dense(kernel, np.zeros(units), activation))
    return Network([Rescaling(1 / 255), *layers], Loss("sparse_categorical_crossentropy"))


def batches():
    (x, y), _ = mnist_sample.load_data()
    for first in range(0, 500, BATCH):
        part = slice(first, first + BATCH)
        yield x[part].reshape(BATCH, 784), y[part]


def oracle_losses():
    net, optimizer = network(), Sgd(RATE)
    return [float(net.train_on_batch(x, y.astype(int), optimizer)) for x, y in batches()]


def test_the_oracle_still_says_so():
    assert oracle_losses() == pytest.approx(GOLDEN_LOSSES, rel=1e-12)


def test_digitnet_walks_the_same_way():
    model = build(digitnet, network(), 784, Sgd(RATE))
    losses = [float(model.train_on_batch(x, y)) for x, y in batches()]
    assert losses == pytest.approx(GOLDEN_LOSSES, rel=1e-5)


if __name__ == "__main__":
    print("\n".join(f"    {loss!r}," for loss in oracle_losses()))
