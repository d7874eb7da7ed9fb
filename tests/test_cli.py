"""`digitnet train`, `bench` and `doctor`: what they print and write."""

import json
import re

import pytest

from command_line import run, score
from digitnet import __version__
from digitnet.cli import bench, main
from digitnet.datasets import mnist
from digitnet.datasets._idx_dataset import IdxDataset
from digitnet.models import load_model

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

SMALL = ["train", "--dataset", "sample", "--hidden", "32", "--epochs", "2", "--batch-size", "50"]


pytestmark = pytest.mark.usefixtures("threads_as_before")


@pytest.fixture
def no_mnist(monkeypatch):
    """Make MNIST neither present nor downloadable."""

    def load_data(path=None):
        raise OSError("could not download train-images-idx3-ubyte.gz")

    monkeypatch.setattr(mnist, "load_data", load_data)


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


def test_saving_makes_the_folder_and_says_what_it_replaces(capsys, tmp_path):
    model = tmp_path / "new" / "folder" / "m.safetensors"
    for ending in ("", " (replaced the older file)"):
        _, out, _ = run(capsys, *SMALL, "--save", model)
        assert out.endswith(f"Model saved: {model}{ending}\n")


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
    said = " ".join(err.split())
    first = (
        "MNIST is not on this machine and cannot be downloaded: training on the 5,000-digit sample"
    )
    assert said.startswith(first)
    assert "Why: could not download train-images" in said
    assert max(map(len, err.splitlines())) <= 100
    assert "Data: the sample of MNIST" in out


def test_a_wrong_digitnet_data_is_named_first(capsys, monkeypatch, tmp_path):
    def download(dataset):
        raise OSError("could not download train-images-idx3-ubyte.gz")

    monkeypatch.setattr(IdxDataset, "download", download)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.setenv("DIGITNET_DATA", str(tmp_path / "typo"))
    status, _, err = run(capsys, "train", "--dataset", "mnist")
    assert status == 1
    reason = (
        f"DIGITNET_DATA is {tmp_path / 'typo'}, which lacks the mnist files; could not download"
    )
    assert err.startswith(f"digitnet train: {reason}")
    status, _, err = run(capsys, "train", "--hidden", "8", "--epochs", "1")
    assert status == 0
    assert f"Why: {reason}" in " ".join(err.split())


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


# --- bench and doctor


def test_bench_measures_and_reports(capsys):
    options = ["--dataset", "sample", "--runs", "2"]
    status, out, _ = run(capsys, "bench", *options, "--json")
    assert status == 0
    result = json.loads(out)
    assert len(result["epoch_seconds"]) == len(result["predict_one_seconds"]) == 2
    assert all(0 < seconds < 60 for seconds in result["epoch_seconds"])
    assert result["accuracy_after_one_epoch"] > 0.2
    _, out, _ = run(capsys, "bench", "--dataset", "sample", "--runs", "1", "--json")
    assert json.loads(out)["accuracy_after_one_epoch"] == result["accuracy_after_one_epoch"]
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
    assert re.search(r"^device cpu +\w+, \d+ threads?$", out, re.M)
    assert re.search(r"^device cuda +\S", out, re.M)
    assert found["self-test"].startswith("passed")
    assert "matplotlib" in out
    for word in ("instruction set", "threads", "MNIST", "cache folder", "Python", "processor"):
        assert re.search(rf"^{word} ", out, re.M)
