"""The command line with models that `digitnet train` did not make."""

import json

import pytest

from digitnet import Sequential
from digitnet.cli import main
from digitnet.datasets import mnist_sample, write_idx
from digitnet.layers import Dense, Flatten, Input, Rescaling
from digitnet.optimizers import SGD
from digitnet.utils import set_random_seed, to_categorical


def saved(path, *, outputs=10, activation="softmax", loss="sparse_categorical_crossentropy"):
    """Train a model on the sample for an epoch, save it, and return it."""
    (x, y), _ = mnist_sample.load_data()
    set_random_seed(0)
    layers = [Input((28, 28)), Flatten(), Rescaling(1 / 255), Dense(outputs, activation)]
    model = Sequential(layers)
    model.compile(SGD(0.1), loss=loss)  # no metrics
    targets = y if loss.startswith("sparse") else to_categorical(y, 10)[:, :outputs]
    model.fit(x, targets, batch_size=100, verbose=0)
    model.save(path)
    return model


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_model_with_other_outputs_is_refused(tmp_path, capsys, command):
    path = str(tmp_path / "m.safetensors")
    saved(path, outputs=1, activation="sigmoid", loss="binary_crossentropy")
    rest = ["--dataset", "sample"] if command == "evaluate" else ["digits.idx"]
    assert main([command, path, *rest]) == 1
    assert "expected a model with 10 outputs, got outputs (1,)" in capsys.readouterr().err


def test_outputs_that_are_no_probabilities_become_some(tmp_path, capsys):
    model = saved(tmp_path / "m.safetensors", activation="linear", loss="mse")
    _, (x, _) = mnist_sample.load_data()
    write_idx(tmp_path / "digits.idx", x[:3])
    files = [str(tmp_path / "m.safetensors"), str(tmp_path / "digits.idx")]
    assert main(["predict", *files, "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["class"] for record in records] == model.predict_classes(x[:3]).tolist()
    for record in records:
        assert sum(record["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert min(record["probabilities"]) >= 0
