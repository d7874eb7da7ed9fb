"""The progress line: what it shows, where, and when it is silent."""

import io
import os
import sys
import threading
import types

import numpy as np
import pytest

from digitnet import config
from digitnet._model.progress import ProgressLine
from digitnet.layers import Dense, Input
from digitnet.models import Sequential
from digitnet.optimizers import SGD


@pytest.fixture
def model():
    result = Sequential([Input((3,)), Dense(2)])
    result.compile(SGD(0.1), "mse", metrics=["mae"])
    return result


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 3)), rng.standard_normal((20, 2))


class Terminal(io.StringIO):
    """A stream that says it is a terminal of the usual 80 columns."""

    def isatty(self):
        return True


def test_one_line_for_every_epoch(model, data, capsys):
    x, y = data
    model.fit(x[:15], y[:15], epochs=2, validation_data=(x[15:], y[15:]))
    header, first, line, second, *_ = capsys.readouterr().out.split("\n")
    assert header == "Train on 15 samples, validate on 5 samples"
    assert (first, second) == ("Epoch 1/2", "Epoch 2/2")
    assert line.startswith(f"15/15 [{'=' * 30}] - 0s - loss: ")
    parts = [part.split(":")[0] for part in line.split(" - ")]
    assert parts[2:] == ["loss", "mae", "val_loss", "val_mae"]


def test_verbosity(model, data, capsys):
    model.fit(*data, verbose=0)
    model.evaluate(*data, verbose=0)
    model.predict(data[0])
    assert capsys.readouterr().out == ""
    model.fit(*data, verbose=2)
    assert "20/20 - 0s - loss: " in capsys.readouterr().out
    model.evaluate(*data)
    model.predict(data[0], verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith(f"20/20 [{'=' * 30}] - 0s") for line in lines] == [True, True]


def test_a_stdout_that_only_writes(model, data, monkeypatch):
    class Plain:
        write = staticmethod(lambda text: None)

    for stream in (Plain(), None):
        monkeypatch.setattr("sys.stdout", stream)
        model.fit(*data, verbose=1)
        model.evaluate(*data)
        model.predict(data[0], verbose=2)
    terminal = Plain()
    terminal.isatty = lambda: True
    with ProgressLine(10, [], 1, terminal) as line:
        line.update(5, 1.0, [])


@pytest.fixture
def no_tqdm(monkeypatch):
    """Let it seem that tqdm is not installed."""
    monkeypatch.setitem(sys.modules, "tqdm", None)


def test_a_terminal_s_line_is_rewritten_in_place(no_tqdm):
    stream = Terminal()
    line = ProgressLine(60000, ["accuracy"], 1, stream)
    assert line.callback is not None
    line.update(6000, 2.0, [0.125])
    line.update(30000, 1.5, [0.25])
    line.finish({"loss": 1.0, "accuracy": 0.5, "val_loss": 0.00025})
    first, second, last = stream.getvalue().split("\r")[1:]
    assert first.startswith(f" 6000/60000 [==>{'.' * 27}] - ETA: ")
    assert second.startswith(f"30000/60000 [{'=' * 14}>{'.' * 15}] - ETA: ")
    assert max(len(first), len(second)) < 80
    done = f"60000/60000 [{'=' * 30}] - 0s - loss: 1.0000 - accuracy: 0.5000 - val_loss: 2.5000e-04"
    assert last == done + "\n"


def test_elsewhere_nothing_is_written_before_the_end():
    line = ProgressLine(10, [], 1, io.StringIO())
    assert line.callback is None


def test_an_error_ends_the_terminal_s_line(no_tqdm):
    stream = Terminal()
    line = ProgressLine(10, [], 1, stream)
    line.update(5, 1.0, [])
    line.__exit__(KeyboardInterrupt)
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize("metrics", [[], ["accuracy"], ["accuracy", "sparse_categorical_accuracy"]])
def test_a_slow_evaluation_shows_how_far_it_is(rng, monkeypatch, no_tqdm, metrics):
    model = Sequential([Input((784,)), Dense(2000, "relu"), Dense(2000, "relu"), Dense(10)])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics)
    x, y = rng.random((5000, 784), np.float32), rng.integers(10, size=5000)
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    threads = config.num_threads()
    config.set_num_threads(1)  # long enough on any machine
    model.evaluate(x, y)
    config.set_num_threads(threads)
    *partial, last = stream.getvalue().split("\r")[1:]
    assert partial  # some 50 ms apart
    for line in partial:
        assert [part.split(":")[0].strip() for part in line.split(" - ")][1:3] == ["ETA", "loss"]
    assert last.startswith(f"5000/5000 [{'=' * 30}] - ")
    assert last.endswith("\n")


def test_tqdm_draws_a_bar_that_gives_way_to_the_line():
    pytest.importorskip("tqdm")
    stream = Terminal()
    line = ProgressLine(60000, ["accuracy"], 1, stream)
    line.update(6000, 2.0, [0.125])
    line.update(30000, 1.5, [0.25])
    drawn = stream.getvalue()
    assert "30000/60000" in drawn
    assert "50%" in drawn
    assert "loss: 1.5000 - accuracy: 0.2500" in drawn
    line.finish({"loss": 1.0, "accuracy": 0.5})
    *_, erased, last = stream.getvalue()[len(drawn) :].split("\r")
    assert erased.strip() == ""
    assert last == f"60000/60000 [{'=' * 30}] - 0s - loss: 1.0000 - accuracy: 0.5000\n"


def test_tqdm_leaves_no_bar_and_no_thread_behind():
    pytest.importorskip("tqdm")
    threads = threading.active_count()
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), ProgressLine(10, [], 1, stream) as line:  # noqa: PT012
        line.update(5, 1.0, [])
        assert threading.active_count() == threads
        raise KeyboardInterrupt
    assert stream.getvalue().split("\r")[-1].strip() == ""


def test_a_notebook_sees_the_bar(monkeypatch):
    assert ProgressLine(10, [], 1, io.StringIO()).callback is None
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert ProgressLine(10, [], 1, io.StringIO()).callback is not None
    monkeypatch.setattr(shell, "config", {})  # IPython on a terminal
    assert ProgressLine(10, [], 1, io.StringIO()).callback is None


def test_samples_that_nobody_counted():
    stream = Terminal()
    line = ProgressLine(None, [], 1, stream)
    line.update(5, 1.0, [])
    line.finish({"loss": 0.5}, 12)
    assert stream.getvalue().split("\r")[-1] == "12 samples - 0s - loss: 0.5000\n"


def test_a_terminal_that_claims_no_columns(monkeypatch):
    pytest.importorskip("tqdm")
    stream = Terminal()
    stream.fileno = lambda: 1
    monkeypatch.setattr("os.get_terminal_size", lambda number: os.terminal_size((0, 0)))
    with ProgressLine(10, [], 1, stream) as line:
        line.update(5, 1.0, [])
    assert "5/10" in stream.getvalue()
