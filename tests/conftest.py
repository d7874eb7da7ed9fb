"""Fixtures that several test files share."""

import os
from pathlib import Path

import numpy as np
import pytest

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # the tests that need it are skipped, and say so
    pass
else:
    # The same few examples everywhere; DIGITNET_EXAMPLES=5000 looks for new ones.
    examples = os.environ.get("DIGITNET_EXAMPLES")
    settings.register_profile(
        "digitnet",
        max_examples=int(examples or 150),
        derandomize=not examples,
        database=None,
        deadline=None,  # the machine may be busy
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    settings.load_profile("digitnet")

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
