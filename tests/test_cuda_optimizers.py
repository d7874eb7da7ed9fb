"""What a GPU cannot train with: one sentence on device "cuda", the CPU on device "auto"."""

import numpy as np
import pytest

from digitnet import _core
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from digitnet.optimizers import SGD, Adam
from digitnet.optimizers.schedules import ExponentialDecay

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(bool(_core.why_no_cuda()), reason=_core.why_no_cuda() or "there is a GPU"),
]

OPTIMIZERS = [
    (lambda: Adam(0.01), "Adam"),
    (lambda: SGD(0.1, clipnorm=1), "clipped gradients"),
    (lambda: SGD(0.1, clipvalue=1), "clipped gradients"),
    (lambda: SGD(ExponentialDecay(0.1, 5, 0.5)), "learning-rate schedules"),
]


def model_on(device, optimizer=None, **layer):
    model = Sequential([Input((4,)), Dense(3, **layer)], device=device)
    if optimizer is not None:
        model.compile(optimizer, "mse")
    return model


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 4)), rng.standard_normal((20, 3))


@pytest.mark.parametrize(("make", "name"), OPTIMIZERS)
def test_cuda_says_what_it_lacks(data, make, name):
    model = model_on("cuda", make())
    before = model.get_weights()
    sentence = rf"device 'cuda' cannot train with {name} yet; move the model with to\('cpu'\)"
    for train in (
        lambda: model.fit(*data, verbose=0),
        lambda: model.train_on_batch(*data),
        lambda: model.apply_gradients(model.gradients(*data)),
    ):
        with pytest.raises(RuntimeError, match=sentence):
            train()
    np.testing.assert_equal(model.get_weights(), before)
    assert model.optimizer.iterations == 0
    model.to("cpu").fit(*data, verbose=0)  # as the sentence says
    assert not np.array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize(("make", "name"), OPTIMIZERS)
def test_auto_takes_the_cpu(data, tmp_path, make, name):
    model = model_on("auto")
    assert model.device == "cuda"
    before = model.get_weights()
    model.compile(make(), "mse")
    assert model.device == "cpu"
    np.testing.assert_equal(model.get_weights(), before)
    late = Sequential([Dense(3)])  # built after compile
    late.compile(make(), "mse")
    for one in (model, late):
        one.fit(*data, verbose=0)
        assert one.device == "cpu"
    model.save(tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").device == "cpu"
    assert model.to("auto").device == "cpu"
    model.compile(SGD(0.1), "mse")
    assert model.to("auto").device == "cuda"


def test_means_come_through_a_gpu(data, tmp_path):
    one, other = (model_on("cpu", Adam(0.01)) for _ in range(2))
    other.set_weights(one.get_weights())
    for model in (one, other):
        model.fit(*data, epochs=2, verbose=0, shuffle=False)
    assert other.to("cuda").device == "cuda"
    other.save(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors", device="cuda")
    assert loaded.predict(data[0]).tobytes() == one.predict(data[0]).tobytes()
    for model in (one, other.to("cpu"), loaded.to("cpu")):
        model.fit(*data, epochs=2, verbose=0, shuffle=False)
        np.testing.assert_equal(model.get_weights(), one.get_weights())
    other.to("cuda").compile(SGD(0.1, momentum=0.9), "mse")
    other.fit(*data, verbose=0)
    assert len(other._core.get_slots()) == 1


def test_constraints_need_the_cpu():
    assert model_on("auto", kernel_constraint="max_norm").device == "cpu"
    with pytest.raises(RuntimeError, match="device 'cuda' has no kernel_constraint yet"):
        model_on("cuda", kernel_constraint="max_norm")
