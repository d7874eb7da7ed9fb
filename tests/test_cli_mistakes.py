"""The command line's help, its answers to mistakes, and how it is interrupted."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from command_line import run
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
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
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
        (["train", "--save", text / "m.safetensors"], "--save needs a folder, but "),
        (["train", "--save", folder], "--save must name a file, got the folder"),
        (["train", "--plots", text], "text.png is a file"),
        (["train", "--plots", text / "more"], "--plots needs a folder, but "),
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


def test_a_model_that_cannot_be_tested_says_what_to_do(capsys, tmp_path):
    from digitnet.layers import Dense
    from digitnet.models import Sequential

    model = Sequential([Dense(3, input_shape=(784,))])
    path = tmp_path / "bare.safetensors"
    for expected in ("call model.compile(..., loss=...)", "with 10 outputs, got outputs (3,)"):
        model.save(path)
        status, _, err = run(capsys, "evaluate", path, "--dataset", "sample")
        assert status == 1
        assert expected in err
        model.compile("sgd", loss="mse")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("train --epoch 3", "unknown option --epoch: did you mean --epochs?"),
        (
            "train --learning-rte=0.1",
            "unknown option --learning-rte: did you mean --learning-rate?",
        ),
        ("predict m.safetensors d.png --tops 2", "unknown option --tops: did you mean --top?"),
        ("train --qqqq", "unknown option --qqqq\n"),
        ("bench extra", "unknown argument extra\n"),
    ],
)
def test_unknown_options_show_the_command_s_usage_and_the_nearest(capsys, line, sentence):
    with pytest.raises(SystemExit) as exit_info:
        main(line.split())
    assert exit_info.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"usage: digitnet {line.split()[0]} ")
    assert sentence in err


def test_a_file_that_cannot_be_read_does_not_stop_the_others(capsys, tmp_path, model_file):
    idx = tmp_path / "two-ubyte"
    write_idx(idx, np.eye(28, dtype=np.uint8)[None].repeat(2, axis=0) * 255)
    status, out, err = run(capsys, "predict", model_file, tmp_path / "none.png", idx)
    assert status == 1
    assert len(out.splitlines()) == 2
    assert err.startswith("digitnet predict: ")
    assert err.count("\n") == 1
    status, out, _ = run(capsys, "predict", model_file, idx, tmp_path / "none.png", "--json")
    assert status == 1
    assert [record["index"] for record in json.loads(out)] == [0, 1]


def test_a_training_that_does_not_converge_is_told(capsys):
    sentence = "The training did not converge: a smaller --learning-rate may help.\n"
    for rate, expected in (("5", sentence), ("0.5", ""), ("0.0001", "")):
        status, _, err = run(capsys, *SMALL, "--learning-rate", rate, "--epochs", "3")
        assert (status, err) == (0, expected)


def test_doctor_reports_on_a_device_that_is_not_there(capsys):
    from digitnet import config

    if config.devices()[1].usable:
        pytest.skip("cuda works here")
    status, out, err = run(capsys, "doctor", "--device", "cuda")
    assert (status, err) == (1, "")
    assert "instruction set" in out
    assert re.search(r"^self-test +FAILED: device 'cuda'", out, re.M)


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
    assert 'pip install matplotlib pillow (the extra "plot")' in err


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
@pytest.mark.parametrize("save", [True, False])
def test_ctrl_c_saves_if_asked_and_ends_with_status_130(tmp_path, save):
    model, pictures = tmp_path / "m.safetensors", tmp_path / "pictures"
    command = [sys.executable, "-m", "digitnet", "train", "--dataset", "sample"]
    endless = ["--epochs", "1000000", "--hidden", "1000", "--plots", str(pictures)]
    saving = ["--save", str(model)] if save else []
    with subprocess.Popen(
        [*command, *endless, *saving], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stdout:
                if line.startswith("Epoch 2/"):
                    break
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()  # if it hangs: Popen would wait for it
    assert process.returncode == 130
    begin = r"digitnet train: interrupted after \d+ of 1000000 epochs; "
    end = f"saved what it learned so far: {model}" if save else "nothing was saved"
    assert re.fullmatch(begin + re.escape(end), err.strip())
    assert model.exists() == save
    assert not pictures.exists()
