"""Models pickled and copied: equal, and apart."""

import copy
import pickle

import numpy as np
import pytest

from digitnet.layers import Dense, Dropout, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 3)), rng.integers(2, size=20)


@pytest.fixture
def model(data):
    result = Sequential(
        [Input((3,)), Dense(4, "relu"), Dropout(0.5), Dense(2, "softmax")], name="mine"
    )
    result.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["acc"])
    result.fit(*data, epochs=2, verbose=0)
    return result


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_goes_on_as_the_model_does(model, data, how, tmp_path):
    again = COPIES[how](model)
    for number, one in enumerate((model, again)):
        one.save(tmp_path / f"{number}.safetensors")
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    before = model.get_weights()
    again.fit(*data, epochs=2, verbose=0)
    again.optimizer.learning_rate = 0.5
    np.testing.assert_equal(model.get_weights(), before)
    assert model.optimizer.learning_rate == 0.1
    model.fit(*data, epochs=2, verbose=0)
    np.testing.assert_equal(model.get_weights(), again.get_weights())
    assert again.layers[0] is not model.layers[0]


@pytest.mark.parametrize("how", COPIES)
def test_models_that_are_not_ready_are_copied_too(how, data):
    for layers in ([], [Input((3,))], [Dense(2)]):
        model = Sequential(layers, device="cpu", name="early")
        model.compile(SGD(0.3), "mse")
        again = COPIES[how](model)
        assert again.get_config() == model.get_config()
        assert (again.built, again.optimizer.learning_rate) == (False, pytest.approx(0.3))
        again.add(Dense(2))
        assert len(model.layers) < len(again.layers)


def test_a_model_that_diverged():
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(SGD(1e30), "mse")
    model.fit(np.full(8, 1e5), np.ones(8), batch_size=1, verbose=0)
    with pytest.raises(ValueError, match="must be finite"):
        copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"predict_classes needs outputs .* NaN for x\[0\]"):
        model.predict_classes([1.0])
