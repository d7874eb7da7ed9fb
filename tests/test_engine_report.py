"""What `engine_report` says, against what is known to have run."""

import numpy as np
import pytest

import digitnet as dn
from digitnet.layers import Activation, Dense, Input, Rescaling
from digitnet.models import Sequential


def model_of(*first, features=64, units=256):
    layers = [*first, Dense(units, activation="relu", name="hidden"), Dense(3, name="out")]
    model = Sequential([Input((features,)), *layers], device="cpu")
    model.compile("sgd", "mse")
    return model


def samples(density, count=1000, features=64):
    x = np.zeros((count, features), np.float32)
    x[:, : round(density * features)] = 1
    return x


def paths(model):
    return {name: layer["path"] for name, layer in model.engine_report()["layers"].items()}


def test_before_the_first_call_there_were_no_threads():
    report = model_of().engine_report()
    assert report["device"] == "cpu"
    assert report["isa"] == dn.config.cpu_isa()
    assert report["threads"] == 0


@pytest.mark.parametrize(("density", "path"), [(0.125, "sparse"), (0.75, "dense"), (1.0, "dense")])
@pytest.mark.parametrize("call", ["fit", "evaluate", "predict", "gradients"])
def test_density_decides_the_first_layer(density, path, call):
    model, x = model_of(), samples(density)
    y = np.zeros((len(x), 3), np.float32)
    {
        "fit": lambda: model.fit(x, y, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "predict": lambda: model.predict(x),
        "gradients": lambda: model.gradients(x, y),
    }[call]()
    assert model.engine_report()["density"] == pytest.approx(density)
    assert paths(model) == {"hidden": path, "out": "dense"}


@pytest.mark.parametrize("first", [Rescaling(1.0, offset=0.5), Activation("relu")])
def test_a_layer_in_front_that_fills_or_reads_all_values_makes_it_dense(first):
    model = model_of(first)
    model.predict(samples(0.1))
    assert paths(model) == {"hidden": "dense", "out": "dense"}


def test_threads_are_those_of_the_last_call(threads_as_before):
    model = model_of()
    dn.config.set_num_threads(2)
    model.predict(samples(0.5, 2000))
    assert model.engine_report()["threads"] == 2
    model.predict(samples(0.5, 1))
    assert model.engine_report()["threads"] == 1


def test_tiles_are_those_of_the_instruction_set():
    tiles = {
        "generic": {"dense": (1, 1), "sparse": (1, 1)},
        "avx2": {"dense": (6, 16), "sparse": (2, 32)},
        "avx512": {"dense": (12, 32), "sparse": (4, 64)},
    }
    model = model_of()
    for density in (0.1, 1.0):
        model.predict(samples(density))
        report = model.engine_report()
        for layer in report["layers"].values():
            assert layer["tile"] == tiles[report["isa"]][layer["path"]]


def test_zeros_between_layers_are_skipped_below_a_share_of_the_instruction_set():
    report = model_of().engine_report()
    shares = {"generic": 0.0, "avx2": 0.62, "avx512": 0.64}
    assert report["hidden_skip_below"] == shares[report["isa"]]


def test_an_unbuilt_model_has_no_engine():
    with pytest.raises(ValueError, match="engine_report"):
        Sequential([Dense(3)]).engine_report()
