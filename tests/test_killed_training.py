"""A training that a signal ends is taken up by the next process, to the same end, to the bit.

Run as a program, this file is that training (with dropout, shuffling and a backup after every third
step) or, with ``--all``, kills each of three of them by each of three signals, ten times in a row.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digitnet import saving
from digitnet.callbacks import BackupAndRestore, LambdaCallback
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD, Adam, AdamW
from digitnet.optimizers.schedules import CosineDecay
from digitnet.utils import set_random_seed

EVERY = 3  # steps: the most that may be lost
STEPS = 5  # in an epoch

OPTIMIZERS = {
    "momentum": lambda: SGD(0.05, momentum=0.9, nesterov=True),
    "Adam": lambda: Adam(CosineDecay(0.01, 10_000)),
    "AdamW": lambda: AdamW(0.01, global_clipnorm=0.5),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of Unix"),
]


def train(optimizer, epochs, callbacks):
    """Return the model after so many epochs, from the same seed each time."""
    set_random_seed(8)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 12)).astype(np.float32)
    y = rng.integers(3, size=len(x))
    model = Sequential([Input((12,)), Dense(33, "relu"), Dropout(0.3), Dense(3, "softmax")])
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, 16, epochs=epochs, verbose=0, callbacks=callbacks, validation_split=0.05)
    return model


def main(optimizer, epochs, folder):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background shells ignore it
    steps = 0

    def say(batch, logs):
        nonlocal steps
        steps = hook.model.optimizer.iterations
        if steps % 50 == 0:
            print(steps, flush=True)

    hook = LambdaCallback(on_train_batch_end=say)
    backup = BackupAndRestore(os.path.join(folder, "backup"), EVERY)
    try:
        train(optimizer, epochs, [hook, backup]).save(os.path.join(folder, "end.safetensors"))
    except KeyboardInterrupt:
        print(steps, flush=True)
        raise


SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"]


@pytest.mark.parametrize(("optimizer", "name"), list(zip(OPTIMIZERS, SIGNALS, strict=True)))
def test_killed_and_taken_up_again(tmp_path, optimizer, name):
    kill_and_resume(tmp_path, optimizer, name, times=2)


def kill_and_resume(tmp_path, optimizer, name, times):
    """Kill a training at random moments, most of them within an epoch, and finish it at last."""
    number = getattr(signal, name)
    command = [sys.executable, __file__, optimizer, "1000000", str(tmp_path)]
    draw, known = random.Random(f"{optimizer} {name}"), 0
    for _ in range(times):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with subprocess.Popen(command, **pipes) as child:
            child.stdout.readline()
            time.sleep(draw.uniform(0, 0.1))
            child.send_signal(number)
            rest = child.stdout.read().split()
        assert child.returncode == -number
        backup = saving.read(tmp_path / "backup" / "backup.safetensors").settings
        steps = backup["training"]["iterations"]
        assert steps >= max(known, 1)
        assert not rest or steps >= int(rest[-1]) - EVERY
        known = steps
    epochs = backup["fit"]["epoch"] + 2
    command[3] = str(epochs)
    subprocess.run(command, check=True, capture_output=True)
    whole = train(optimizer, epochs, [])
    whole.save(tmp_path / "whole.safetensors")
    resumed = (tmp_path / "end.safetensors").read_bytes()
    assert resumed == (tmp_path / "whole.safetensors").read_bytes()


if __name__ == "__main__" and sys.argv[1] == "--all":
    import tempfile
    from pathlib import Path

    for optimizer in OPTIMIZERS:
        for name in SIGNALS:
            with tempfile.TemporaryDirectory() as folder:
                kill_and_resume(Path(folder), optimizer, name, times=10)
            print(f"{optimizer}: 10 times {name}, resumed to the same bits", flush=True)
elif __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
