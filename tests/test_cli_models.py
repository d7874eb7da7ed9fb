"""`digitnet evaluate` and `digitnet predict`: what they print for a saved model."""

import gzip
import json
import re

import numpy as np
import pytest

from command_line import run, score
from digitnet.cli import main
from digitnet.datasets import mnist_sample, write_idx
from digitnet.models import load_model

Image = pytest.importorskip("PIL.Image")

SMALL = ["train", "--dataset", "sample", "--hidden", "32", "--epochs", "2", "--batch-size", "50"]


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """Train a small network on the sample and save it."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    assert main([*SMALL, "--save", str(path)]) == 0
    return path


# --- evaluate


def test_evaluate_agrees_with_training(capsys, model_file):
    status, out, _ = run(capsys, "evaluate", model_file, "--dataset", "sample", "--json")
    assert status == 0
    result = json.loads(out)
    assert result["images"] == 1000
    status, out, _ = run(capsys, "evaluate", model_file, "--dataset", "sample")
    assert score(out) == pytest.approx(100 * result["accuracy"], abs=0.006)
    assert "has seen these digits" in out


def test_a_model_without_rescaling_gets_pixels_from_0_to_1(capsys, tmp_path, model_file):
    from digitnet.layers import Dense
    from digitnet.models import Sequential

    bare = Sequential([Dense(32, "relu", input_shape=(784,)), Dense(10, "softmax")])
    bare.set_weights(load_model(model_file).get_weights())
    bare.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    bare.save(tmp_path / "bare.safetensors")
    answers = []
    for path in (model_file, tmp_path / "bare.safetensors"):
        status, out, err = run(capsys, "evaluate", path, "--dataset", "sample", "--json")
        assert status == 0
        assert ("pixels are divided by 255" in err) == (path != model_file)
        answers.append(json.loads(out))
    assert answers[1]["accuracy"] == pytest.approx(answers[0]["accuracy"], abs=0.002)
    assert answers[1]["loss"] == pytest.approx(answers[0]["loss"], rel=1e-3)
    options = ["--dataset", "sample", "--json", "--no-scaling"]
    status, out, err = run(capsys, "evaluate", path, *options)
    assert (status, err) == (0, "")
    assert json.loads(out)["loss"] > 2 * answers[1]["loss"]


@pytest.mark.parametrize("metrics", [None, ["accuracy", "mse"]])
def test_evaluate_takes_models_with_one_hot_losses_and_any_metrics(capsys, tmp_path, metrics):
    from digitnet.layers import Dense, Rescaling
    from digitnet.models import Sequential
    from digitnet.utils import to_categorical

    model = Sequential([Rescaling(1 / 255, input_shape=(784,)), Dense(10, "softmax")])
    model.compile("sgd", loss="categorical_crossentropy", metrics=metrics)
    model.save(tmp_path / "m.safetensors")
    options = ["--dataset", "sample", "--json"]
    status, out, err = run(capsys, "evaluate", tmp_path / "m.safetensors", *options)
    assert (status, err) == (0, "")
    _, (x_test, y_test) = mnist_sample.load_data()
    answers = model.predict(x_test.reshape(-1, 784))
    expected = -np.log(answers[to_categorical(y_test, 10) == 1]).mean()
    assert json.loads(out)["loss"] == pytest.approx(expected, rel=1e-3)
    assert json.loads(out)["accuracy"] == (answers.argmax(axis=1) == y_test).mean()


# --- predict


def test_predict_reads_pictures_and_idx_files(capsys, tmp_path, model_file):
    _, (x_test, _) = mnist_sample.load_data()
    png, idx, packed = tmp_path / "d.png", tmp_path / "many-ubyte", tmp_path / "one.gz"
    big = Image.fromarray(255 - x_test[0]).resize((280, 280))
    big.save(png)
    write_idx(idx, x_test[:3])
    write_idx(tmp_path / "one", x_test[:1])
    packed.write_bytes(gzip.compress((tmp_path / "one").read_bytes()))
    status, out, err = run(capsys, "predict", model_file, png, idx, packed, "--top", "2")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    places = [str(png), f"{idx}[0]", f"{idx}[1]", f"{idx}[2]", str(packed)]
    assert [line.rpartition(": ")[0].split(": ")[0] for line in lines] == places
    shape = r": (\d) \(\1: [\d.]+ %, \d: [\d.]+ %\)$"
    assert all(re.search(shape, line) for line in lines)
    status, out, _ = run(capsys, "predict", model_file, png, idx, "--json")
    records = json.loads(out)
    assert [r["index"] for r in records] == [0, 0, 1, 2]
    assert len(records[0]["probabilities"]) == 10
    assert sum(records[0]["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert records[0]["class"] == records[1]["class"] == int(np.argmax(records[1]["probabilities"]))


def test_raw_pictures_are_taken_as_they_are(capsys, tmp_path, model_file):
    _, (x_test, _) = mnist_sample.load_data()
    png, idx = tmp_path / "d.png", tmp_path / "d-ubyte"
    Image.fromarray(x_test[5]).save(png)
    write_idx(idx, x_test[5:6])
    for flag in ("--raw", "--no-preprocess"):
        _, out, _ = run(capsys, "predict", model_file, png, idx, flag, "--json")
        picture, row = json.loads(out)
        assert picture["probabilities"] == row["probabilities"]
    Image.fromarray(np.zeros((30, 28), np.uint8)).save(png)
    status, _, err = run(capsys, "predict", model_file, png, "--raw")
    assert status == 1
    assert "a raw picture must have 28 x 28 pixels, got 28 x 30" in err
