"""Every allocation of the C++ core fails once: MemoryError, and the model as it was.

Each piece of work is repeated while its first, second, … allocation fails, until there is none left
to fail; once with that one alone, and once with all that follow. ``python
tests/test_failing_memory.py`` does so, in a process that has failing_new.cpp preloaded; the test
lets every fifth allocation fail.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).with_name("failing_new.cpp")
LIBRARY = "DIGITNET_FAILING_NEW"  # the environment variable that names the preloaded library

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="preloads a library as Linux does"),
]

rng = np.random.default_rng(7)
X = rng.standard_normal((150, 64)).astype(np.float32)
ZEROS = np.where(rng.random(X.shape) < 0.85, 0, X).astype(np.float32)
Y = rng.integers(10, size=len(X))
FEW = X[:3]


def model_of(kind="momentum"):
    """Return a model with the same weights and random streams at every call."""
    from digitnet.constraints import MaxNorm
    from digitnet.layers import Dense, Dropout, Input
    from digitnet.models import Sequential
    from digitnet.optimizers import SGD, Adam
    from digitnet.utils import set_random_seed

    set_random_seed(3)
    optimizer = SGD(0.1, momentum=0.9) if kind == "momentum" else Adam(0.01, clipnorm=0.1)
    limit = None if kind == "momentum" else MaxNorm(2.0)
    hidden = Dense(70, "relu", kernel_constraint=limit, kernel_regularizer="l2")
    model = Sequential([Input((64,)), hidden, Dropout(0.2), Dense(10, "softmax")], device="cpu")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model, x=X, **kwargs):
    """Make three steps."""
    model.fit(x, Y, batch_size=64, epochs=1, verbose=0, **kwargs)


def state_of(model):
    """Return all that training changes."""
    core = model._core
    arrays = [*core.get_weights(), *(array for slot in core.get_slots() for array in slot)]
    counts = core.iterations, core.epochs, core.seed, model.optimizer.iterations
    return [array.tobytes() for array in arrays], counts


def states_of(make, work):
    """Return the states before and after every step of a fit, by the number of steps."""
    from digitnet.callbacks import LambdaCallback

    model = make()
    states = {0: state_of(model)} if model._core is not None else {}

    def note(batch, logs):
        states[batch + 1] = state_of(model)

    work(model, callbacks=[LambdaCallback(on_train_batch_end=note)])
    return states


def csr_of(x):
    from scipy.sparse import csr_matrix

    return csr_matrix(x)


def work_of(folder):
    """Return what is to be done: name, how to make the model, what to do with it."""
    from digitnet.augmentation import ElasticDistortion, ImageAugmentation
    from digitnet.layers import Dense, Flatten, Input
    from digitnet.models import Sequential, load_model
    from digitnet.optimizers import SGD
    from digitnet.utils import set_random_seed

    path = folder / "model.safetensors"
    model_of().save(path)
    weights = [w + 1 for w in model_of().get_weights()]
    rows = csr_of(ZEROS)

    def adam():
        return model_of("adam")

    def trained():
        model = adam()
        fit(model)
        return model

    def unbuilt():
        set_random_seed(3)
        model = Sequential([Dense(70, "relu"), Dense(10, "softmax")], device="cpu")
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    def of_images():
        set_random_seed(3)
        layers = [Input((8, 8)), Flatten(), Dense(70, "relu"), Dense(10, "softmax")]
        model = Sequential(layers, device="cpu")
        model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
        return model

    augment = ImageAugmentation(shift=0.1, rotation=10, elastic=ElasticDistortion(2.0, 1.5))
    images = X.reshape(-1, 8, 8)

    return {
        "fit, SGD": (model_of, fit),
        "fit, Adam, clipnorm": (adam, fit),
        "fit, Adam, zeros": (adam, partial(fit, x=ZEROS)),
        "fit, CSR": (model_of, partial(fit, x=rows)),
        "fit, augmentation": (of_images, partial(fit, x=images, augmentation=augment)),
        "augmentation": (of_images, lambda _: augment(images)),
        "fit, validation": (adam, partial(fit, validation_data=(X, Y))),
        "fit, unbuilt": (unbuilt, fit),
        "train_on_batch": (adam, lambda model: model.train_on_batch(X, Y)),
        "gradients": (model_of, lambda model: model.gradients(X, Y)),
        "apply_gradients": (adam, lambda model: model.apply_gradients(weights)),
        "evaluate": (model_of, lambda model: model.evaluate(X, Y, verbose=0)),
        "test_on_batch": (model_of, lambda model: model.test_on_batch(X, Y)),
        "evaluate, CSR": (model_of, lambda model: model.evaluate(rows, Y, verbose=0)),
        "predict": (model_of, lambda model: model.predict(X)),
        "predict, zeros": (model_of, lambda model: model.predict(ZEROS)),
        "predict, 3 rows": (model_of, lambda model: model.predict(FEW)),
        "get_weights": (model_of, lambda model: model.get_weights()),
        "set_weights": (model_of, lambda model: model.set_weights(weights)),
        "save": (trained, lambda model: model.save(path)),
        "save_weights": (trained, lambda model: model.save_weights(folder / "w.npz")),
        "load_model": (model_of, lambda _: load_model(path)),
        "load_weights": (trained, lambda model: model.load_weights(path)),
        "export": (model_of, lambda model: model.export(folder / "m.onnx")),
        "add": (model_of, lambda model: model.add(Dense(3))),
        "copy": (trained, lambda model: model.__reduce__()),
    }


class Refused:
    """The preloaded library."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(os.environ[LIBRARY])
        self._library.failing_new_disarm.restype = ctypes.c_long

    def during(self, n, rest, work, model):
        """Do the work while its n-th allocation fails; return the error and how many there were."""
        self._library.failing_new_arm(ctypes.c_long(n), int(rest))
        try:
            work(model)
            error = None
        except MemoryError as caught:
            error = caught
        finally:
            seen = self._library.failing_new_disarm()
        return error, seen


def check(refused, name, make, work, rest, stride):
    """Return how many allocations the work made, of which every stride-th has failed once."""
    from digitnet import config

    states = states_of(make, work) if name.startswith("fit, ") else {}
    n, failed = 1 - stride, -1
    while True:
        n, failed = n + stride, failed + 1
        config.set_num_threads(2 + n % 2)  # another team: its making may fail, too
        model = make()
        built = model._core is not None
        before = state_of(model) if built else None
        error, seen = refused.during(n, rest, work, model)
        if n > seen:
            assert error is None, f"{name}: {error} without any failure"
            return failed
        assert error is not None, f"{name}: allocation {n} of {seen} failed, and nobody noticed"
        if not built:
            steps = 0 if model._core is None else model._core.iterations
            assert steps == model.optimizer.iterations, f"{name}: allocation {n}"
            assert not steps or state_of(model)[0] == states[steps][0], f"{name}: allocation {n}"
        elif name == "add":
            assert state_of(model) == before, f"{name}: {n}"
            assert len(model.layers) == 3, f"{name}: {n}"
        else:
            after = state_of(model)
            steps = model._core.iterations - before[1][0]
            expected = before if not steps else states[steps] if states else after
            assert after[0] == expected[0], f"{name}: allocation {n} changed the model"
            assert after[1][0] == after[1][3] or not steps, f"{name}: {n}: counts {after[1]}"
            assert steps or after == before, f"{name}: {n}: {before[1]} became {after[1]}"
        work(model)  # it still works


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stride", type=int, default=1, help="let every so many-th fail")
    stride = parser.parse_args().stride
    refused = Refused()
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, work) in work_of(Path(folder)).items():
            modes = (False, True) if stride == 1 else (False,)
            counts = [check(refused, name, make, work, rest, stride) for rest in modes]
            print(f"{name}: {' and '.join(map(str, counts))} allocations failed", flush=True)


def run(arguments):
    """Build the library and run this file with it."""
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "failing_new.so"
        options = ["-std=c++17", "-O1", "-shared", "-fPIC", str(SOURCE), "-o", str(library)]
        subprocess.run([compiler, *options], check=True)
        preload = {"LD_PRELOAD": str(library), LIBRARY: str(library)}
        return subprocess.run(
            [sys.executable, __file__, *arguments],
            env={**os.environ, **preload},
            capture_output=True,
            text=True,
        )


def test_every_allocation_may_fail():
    pytest.importorskip("scipy")
    done = run(["--stride", "5"])
    assert done.returncode == 0, done.stdout + done.stderr
    counts = [line.split(": ")[1] for line in done.stdout.splitlines()]
    assert len(counts) == 26
    assert all(int(count.split()[0]) > 0 for count in counts)


if __name__ == "__main__":
    if LIBRARY in os.environ:
        main()
    else:
        done = run(sys.argv[1:])
        print(done.stdout, done.stderr)
        sys.exit(done.returncode)
