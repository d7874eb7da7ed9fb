"""The command line: what each command prints and writes, and how it refuses."""

import gzip
import json
import re

import numpy as np
import pytest

from digitnet import __version__
from digitnet.cli import bench, main
from digitnet.datasets import mnist, mnist_sample, write_idx
from digitnet.models import load_model

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

SMALL = ["train", "--dataset", "sample", "--hidden", "32", "--epochs", "2", "--batch-size", "50"]


@pytest.fixture(autouse=True)
def _keep_the_number_of_threads():
    from digitnet import config

    before = config.num_threads()
    yield
    config.set_num_threads(before)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """Train a small network on the sample and save it."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    assert main([*SMALL, "--save", str(path)]) == 0
    return path


@pytest.fixture
def no_mnist(monkeypatch):
    """Make MNIST neither present nor downloadable."""

    def load_data(path=None):
        raise OSError("could not download train-images-idx3-ubyte.gz")

    monkeypatch.setattr(mnist, "load_data", load_data)


def run(capsys, *arguments):
    """Run a command in this process; give status, stdout and stderr."""
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def score(text):
    """Find the percentage in the line that ends a training or a test."""
    found = re.search(r"^Score on the test set: ([\d.]+) % \(loss [\d.]+\)$", text, re.M)
    assert found, text
    return float(found[1])


# --- train


def test_train_prints_progress_and_score_and_writes_all_files(capsys, tmp_path):
    model, pictures = tmp_path / "m.safetensors", tmp_path / "new" / "pictures"
    status, out, err = run(capsys, *SMALL, "--save", model, "--plots", pictures)
    assert (status, err) == (0, "")
    assert "4,000 images to train on and 1,000 to test on" in out
    assert re.search(r"^Epoch 2/2$", out, re.M)
    line = r"4000/4000 \[=+\] - \d+s - loss: [\d.]+ - accuracy: [\d.]+ - val_loss: [\d.]+ - val_acc"
    assert len(re.findall(line, out)) == 2
    assert score(out) > 80
    assert model.stat().st_size > 4 * 784 * 32
    names = {"samples.png", "learning_curve.png", "predictions.png", "first_layer.png"}
    assert {path.name for path in pictures.iterdir()} == names
    for name in names:
        with Image.open(pictures / name) as image:
            assert min(image.size) >= 300


def test_the_sample_has_its_own_default_of_epochs_and_says_so(capsys):
    status, out, _ = run(capsys, "train", "--dataset", "sample")
    assert status == 0
    assert "so 15 of them" in out
    assert "Epoch 15/15" in out
    assert score(out) > 85


def test_every_option_reaches_the_network(capsys, tmp_path):
    model = tmp_path / "m.safetensors"
    options = "--hidden 20 10 --activation tanh --dropout 0.1 --momentum 0.5 --learning-rate 0.1"
    machine = "--seed 7 --threads 1 --device cpu"
    small = "train --dataset sample --epochs 1"
    status, out, _ = run(
        capsys, *small.split(), *options.split(), *machine.split(), "--save", model
    )
    assert status == 0
    assert "784-20-10-10, tanh" in out
    assert "seed 7, on 1 CPU thread (" in out
    loaded = load_model(model)
    assert [w.shape for w in loaded.get_weights()[::2]] == [(784, 20), (20, 10), (10, 10)]
    assert [type(layer).__name__ for layer in loaded.layers].count("Dropout") == 2
    assert loaded.optimizer.learning_rate == pytest.approx(0.1)
    assert loaded.optimizer.momentum == pytest.approx(0.5)


def test_the_seed_decides_and_the_threads_do_not(tmp_path):
    def trained(name, *options):
        path = tmp_path / f"{name}.safetensors"
        assert main([*SMALL, "--save", str(path), *options]) == 0
        return path.read_bytes()

    first = trained("a", "--seed", "3", "--threads", "1")
    assert trained("b", "--seed", "3", "--threads", "2") == first
    assert trained("c", "--seed", "4", "--threads", "1") != first


@pytest.mark.usefixtures("no_mnist")
def test_auto_falls_back_to_the_sample_and_says_so(capsys):
    status, out, err = run(capsys, "train", "--epochs", "1", "--hidden", "8")
    assert status == 0
    assert "MNIST cannot be had: could not download" in err
    assert "Falling back to the bundled sample" in err
    assert "the bundled sample" in out


@pytest.mark.usefixtures("no_mnist")
def test_dataset_mnist_never_falls_back(capsys):
    status, out, err = run(capsys, "train", "--dataset", "mnist")
    assert (status, out) == (1, "")
    assert err == "digitnet train: could not download train-images-idx3-ubyte.gz\n"


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_the_main_job_on_mnist(capsys):
    status, out, _ = run(capsys, "train")
    assert status == 0
    assert "Data: MNIST, 60,000 images" in out
    assert "Epoch 1/1" in out
    assert 92 < score(out) < 95


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
        status, out, _ = run(capsys, "evaluate", path, "--dataset", "sample", "--json")
        assert status == 0
        answers.append(json.loads(out))
    assert answers[1]["accuracy"] == pytest.approx(answers[0]["accuracy"], abs=0.002)
    assert answers[1]["loss"] == pytest.approx(answers[0]["loss"], rel=1e-3)


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


# --- bench and doctor


def test_bench_measures_and_reports(capsys):
    options = ["--dataset", "sample", "--runs", "2"]
    status, out, _ = run(capsys, "bench", *options, "--json")
    assert status == 0
    result = json.loads(out)
    assert len(result["epoch_seconds"]) == len(result["predict_one_seconds"]) == 2
    assert all(0 < seconds < 60 for seconds in result["epoch_seconds"])
    assert result["accuracy_after_one_epoch"] > 0.2
    assert result["machine"]["instruction_set"] in ("generic", "avx2", "avx512")
    status, out, _ = run(capsys, "bench", *options)
    assert status == 0
    for word in ("epoch of training", "predict one image", "images/s", "GFLOP/s", "median"):
        assert word in out


def test_bench_counts_the_arithmetic_of_the_reference_epoch():
    multiplications = 784 * 500 * 2 + 500 * 10 * 3
    assert bench.dense_gflop(60000) == pytest.approx(2 * multiplications * 60000 / 1e9)


def test_doctor_reports_what_it_finds(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITNET_DATA", str(tmp_path))
    status, out, err = run(capsys, "doctor", "--device", "cpu")
    assert (status, err) == (0, "")
    found = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert found["digitnet"] == __version__
    assert found["DIGITNET_DATA"] == str(tmp_path)
    assert found["devices"].startswith("cpu")
    assert found["self-test"].startswith("passed")
    assert "matplotlib" in out
    for word in ("instruction set", "threads", "MNIST", "cache folder", "Python", "processor"):
        assert re.search(rf"^{word} ", out, re.M)
