"""The CUDA engine against the CPU engine: on a GPU, or on the emulation of one.

The environment variable DIGITNET_CUDA_PLUGIN names the emulation (docs/gpu.md).
The rest of the suite runs on it, too, where there is one: device "auto" prefers it.
"""

import numpy as np
import pytest

import digitnet
from digitnet import _core
from digitnet.layers import Activation, Dense, Dropout, Flatten, Input, Rescaling
from digitnet.models import Sequential
from digitnet.optimizers import SGD
from digitnet.regularizers import L2
from digitnet.utils import set_random_seed
from kernel_checks import float32

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(bool(_core.why_no_cuda()), reason=_core.why_no_cuda() or "there is a GPU"),
]

SIZES = [1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 129]
EPS = np.finfo(np.float32).eps


def pair(layers, inputs, *, precision="float32", compiled=None):
    """Return the model on the CPU and its copy on the GPU."""
    set_random_seed(5)
    cpu = Sequential([Input((inputs,)), *layers], device="cpu")
    if compiled is not None:
        cpu.compile(**compiled)
    set_random_seed(5)
    gpu = Sequential.from_config(cpu.get_config(), device="cuda", precision=precision)
    if compiled is not None:
        gpu.compile(**compiled)
    weights = [w + np.float32(0.01) for w in cpu.get_weights()]  # no bias is zero
    cpu.set_weights(weights)
    gpu.set_weights(weights)
    assert gpu.device == "cuda"
    return cpu, gpu


@pytest.mark.parametrize("units", SIZES)
@pytest.mark.parametrize("inputs", [1, 9, 31, 33, 65, 100])
def test_products_have_the_bits_of_the_cpu(inputs, units, rng):
    compiled = {"optimizer": SGD(0.1), "loss": "mean_squared_error"}
    cpu, gpu = pair([Dense(units, "relu"), Dense(3)], inputs, compiled=compiled)
    for rows in (1, 8, 33, 65):
        x = float32(rng.normal(size=(rows, inputs)))
        y = float32(rng.normal(size=(rows, 3)))
        assert gpu.predict(x).tobytes() == cpu.predict(x).tobytes()
        for got, want in zip(gpu.gradients(x, y), cpu.gradients(x, y), strict=True):
            np.testing.assert_allclose(got, want, rtol=0, atol=4 * EPS * np.abs(want).max())


def rounded(values, bits):
    """Round as cvt does: to tf32 (10 bits of fraction) halves away from zero, else to even."""
    fraction, exponent = np.frexp(np.asarray(values, np.float64))
    scaled = np.abs(fraction) * 2.0 ** (bits + 1)
    whole = np.floor(scaled + 0.5) if bits == 10 else np.round(scaled)
    return np.ldexp(np.copysign(whole, fraction) / 2.0 ** (bits + 1), exponent)


@pytest.mark.parametrize(("precision", "bits"), [("tf32", 10), ("bfloat16", 7)])
@pytest.mark.parametrize("units", [1, 8, 17, 65, 130])
@pytest.mark.parametrize("inputs", [1, 15, 33, 100])
def test_tensor_cores_round_the_factors(precision, bits, inputs, units, rng):
    _, gpu = pair([Dense(units)], inputs, precision=precision)
    kernel, bias = gpu.get_weights()
    x = float32(rng.normal(size=(70, inputs)))
    want = rounded(x, bits) @ rounded(kernel, bits) + bias
    scale = np.abs(rounded(x, bits)) @ np.abs(rounded(kernel, bits)) + np.abs(bias)
    error = np.abs(gpu.predict(x) - want) / scale
    assert error.max() < EPS * (4 + np.sqrt(inputs))
    assert gpu.precision == precision


def run(model, x, y, *, epochs=3, batch_size=20, sample_weight=None):
    history = model.fit(
        x, y, batch_size=batch_size, epochs=epochs, sample_weight=sample_weight, verbose=0
    )
    return history.history, model.get_weights()


NETWORKS = {
    "plain": lambda: [Dense(33, "relu"), Dense(5, "softmax")],
    "gelu": lambda: [Dense(20, "gelu"), Dense(12, "silu"), Dense(5, "softmax")],
    "dropout": lambda: [Dense(40, "relu"), Dropout(0.3), Dense(20, "tanh"), Dropout(0.2), Dense(5)],
    "apart": lambda: [
        Rescaling(2.0, 0.5),
        Dropout(0.1),
        Activation("tanh"),
        Dense(9),
        Rescaling(0.5),
        Dense(5),
        Activation("softmax"),
    ],
    "inner softmax": lambda: [Dense(12, "softmax"), Dense(5, "softmax")],
    "l2": lambda: [Dense(17, "elu", kernel_regularizer=L2(0.01)), Dense(5, "softmax")],
    "no bias": lambda: [Dense(17, "sigmoid", use_bias=False), Dense(5, "softmax", use_bias=False)],
}


@pytest.mark.parametrize(
    "optimizer",
    [
        {"learning_rate": 0.2},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ],
    ids=["plain", "momentum", "nesterov"],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_training_agrees_with_the_cpu(network, optimizer, rng):
    compiled = {
        "optimizer": SGD(**optimizer),
        "loss": digitnet.losses.SparseCategoricalCrossentropy(from_logits=network == "dropout"),
        "metrics": ["accuracy"],
    }
    cpu, gpu = pair(NETWORKS[network](), 30, compiled=compiled)
    x = float32(rng.normal(size=(90, 30)))
    y = rng.integers(0, 5, 90)
    weights = float32(rng.uniform(0.5, 2, 90))
    want, want_weights = run(cpu, x, y, sample_weight=weights)
    got, got_weights = run(gpu, x, y, sample_weight=weights)
    for name, values in want.items():
        np.testing.assert_allclose(got[name], values, rtol=1e-4, err_msg=name)
    for a, b in zip(got_weights, want_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5)
    np.testing.assert_allclose(gpu.evaluate(x, y), cpu.evaluate(x, y), rtol=1e-4)
    np.testing.assert_allclose(gpu.predict(x), cpu.predict(x), rtol=0, atol=1e-4)


LOSSES = [
    "categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
]


@pytest.mark.parametrize("output", ["linear", "sigmoid", "softmax"])
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_agree_with_the_cpu(loss, output, rng):
    compiled = {"optimizer": SGD(0.1), "loss": loss, "metrics": ["accuracy", "mae", "mse"]}
    cpu, gpu = pair([Dense(40, output)], 8, compiled=compiled)
    x, y = float32(rng.normal(size=(30, 8))), np.eye(40, dtype=np.float32)[:30]
    np.testing.assert_allclose(gpu.evaluate(x, y), cpu.evaluate(x, y), rtol=1e-5)
    for got, want in zip(gpu.gradients(x, y), cpu.gradients(x, y), strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * max(1, np.abs(want).max()))


def test_bytes_floats_strides_and_csr_are_the_same_samples(rng):
    sparse = pytest.importorskip("scipy.sparse")
    x = rng.integers(0, 256, (50, 4, 9), dtype=np.uint8)
    x[rng.random(x.shape) < 0.7] = 0
    y = rng.integers(0, 3, 50)
    results = []
    flat = x.reshape(50, 36)
    for samples in (x, np.asfortranarray(x), x.astype(float), flat, sparse.csr_array(flat)):
        set_random_seed(4)
        shape = samples.shape[1:]
        head = [Flatten()] if len(shape) > 1 else []
        model = Sequential(
            [Input(shape), *head, Rescaling(1 / 255), Dense(8, "tanh"), Dense(3, "softmax")],
            device="cuda",
        )
        model.compile(SGD(0.3), "sparse_categorical_crossentropy")
        model.fit(samples, y, batch_size=16, epochs=2, verbose=0)
        results.append([w.tobytes() for w in model.get_weights()])
    assert all(result == results[0] for result in results)


def test_two_runs_have_the_same_bits(rng):
    x, y = float32(rng.normal(size=(70, 20))), rng.integers(0, 3, 70)
    results = []
    for _ in range(2):
        set_random_seed(1)
        model = Sequential(
            [Input((20,)), Dense(30, "relu"), Dropout(0.2), Dense(3, "softmax")], device="cuda"
        )
        model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
        history = model.fit(x, y, epochs=2, verbose=0).history
        results.append((history, [w.tobytes() for w in model.get_weights()]))
    assert results[0] == results[1]


def test_a_model_moves_without_changing_a_bit(rng, tmp_path):
    x, y = float32(rng.normal(size=(40, 6))), rng.integers(0, 3, 40)
    compiled = {"optimizer": SGD(0.1, momentum=0.9), "loss": "sparse_categorical_crossentropy"}
    _, model = pair([Dense(7, "relu"), Dense(3, "softmax")], 6, compiled=compiled)
    model.fit(x, y, epochs=1, verbose=0)
    bits = [w.tobytes() for w in model.get_weights()]
    model.save(tmp_path / "m.safetensors")
    loaded = digitnet.models.load_model(tmp_path / "m.safetensors", device="cpu")
    assert [w.tobytes() for w in loaded.get_weights()] == bits
    assert model.to("cpu") is model
    assert (model.device, model.precision) == ("cpu", "float32")
    assert [w.tobytes() for w in model.get_weights()] == bits
    model.to("cuda", precision="tf32")
    assert (model.device, model.precision) == ("cuda", "tf32")
    assert [w.tobytes() for w in model.get_weights()] == bits
    assert model.layers[0].get_weights()[0].tobytes() == bits[0]
    before = loaded.optimizer.iterations
    loaded.fit(x, y, epochs=1, verbose=0)  # velocity and counters came along
    assert loaded.optimizer.iterations == before + 2


def test_a_callback_reads_the_model_while_it_trains(rng):
    x, y = float32(rng.normal(size=(40, 6))), rng.integers(0, 3, 40)
    compiled = {"optimizer": SGD(0.1), "loss": "sparse_categorical_crossentropy"}
    _, model = pair([Dense(3, "softmax")], 6, compiled=compiled)
    seen = []

    class Look(digitnet.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((self.model.predict(x).sum(), self.model.get_weights()[0].copy()))

    model.fit(x, y, epochs=2, callbacks=[Look()], verbose=0)
    assert len(seen) == 2
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_given_gradients_are_applied(rng):
    compiled = {"optimizer": SGD(0.1, momentum=0.9), "loss": "mean_squared_error"}
    cpu, gpu = pair([Dense(7, "relu"), Dense(3)], 6, compiled=compiled)
    x, y = float32(rng.normal(size=(40, 6))), float32(rng.normal(size=(40, 3)))
    for _ in range(3):
        gradients = cpu.gradients(x, y)
        cpu.apply_gradients(gradients)
        gpu.apply_gradients(gradients)
    for a, b in zip(gpu.get_weights(), cpu.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
