"""What can go wrong with a GPU: the process survives, the sentence is clear, the weights are kept.

The emulated device can be told to have little memory, or to be lost: see device_emulated.cpp.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from digitnet import _core, config
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from kernel_checks import float32

emulated = pytest.mark.skipif(
    _core.cuda_plugin() != "emulation on the host",
    reason="needs the emulated device: DIGITNET_CUDA_PLUGIN names no emulation",
)


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


ASK = """
import digitnet
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
for device in ("auto", "cuda"):
    try:
        print(Sequential([Input((4,)), Dense(2)], device=device).device)
    except RuntimeError as error:
        print("RuntimeError:", error)
"""


def test_no_plugin(tmp_path):
    result = python(ASK, DIGITNET_CUDA_PLUGIN=str(tmp_path / "missing.so"))
    automatic, asked = result.stdout.splitlines()
    assert automatic == "cpu"
    assert asked.startswith(
        "RuntimeError: device 'cuda' needs the plug-in that DIGITNET_CUDA_PLUGIN"
    )
    assert "missing.so" in asked


def test_a_plugin_that_is_no_library(tmp_path):
    (tmp_path / "bad.so").write_bytes(b"not a library")
    result = python(ASK, DIGITNET_CUDA_PLUGIN=str(tmp_path / "bad.so"))
    automatic, asked = result.stdout.splitlines()
    assert automatic == "cpu"
    assert "could not be opened" in asked


def test_a_library_that_is_no_plugin():
    other = _core.__file__
    result = python(ASK, DIGITNET_CUDA_PLUGIN=other)
    automatic, asked = result.stdout.splitlines()
    assert automatic == "cpu"
    assert "has no function digitnet_cuda_plugin" in asked


def test_devices_say_what_works_and_why_not():
    found = {device.name: device for device in config.devices()}
    assert found["cpu"].usable
    assert config.cpu_isa() in found["cpu"].description
    assert found["cuda"].usable == (not _core.why_no_cuda())
    assert found["cuda"].description


def small_model(**settings):
    model = Sequential(
        [Input((50,)), Dense(20, "relu"), Dense(3, "softmax")], device="cuda", **settings
    )
    model.compile(SGD(0.1), "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def data(rng):
    return float32(rng.normal(size=(4000, 50))), rng.integers(0, 3, 4000)


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


@emulated
def test_data_larger_than_the_device_pass_by_in_pieces(data, monkeypatch):
    x, y = data
    whole, pieces = small_model(), small_model()
    pieces.set_weights(whole.get_weights())
    whole.fit(x, y, batch_size=100, epochs=2, shuffle=False, verbose=0)
    monkeypatch.setenv("DIGITNET_EMULATION_MEMORY", "600000")  # the data take 800,000 bytes
    pieces.fit(x, y, batch_size=100, epochs=2, shuffle=False, verbose=0)
    assert bits(pieces) == bits(whole)
    assert pieces.evaluate(x, y, verbose=0) == pytest.approx(
        whole.evaluate(x, y, verbose=0), rel=1e-6
    )


@emulated
def test_no_room_for_a_step(data, monkeypatch):
    x, y = data
    model = small_model()
    before = bits(model)
    monkeypatch.setenv("DIGITNET_EMULATION_MEMORY", "20000")
    with pytest.raises(
        RuntimeError, match=r"the GPU has no room for \d+ more bytes \(\d+ are free\)"
    ):
        model.fit(x, y, batch_size=4000, epochs=1, verbose=0)
    assert bits(model) == before
    monkeypatch.delenv("DIGITNET_EMULATION_MEMORY")
    model.fit(x, y, batch_size=400, epochs=1, verbose=0)
    assert bits(model) != before


@emulated
@pytest.mark.parametrize("launches", [0, 1])
def test_a_lost_device(data, monkeypatch, launches):
    x, y = data
    model = small_model()
    model.fit(x[:200], y[:200], epochs=1, verbose=0)
    before = bits(model)
    monkeypatch.setenv("DIGITNET_EMULATION_FAULT", str(launches))
    monkeypatch.setenv("DIGITNET_EMULATION_MEMORY", "600000")  # several pieces, several launches
    with pytest.raises(RuntimeError, match="the GPU failed while it computed"):
        model.fit(x, y, batch_size=100, epochs=1, verbose=0)
    assert bits(model) == before
    with pytest.raises(RuntimeError, match="the GPU failed"):
        model.predict(x)
    model.to("cpu")
    assert bits(model) == before
    assert model.predict(x).shape == (4000, 3)


@emulated
def test_ctrl_c_keeps_the_steps_done(data, monkeypatch):
    x, y = data
    monkeypatch.setenv("DIGITNET_EMULATION_MEMORY", "600000")
    model = small_model()
    before = bits(model)

    class Stop(Exception):
        pass

    calls = []

    def progress(done, loss, metrics):
        calls.append(done)
        raise Stop

    core = model._require_core("test")
    settings = model._settings
    with pytest.raises(Stop):
        core.train_epoch(
            x,
            y.astype(np.int32),
            None,
            10,
            False,
            settings.require_loss().core_loss(),
            [],
            settings.optimizer.core_optimizer(len(x) // 10),
            progress,
        )
    assert 0 < calls[0] < 4000
    assert core.iterations == calls[0] // 10
    assert bits(model) != before


ORDERS = """
import numpy as np, hashlib
from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed
rng = np.random.default_rng(3)
x, y = rng.normal(size=(70, 40)).astype(np.float32), rng.integers(0, 4, 70)
digest = hashlib.sha256()
for precision in ("float32", "tf32", "bfloat16"):
    set_random_seed(2)
    model = Sequential([Input((40,)), Dense(70, "gelu", kernel_regularizer="l2"), Dropout(0.2),
                        Dense(4, "softmax")], device="cuda", precision=precision)
    model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=2, verbose=0).history
    digest.update(repr(history).encode())
    for w in model.get_weights():
        digest.update(w.tobytes())
print(digest.hexdigest())
"""


@emulated
def test_the_order_in_which_threads_run_does_not_matter():
    results = {}
    for order in ("forward", "backward", "1", "2"):
        result = python(ORDERS, DIGITNET_EMULATION_ORDER=order)
        assert result.returncode == 0, result.stderr
        results[order] = result.stdout
    assert len(set(results.values())) == 1, results
