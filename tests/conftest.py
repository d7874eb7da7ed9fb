"""Fixtures that several test files share."""

import os
from pathlib import Path

import numpy as np
import pytest

MNIST_FILES = [
    f"{part}-{kind}-ubyte.gz"
    for part in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]


@pytest.fixture
def rng():
    """Return a generator that starts every test from the same seed."""
    return np.random.default_rng(20240229)


@pytest.fixture
def threads_as_before():
    """Put the number of threads back after a test that sets it."""
    from digitnet import config

    before = config.num_threads()
    yield
    config.set_num_threads(before)


@pytest.fixture(scope="session")
def mnist():
    """Return the full MNIST, where DIGITNET_DATA says it lies; tests never download it."""
    folder = os.environ.get("DIGITNET_DATA", "")
    present = folder and all((Path(folder) / name).exists() for name in MNIST_FILES)
    if not present:
        pytest.skip("DIGITNET_DATA names no folder with the four MNIST .gz files")
    from digitnet.datasets import mnist

    return mnist.load_data(folder)


@pytest.fixture(scope="session")
def mnist_sample():
    """Return the sample that the package carries: (4000 digits, labels), (1000 digits, labels)."""
    from digitnet.datasets import mnist_sample

    return mnist_sample.load_data()
