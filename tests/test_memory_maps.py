"""Files larger than the memory that the process may take: pages are read, nothing is copied.

The test runs this file as a program, in a process of its own, and reads what it prints.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROWS, FEATURES = 300_000, 256
MORE_MB = 48  # than the process has, threads and workspace included; the files hold 77 and 307 MB


def limit_memory():
    """Let the process take so much more private memory, in which file-backed pages do not count."""
    import resource

    lines = Path("/proc/self/status").read_text().splitlines()
    now = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
    limit = now + MORE_MB * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def use(folder, dtype):
    """Train, test and predict on the file, where a copy of it has no room."""
    from digitnet import config
    from digitnet.layers import Dense, Input
    from digitnet.models import Sequential

    config.set_num_threads(1)
    x = np.memmap(Path(folder) / "x", dtype, "r", shape=(ROWS, FEATURES))
    y = np.arange(ROWS, dtype=np.int32) % 3
    model = Sequential([Input((FEATURES,)), Dense(3, "softmax")], device="cpu")
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(x[:32], y[:32])
    limit_memory()
    for part in (x, x[::-1], x[::2]):
        labels = y[: len(part)]
        model.fit(part, labels, batch_size=500, verbose=0, copy=False)
        model.evaluate(part, labels, verbose=0)
        outputs = model.predict(part)
    found = []
    for convert in (lambda: x.astype(np.float64), lambda: np.ones(MORE_MB * 2**17)):
        try:
            found.append(convert().nbytes)
        except MemoryError:
            found.append("refused")
    print(outputs.shape, *found)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc and RLIMIT_DATA")
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_no_copy_of_a_file(tmp_path, dtype):
    rng = np.random.default_rng(0)
    file = np.memmap(tmp_path / "x", dtype, "w+", shape=(ROWS, FEATURES))
    file[: ROWS // 10] = rng.integers(0, 2, (ROWS // 10, FEATURES))  # the rest takes no disk
    file.flush()
    command = [sys.executable, __file__, str(tmp_path), dtype]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split(")")[1].split() == ["refused", "refused"]


if __name__ == "__main__":
    use(*sys.argv[1:])
