"""The workloads: one definition of each, which every library runs.

This module needs NumPy alone, so that it can be imported beside any of the libraries.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PIXELS, CLASSES = 784, 10


@dataclass(frozen=True)
class Workload:
    """What is computed, how often, and what shows that it was computed rightly.

    A training run does ``warm_up`` epochs, then ``timed`` epochs, then a test. A prediction run
    does the same with items of ``calls`` calls each. A run counts only if its test accuracy
    reaches ``accuracy``.
    """

    name: str
    kind: str  # "train", "predict" or "import"
    about: str
    sizes: tuple[int, ...] = (PIXELS, 500, CLASSES)
    batch_size: int = 500
    learning_rate: float = 0.5
    dense: bool = False  # samples without zeros, instead of MNIST's pixels
    train_samples: int = 60_000
    predict_samples: int = 0
    warm_up: int = 1
    timed: int = 3
    calls: int = 1
    accuracy: float = 0.0

    @property
    def weights(self) -> int:
        """Elements of all kernels; the biases are less than 1 % of them."""
        return sum(a * b for a, b in pairwise(self.sizes))

    @property
    def gflop(self) -> float:
        """Arithmetic of one timed item computed densely, in 1e9 operations (0: none to speak of).

        A multiplication with an addition is two operations. Training meets every weight twice for
        each sample (forward, and in its gradient), and a third time, for the delta that it hands
        down, where a layer lies below. Zeros count: who skips them may exceed the machine's peak.
        """
        if self.kind == "predict":
            return 2 * self.weights * self.predict_samples / 1e9
        if self.kind == "train":
            first = self.sizes[0] * self.sizes[1]
            return 2 * (3 * self.weights - first) * self.train_samples / 1e9
        return 0.0


_ALL = (
    Workload("article", "train", "784-500-10, batches of 500", accuracy=0.94),
    Workload(
        "small-batch", "train", "784-500-10, batches of 32", batch_size=32, learning_rate=0.1,
        timed=2, accuracy=0.95,
    ),
    # A third of MNIST: the cost of a step does not depend on how many follow, and each of 1.4
    # TFLOP an epoch must be waited for by every library, in every round. After a run's two epochs
    # PyTorch's own initial weights have come to 79 %, the others' to 86 to 91 %.
    Workload(
        "wide", "train", "784-2500-2000-1500-1000-500-10, batches of 500, 20,000 samples",
        sizes=(PIXELS, 2500, 2000, 1500, 1000, 500, CLASSES), learning_rate=0.1,
        train_samples=20_000, timed=1, accuracy=0.75,
    ),
    # Without zeros the inputs are longer vectors: a learning rate of 0.5 oscillates.
    Workload(
        "dense-input", "train", "784-500-10, batches of 500, no zero in the samples",
        dense=True, learning_rate=0.1, accuracy=0.84,
    ),
    Workload(
        "predict-one", "predict", "one image, from NumPy to NumPy",
        predict_samples=1, warm_up=3, timed=15, calls=100, accuracy=0.9,
    ),
    Workload(
        "predict-10k", "predict", "the 10,000 test images, from NumPy to NumPy",
        predict_samples=10_000, warm_up=3, timed=15, accuracy=0.9,
    ),
    Workload("import-and-size", "import", "a fresh interpreter's import; bytes on disk", timed=3),
)  # fmt: skip
WORKLOADS = {workload.name: workload for workload in _ALL}


@dataclass(frozen=True)
class Data:
    """Samples (n, 784), uint8 (0 to 255) or float32 in (0, 1], and uint8 labels (n,)."""

    x_train: NDArray[np.uint8] | NDArray[np.float32]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8] | NDArray[np.float32]
    y_test: NDArray[np.uint8]


def shrunk(workload: Workload) -> Workload:
    """Return a workload of seconds on synthetic data, in whole batches: tests the benchmark."""
    sizes = (PIXELS, *(min(s, 32) for s in workload.sizes[1:-1]), CLASSES)
    few = {"timed": 2, "warm_up": 1, "calls": min(workload.calls, 5), "accuracy": 0.0}
    predict = min(workload.predict_samples, 100)
    return replace(
        workload, sizes=sizes, train_samples=2 * workload.batch_size, predict_samples=predict, **few
    )


def scaled(x: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the samples as the peers get them: float32 in [0, 1], scaled outside their timing."""
    return x if x.dtype == np.float32 else x.astype(np.float32) / np.float32(255)


def load(workload: Workload, synthetic: bool = False) -> Data:
    """Return the workload's data.

    Raises
    ------
    FileNotFoundError
        DIGITNET_DATA does not name a folder with the real MNIST.
    """
    data = _synthetic(workload.train_samples) if synthetic else _mnist()
    count = workload.train_samples
    x_train, x_test = data.x_train[:count], data.x_test
    if workload.dense:
        x_train, x_test = _without_zeros(x_train, 1), _without_zeros(x_test, 2)
    return Data(x_train, data.y_train[:count], x_test, data.y_test)


def _mnist() -> Data:
    folder = os.environ.get("DIGITNET_DATA")
    if not folder:
        raise FileNotFoundError(
            "the benchmarks need the real MNIST: set DIGITNET_DATA to the folder that holds its "
            "four .gz files (`digitnet train` downloads them into the cache folder)"
        )
    return Data(
        _idx(folder, "train-images-idx3", 16, 60_000).reshape(-1, PIXELS),
        _idx(folder, "train-labels-idx1", 8, 60_000),
        _idx(folder, "t10k-images-idx3", 16, 10_000).reshape(-1, PIXELS),
        _idx(folder, "t10k-labels-idx1", 8, 10_000),
    )


def _idx(folder: str, name: str, header: int, count: int) -> NDArray[np.uint8]:
    path = Path(folder) / f"{name}-ubyte.gz"
    if not path.is_file():
        raise FileNotFoundError(f"DIGITNET_DATA names a folder without {path.name}")
    values = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
    if len(values) not in (count, count * PIXELS):
        raise FileNotFoundError(f"{path.name} in DIGITNET_DATA is not MNIST's: {len(values)} bytes")
    return values


def _without_zeros(x: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
    """Return the mean of the pixels in [0, 1] and of fixed noise in (0, 1], where no zero is."""
    noise = 1 - np.random.default_rng(seed).random(x.shape, dtype=np.float32)
    return (scaled(x) + noise) / 2


def _synthetic(count: int) -> Data:
    """Return ten random patterns with noise, with as many zeros as MNIST."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(1, 200, (CLASSES, PIXELS)) * (rng.random((CLASSES, PIXELS)) < 0.19)

    def draw(samples: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        y = rng.integers(0, CLASSES, samples).astype(np.uint8)
        noise = rng.integers(0, 55, (samples, PIXELS)) * (patterns[y] > 0)
        return (patterns[y] + noise).astype(np.uint8), y

    return Data(*draw(count), *draw(200))
