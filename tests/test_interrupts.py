"""Ctrl-C at any moment: KeyboardInterrupt within 100 ms, and a model that has made whole steps.

A process does the work over and over; another one sends it SIGINT at random moments and looks at
the clock. The test does so a few times, ``python tests/test_interrupts.py --count 100`` so often
for every kind of work, with the real sizes.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from mirror_server import CONTENT, mirror_server

LIMIT = 0.1  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix"),
]

STEPS, BATCH = 4, 16  # of the small training


def digits(dtype=np.uint8, rows=60_000):
    """Return what looks like MNIST to the core: a fifth of the pixels is not 0."""
    rng = np.random.default_rng(0)
    x = rng.integers(1, 256, (rows, 784), dtype=np.uint8)
    x[rng.random(x.shape, np.float32) < 0.8] = 0
    return x.astype(dtype), rng.integers(10, size=rows)


def network(*units, optimizer="sgd"):
    from digitnet.layers import Dense, Input, Rescaling
    from digitnet.models import Sequential

    hidden = [Dense(n, "relu") for n in units]
    layers = [Input((784,)), Rescaling(1 / 255), *hidden, Dense(10, "softmax")]
    model = Sequential(layers, device="cpu")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def small(optimizer="adam"):
    """Return a model whose every step is a moment's work, and its data."""
    from digitnet.layers import Dense, Dropout, Input
    from digitnet.models import Sequential
    from digitnet.utils import set_random_seed

    set_random_seed(1)
    rng = np.random.default_rng(2)
    model = Sequential([Input((6,)), Dense(9, "relu"), Dropout(0.3), Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = rng.standard_normal((STEPS * BATCH, 6)).astype(np.float32)
    return model, x, rng.integers(3, size=len(x))


def state_of(model):
    core = model._core
    arrays = [*core.get_weights(), *(array for slot in core.get_slots() for array in slot)]
    return [array.tobytes() for array in arrays], core.iterations, model.optimizer.iterations


def after(steps):
    """Return the state of the small training after so many steps that nobody interrupted."""
    from digitnet.callbacks import LambdaCallback

    def stop(batch, logs):
        model.stop_training = model._core.iterations == steps

    model, x, y = small()
    hook = LambdaCallback(on_train_batch_end=stop)
    if steps // STEPS:
        model.fit(x, y, BATCH, epochs=steps // STEPS, verbose=0)
    if steps % STEPS:
        model.fit(x, y, BATCH, epochs=1, verbose=0, callbacks=[hook])
    return state_of(model)


def check_count(model):
    """Raise unless every step was counted."""
    _, made, counted = state_of(model)
    assert made == counted, f"{made} steps, {counted} counted"


def check_small(model, x, y):
    """Raise unless the interrupted model is what as many steps make of it, and can go on."""
    from digitnet.callbacks import History

    state, history = state_of(model), model.history or History()
    assert state == after(state[1]), f"{state[1:]} steps"
    lengths = {len(values) for values in history.history.values()}
    assert lengths <= {len(history.epoch)}, (lengths, len(history.epoch))
    finished = state[1] // STEPS
    assert finished - 1 <= len(history.epoch) <= finished, (finished, len(history.epoch))
    model.fit(x, y, BATCH, epochs=1, verbose=0)


def work_of(kind, argument):
    """Return what to do until the interrupt comes, and what to check then."""
    from digitnet.callbacks import LambdaCallback

    hook = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    if kind.startswith("small"):
        callbacks = [hook] if "batches" in kind else []
        current = []

        def train():
            current.clear()
            current[:] = small()
            model, x, y = current
            model.fit(x, y, BATCH, epochs=10**6, verbose=0, callbacks=callbacks)

        return train, lambda: check_small(*current) if current else None
    if kind.startswith("train_on_batch"):
        model, x, y = small()

        def steps():
            for _ in range(10**9):
                model.train_on_batch(x, y)

        return steps, lambda: check_count(model)
    if kind.startswith("download"):
        from digitnet.datasets.download import download

        def fetch():
            with tempfile.TemporaryDirectory() as folder:
                url = f"{argument}/{kind.split()[1]}"
                download("file.gz", [url], folder, max_bytes=10**6, verify=len, backoff=5)

        return fetch, lambda: None
    dtype = np.dtype(kind.split()[-1])
    x, y = digits(dtype)
    model = network(2000, 2000) if "wide" in kind else network(500)
    if kind.startswith("fit"):
        size = 256 if "wide" in kind else 500
        return lambda: model.fit(x, y, size, epochs=10**6, verbose=0), lambda: check_count(model)
    if kind.startswith("evaluate"):
        return lambda: model.evaluate(x, y, verbose=0), lambda: None
    return lambda: model.predict(x), lambda: None


SHORT = ["small fit", "small fit in batches", "train_on_batch", "download slow", "download silent"]
LONG = [
    *SHORT,
    "download busy",
    *(f"fit {kind}" for kind in ("784-500-10, uint8", "784-500-10, float32")),
    "fit wide 784-2000-2000-10, float32",
    *(f"evaluate, {kind}" for kind in ("uint8", "float32")),
    *(f"predict, {kind}" for kind in ("uint8", "float32", "float64")),
]


def worker(kind, argument):
    """Work until SIGINT, say when it came through, check, and start again."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background shells ignore it
    work, check = work_of(kind, argument)
    while True:
        try:
            print("go", flush=True)
            while True:
                work()
        except KeyboardInterrupt:
            at, queued = time.monotonic(), waited("self")
        check()
        print(at, queued, flush=True)


def waited(process):
    """Return for how many seconds the main thread has waited for a free core."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:  # Linux alone says
        return 0.0


def latencies(kind, argument, count, longest):
    """Return the seconds from every SIGINT to its KeyboardInterrupt, and those without a core."""
    draw, found = random.Random(kind), []
    command = [sys.executable, __file__, "--work", kind, "--argument", argument]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for _ in range(count):
            assert child.stdout.readline() == "go\n"
            time.sleep(draw.uniform(0.001, longest))
            before = waited(child.pid) + waited("self")
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            ours = waited("self")
            line = child.stdout.readline()
            assert line, f"{kind}: the process has ended"
            at, queued = map(float, line.split())
            found.append((at - sent, queued + ours - before))
        child.kill()
    return found


def report(kinds, count, longest):
    with mirror_server() as server:
        server.handle_error = lambda *_: None  # whom it answers is gone

        def slow(handler):
            handler.deliver(b"", length=10**6)
            while not server.released.wait(0.005):
                handler.wfile.write(CONTENT[:7])

        server.mirrors["slow"] = slow
        server.mirrors["silent"] = lambda handler: server.released.wait(30)
        server.mirrors["busy"] = lambda handler: handler.deliver(b"", status=503)
        worst = {}
        for kind in kinds:
            found = latencies(kind, server.url, count, longest)
            whole = sorted(latency for latency, _ in found)
            own = sorted(latency - queued for latency, queued in found)
            worst[kind] = own[-1]
            numbers = [whole[count // 2], whole[count * 95 // 100], whole[-1], own[-1]]
            print(
                f"{kind}: {count} interrupts; median, 95th percentile, greatest and, without the "
                f"wait for a core, greatest: {', '.join(f'{1e3 * n:.1f}' for n in numbers)} ms",
                flush=True,
            )
    return worst


def test_interrupts():
    worst = report(SHORT, 12, 0.2)
    assert max(worst.values()) < 5 * LIMIT  # the machine may have other work, too


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100, help="interrupts of every kind of work")
    parser.add_argument("--work", choices=LONG, help="be the process that is interrupted")
    parser.add_argument("--only", default="", help="kinds with this in their name")
    parser.add_argument("--argument", default="")
    args = parser.parse_args()
    if args.work:
        worker(args.work, args.argument)
    else:
        report([kind for kind in LONG if args.only in kind], args.count, 0.5)
