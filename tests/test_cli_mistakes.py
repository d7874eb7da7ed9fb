"""The command line's help, its answers to mistakes, and how it is interrupted."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digitnet import __version__
from digitnet.cli import main
from digitnet.datasets import write_idx

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

SMALL = ["train", "--dataset", "sample", "--hidden", "8", "--epochs", "1"]


@pytest.fixture
def model_file(tmp_path):
    """Train a tiny network on the sample and save it."""
    path = tmp_path / "tiny.safetensors"
    assert main([*SMALL, "--save", str(path)]) == 0
    return path


def run(capsys, *arguments):
    """Run a command in this process; give status, stdout and stderr."""
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


COMMANDS = ("train", "evaluate", "predict", "bench", "doctor")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_device_and_seed(capsys, command):
    with pytest.raises(SystemExit) as exit_info:
        main([command, "--help"])
    assert exit_info.value.code == 0
    out = capsys.readouterr().out
    assert "--device" in out
    assert "--seed" in out


@pytest.mark.parametrize(
    "line",
    [
        "",
        "teach",
        "train --epochs 0",
        "train --epochs many",
        "train --hidden -3",
        "train --batch-size 0",
        "train --learning-rate -1",
        "train --learning-rate nan",
        "train --dropout 1",
        "train --activation step",
        "train --device tpu",
        "train --seed -1",
        "train --dataset cifar",
        "evaluate",
        "predict model.safetensors",
        "bench --runs 0",
    ],
)
def test_wrong_options_end_with_status_2(capsys, line):
    with pytest.raises(SystemExit) as exit_info:
        main(line.split())
    assert exit_info.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_mistakes_are_told_in_one_sentence(capsys, tmp_path, model_file):
    empty, text = tmp_path / "empty", tmp_path / "text.png"
    empty.mkdir()
    text.write_text("this is not a picture")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model_file.read_bytes()[:1000])
    blank, floats = tmp_path / "blank.png", tmp_path / "floats-ubyte"
    Image.new("L", (40, 40), 200).save(blank)
    write_idx(floats, np.zeros((2, 28, 28), np.float32))
    write_idx(tmp_path / "labels-ubyte", np.zeros(784, np.uint8))
    for arguments, sentence in [
        (["train", "--data", empty], "must be a folder with the mnist files"),
        (["train", "--data", tmp_path / "none"], "must be a folder with the mnist files"),
        (["train", "--dataset", "sample", "--data", empty], "--data means nothing"),
        (["train", "--save", "model.h5"], "--save must name a .safetensors file"),
        (["train", "--save", tmp_path / "none/m.safetensors"], "--save needs an existing folder"),
        (["train", "--plots", text], "text.png"),
        (["train", "--dataset", "sample", "--hidden", 10**30], "units"),
        (["evaluate", tmp_path / "none.safetensors"], "none.safetensors"),
        (["evaluate", damaged, "--dataset", "sample"], "damaged.safetensors"),
        (["predict", model_file, tmp_path / "none.png"], "none.png: No such file or directory"),
        (["predict", model_file, text], "text.png: not a picture of a known format"),
        (["predict", model_file, blank], "shows no digit"),
        (["predict", model_file, floats], "expected uint8 images of shape (n, 28, 28)"),
        (["predict", model_file, tmp_path / "labels-ubyte"], "expected uint8 images of shape"),
        (["predict", model_file, tmp_path], str(tmp_path)),
    ]:
        status, _, err = run(capsys, *arguments)
        assert status == 1, arguments
        assert err.startswith(f"digitnet {arguments[0]}: ")
        assert err.count("\n") == 1, err
        assert sentence in err


def test_a_model_for_other_images_is_refused(capsys, tmp_path):
    from digitnet.layers import Dense
    from digitnet.models import Sequential

    model = Sequential([Dense(10, activation="softmax", input_shape=(20,))])
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    path = tmp_path / "twenty.safetensors"
    model.save(path)
    status, _, err = run(capsys, "evaluate", path, "--dataset", "sample")
    assert status == 1
    assert "the model reads inputs of shape (20,)" in err


def test_a_diverged_training_is_told_and_not_saved(capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    status, _, err = run(capsys, *SMALL, "--learning-rate", "1e30", "--save", path)
    assert status == 1
    assert "the training has diverged; a smaller --learning-rate may help" in err
    assert not path.exists()


def test_without_the_plot_extra_the_work_does_not_begin(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = run(capsys, *SMALL, "--plots", tmp_path)
    assert (status, out) == (1, "")
    assert 'pip install "digitnet[plot]"' in err


def test_python_dash_m_and_a_reader_that_leaves():
    command = [sys.executable, "-m", "digitnet"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"digitnet {__version__}\n"
    with subprocess.Popen(
        [*command, *SMALL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()  # as `| head` does
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_ends_training_with_status_130():
    command = [sys.executable, "-m", "digitnet", "train", "--dataset", "sample"]
    endless = ["--epochs", "1000000", "--hidden", "1000"]
    with subprocess.Popen(
        [*command, *endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("Epoch 2/"):
                break
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "digitnet train: interrupted"
