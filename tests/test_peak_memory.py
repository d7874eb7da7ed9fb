"""Peak memory of the reference fit: no float copy of the data set (180 MB) may hide in it.

The test runs this file as a program, in a process of its own, and reads what it prints.
"""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LIMIT_MB = 150


def status_mb(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def read(folder, name, offset, shape):
    return np.frombuffer(gzip.open(Path(folder) / name).read(), np.uint8)[offset:].reshape(shape)


def extra_mb_of_the_reference_fit(folder):
    """Return the peak of resident memory above the interpreter with NumPy and the data loaded."""
    x = read(folder, "train-images-idx3-ubyte.gz", 16, (60000, 28, 28))
    y = read(folder, "train-labels-idx1-ubyte.gz", 8, (60000,))
    before = status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten: see proc(5)

    from digitnet import Sequential
    from digitnet.layers import Dense, Flatten, Input, Rescaling
    from digitnet.optimizers import SGD

    layers = [Flatten(), Rescaling(1 / 255), Dense(500, activation="relu")]
    model = Sequential([Input((28, 28)), *layers, Dense(10, activation="softmax")], device="cpu")
    model.compile(SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=500, epochs=1, verbose=0)
    return status_mb("VmHWM") - before


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")  # skips where the data are not
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_reference_fit():
    command = [sys.executable, __file__, os.environ["DIGITNET_DATA"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < LIMIT_MB


if __name__ == "__main__":
    print(extra_mb_of_the_reference_fit(sys.argv[1]))
