"""The same seed gives the same bits: run after run, in any batches, saved and resumed.

Run as a program, this file trains small networks and prints what came of them; ``python
tests/test_repeatability.py --compare`` trains the reference network with every instruction set and
number of threads, and prints how far they are from each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from digitnet import _core, config
from digitnet.callbacks import LambdaCallback
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam, AdamW
from digitnet.utils import set_random_seed

OPTIMIZERS = {
    "SGD": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "Adam": lambda: Adam(0.01),
    "AdamW": lambda: AdamW(0.01, clipnorm=0.5),
}


def data_of(zeros, rows=700):
    rng = np.random.default_rng(11)
    x = rng.standard_normal((rows, 33)).astype(np.float32)
    x[rng.random(x.shape) < zeros] = 0
    return x, rng.integers(7, size=rows)


def model_of(optimizer="Adam"):
    """Return a model whose weights come from the seed alone."""
    set_random_seed(42)
    layers = [
        Input((33,)),
        Dense(65, "relu"),
        Dropout(0.25),
        Dense(17, "tanh"),
        Dense(7, "softmax"),
    ]
    model = Sequential(layers, device="cpu")
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model, x, y, epochs=4, **kwargs):
    return model.fit(x, y, batch_size=48, epochs=epochs, verbose=0, **kwargs).history


def bits_of(model):
    return b"".join(w.tobytes() for w in model.get_weights())


@pytest.mark.parametrize("zeros", [0.0, 0.85])
def test_predictions_are_the_same_in_any_batches(threads_as_before, zeros):
    x, y = data_of(zeros, 1000)
    model = model_of()
    fit(model, x, y, 1)
    whole = model.predict(x)
    rng = np.random.default_rng(0)
    splits = [range(1, 1000), range(8, 1000, 8), range(9, 1000, 9), range(64, 1000, 64), [1, 999]]
    splits += [
        np.sort(rng.choice(np.arange(1, 1000), size, replace=False)) for size in (3, 30, 300)
    ]
    for threads in (1, 2, 3):
        config.set_num_threads(threads)
        assert model.predict(x).tobytes() == whole.tobytes()
        for split in splits:
            parts = [model.predict(part) for part in np.split(x, list(split))]
            assert np.concatenate(parts).tobytes() == whole.tobytes()
        for size in (1, 7, 32, 333):
            hook = LambdaCallback(on_predict_batch_end=lambda batch, logs: None)
            assert model.predict(x, size, callbacks=[hook]).tobytes() == whole.tobytes()
        order = rng.permutation(len(x))  # a sample's answer does not depend on its neighbours
        assert model.predict(x[order]).tobytes() == whole[order].tobytes()


def test_losses_do_not_depend_on_the_batches_they_are_asked_for_in(threads_as_before):
    x, y = data_of(0.5)
    model = model_of()
    expected = model.evaluate(x, y, verbose=0)
    for threads in (1, 2, 3, 8):
        config.set_num_threads(threads)
        for size in (1, 7, 128, 10_000):
            assert model.evaluate(x, y, size, verbose=0) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("zeros", [0.0, 0.85])
def test_saved_in_the_middle_and_resumed_from_the_file(tmp_path, optimizer, zeros):
    x, y = data_of(zeros)
    whole = model_of(optimizer)
    expected = fit(whole, x, y, 6)
    half = model_of(optimizer)
    first = fit(half, x, y, 2)
    half.save(tmp_path / "half.safetensors")
    half = load_model(tmp_path / "half.safetensors", device="cpu")
    set_random_seed(7)  # of no account: what is random has its place in the file
    second = fit(half, x, y, 6, initial_epoch=2)
    assert bits_of(half) == bits_of(whole)
    assert {name: first[name] + second[name] for name in expected} == expected
    whole.save(tmp_path / "whole.safetensors")
    half.save(tmp_path / "half.safetensors")
    assert (tmp_path / "half.safetensors").read_bytes() == (
        tmp_path / "whole.safetensors"
    ).read_bytes()


def outcome():
    """Return what a process of its own computes after `set_random_seed`, and nothing else."""
    x, y = data_of(0.5)
    result = {}
    for optimizer in OPTIMIZERS:
        model = model_of(optimizer)
        history = fit(model, x, y, validation_split=0.2)
        result[optimizer] = {
            "weights": hashlib.sha256(bits_of(model)).hexdigest(),
            "predictions": hashlib.sha256(model.predict(x).tobytes()).hexdigest(),
            "history": {
                name: [value.hex() for value in values] for name, values in history.items()
            },
            "first weights": [float(w.flat[0]) for w in model.get_weights()],
        }
    return result


def run(threads=2, isa=None):
    """Return the outcome in a new process."""
    environment = {**os.environ, "DIGITNET_NUM_THREADS": str(threads), "PYTHONHASHSEED": "random"}
    if isa is not None:
        environment["DIGITNET_CPU_ISA"] = isa
    done = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_run_after_run_with_any_number_of_threads():
    expected = outcome()
    assert outcome() == expected
    for threads in (1, 2, 3, 4, 8):
        assert run(threads) == expected


def test_instruction_sets():
    """AVX2 and AVX-512 give the same bits; the plain loops add up in another order."""
    isas = _core.supported_cpu_isas()
    if len(isas) == 1:
        pytest.skip("this processor has one instruction set only")
    outcomes = {isa: run(isa=isa) for isa in isas}
    fast = [outcomes[isa] for isa in isas if isa != "generic"]
    assert all(outcome == fast[0] for outcome in fast)
    for optimizer, expected in fast[0].items():
        plain = outcomes["generic"][optimizer]
        losses, others = (
            np.array([float.fromhex(value) for value in one["history"]["loss"]])
            for one in (expected, plain)
        )
        np.testing.assert_allclose(others, losses, rtol=1e-4)


def reference(path):
    """Train 784-500-10 for two epochs on MNIST, or else the sample, and keep what came of it."""
    from digitnet.datasets import mnist, mnist_sample
    from digitnet.layers import Flatten, Rescaling

    data = (mnist if mnist.find() else mnist_sample).load_data()
    set_random_seed(0)
    layers = [Input((28, 28)), Flatten(), Rescaling(1 / 255), Dense(500, "relu")]
    model = Sequential([*layers, Dense(10, "softmax")], device="cpu")
    model.compile(SGD(0.5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*data[0], batch_size=500, epochs=2, verbose=0)
    loss, accuracy = model.evaluate(*data[1], verbose=0)
    outputs = model.predict(data[1][0])
    np.savez(path, *model.get_weights(), outputs=outputs, loss=loss, accuracy=accuracy)


def compare():
    """Print a line for each way to compute, in comparison with the first."""
    ways = [(isa, threads) for isa in _core.supported_cpu_isas()[::-1] for threads in (1, 2)]
    ways[2:2] = [(ways[0][0], threads) for threads in (3, 4, 8)] + [(ways[0][0], 2)]  # and again
    first = None
    for isa, threads in ways:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "r.npz")
            settings = {"DIGITNET_CPU_ISA": isa, "DIGITNET_NUM_THREADS": str(threads)}
            command = [sys.executable, __file__, "--reference", path]
            subprocess.run(command, env={**os.environ, **settings}, check=True)
            with np.load(path, allow_pickle=False) as arrays:
                now = {name: arrays[name] for name in arrays}
        first = first or now
        same = all(now[name].tobytes() == first[name].tobytes() for name in now)
        gaps = {name: np.abs(now[name].astype(float) - first[name]).max() for name in now}
        weights = max(gap for name, gap in gaps.items() if name.startswith("arr_"))
        print(
            f"{isa}, {threads} threads: {'the same bits' if same else 'other bits'}; differences: "
            f"weights {weights:.1e}, outputs {gaps['outputs']:.1e}, loss {gaps['loss']:.1e}, "
            f"accuracy {gaps['accuracy']:.1e} (accuracy {now['accuracy']:.4f})",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reference"]:
        reference(sys.argv[2])
    elif sys.argv[1:2] == ["--compare"]:
        compare()
    else:
        print(json.dumps(outcome()))
