"""Nothing leaks: a million predictions and a thousand fits take no more memory than a few.

The test runs this file as a program, which repeats as often as it is asked to: ``python
tests/test_steady_memory.py --predictions 1000000 --fits 1000``.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LIMIT_KB = 1024

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc"),
]


def resident_kb():
    """Return how much of the process's memory is in RAM, without what is free but kept by malloc.

    That goes up and down by some 20 MB as work comes and goes.
    """
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc's
        ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def growth(what, work, count):
    """Do the work so often, after a tenth to warm up; return a line that says the growth."""
    for _ in range(max(count // 10, 30)):
        work()
    before = resident_kb()
    for _ in range(count):
        work()
    return f"{what}: {count} times, {resident_kb() - before} KB more"


def model_of(optimizer):
    from digitnet.layers import Dense, Dropout, Input
    from digitnet.models import Sequential

    layers = [Input((784,)), Dense(100, "relu"), Dropout(0.1), Dense(10, "softmax")]
    model = Sequential(layers, device="cpu")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    from digitnet import config

    parser = argparse.ArgumentParser()
    parser.add_argument("--predictions", type=int, default=1_000_000)
    parser.add_argument("--fits", type=int, default=1_000)
    args = parser.parse_args()
    config.set_num_threads(2)
    rng = np.random.default_rng(0)
    x = (rng.random((1200, 784)) * (rng.random((1200, 784)) < 0.2)).astype(np.float32)
    y = rng.integers(10, size=len(x))
    image, some = x[:1], x[:100]
    model = model_of("adam")

    def fail():
        with contextlib.suppress(ValueError):
            model.predict(x[:, 1:])

    def fit_anew():
        model_of("adam").fit(x, y, batch_size=100, verbose=0, validation_split=0.2)

    few = max(args.predictions // 100, 10)
    print(growth("predict, 1 image", lambda: model.predict(image), args.predictions), flush=True)
    print(growth("predict, 100 images", lambda: model.predict(some), few), flush=True)
    print(growth("predict, refused", fail, few), flush=True)
    print(
        growth("fit of one model", lambda: model.fit(x, y, 100, verbose=0), args.fits), flush=True
    )
    print(growth("fit of new models", fit_anew, args.fits), flush=True)


def test_steady_memory():
    arguments = ["--predictions", "20000", "--fits", "60"]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
    )
    grown = [int(line.split()[-3]) for line in done.stdout.splitlines()]
    assert len(grown) == 5
    assert max(grown) <= LIMIT_KB, done.stdout


if __name__ == "__main__":
    main()
