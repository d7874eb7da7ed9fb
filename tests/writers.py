"""Whatever writes a file: each puts a number into one file of a folder, and finds it there again.

A file that is broken makes the second raise.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from digitnet.callbacks import CSVLogger, ModelCheckpoint
from digitnet.datasets.download import download
from digitnet.datasets.idx import read_idx, write_idx
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model

UNITS = 3000  # files of some 70 KB: long enough to be cut
CACHED = 100_000  # bytes of a file to download


class Writer(NamedTuple):
    """``write(folder, number)``; ``read(folder)`` gives the number, FileNotFoundError before."""

    write: Callable[[Path, int], None]
    read: Callable[[Path], float]


def model_of(number: int) -> Sequential:
    """Return a model whose weights are all the number, and that learns nothing."""
    model = Sequential([Input((4,)), Dense(UNITS), Dense(1)], device="cpu")
    model.set_weights([np.full(w.shape, number, np.float32) for w in model.get_weights()])
    model.compile("sgd", "mean_squared_error")
    model.optimizer.learning_rate = 0.0
    return model


def fit(model: Sequential, callbacks: Any, **kwargs: Any) -> None:
    """Run `fit` on two samples."""
    x, y = np.ones((2, 4), np.float32), np.ones((2, 1), np.float32)
    model.fit(x, y, verbose=0, callbacks=callbacks, **kwargs)


def only(values: Any) -> float:
    """Return the one number that all the values are."""
    (number,) = np.unique(np.concatenate([np.ravel(v) for v in values]))
    return float(number)


def saved_as(name: str) -> Writer:
    """Return the writer that saves a model."""
    return Writer(
        lambda folder, number: model_of(number).save(folder / name),
        lambda folder: only(load_model(folder / name).get_weights()),
    )


def weights_as(name: str) -> Writer:
    """Return the writer that saves weights."""

    def read(folder: Path) -> float:
        model = model_of(-1)
        model.load_weights(folder / name)
        return only(model.get_weights())

    return Writer(lambda folder, number: model_of(number).save_weights(folder / name), read)


def checkpoint(folder: Path, number: int) -> None:
    """Write by ModelCheckpoint."""
    fit(model_of(number), ModelCheckpoint(folder / "saved.safetensors", "loss"))


def log(folder: Path, number: int) -> None:
    """Write so many rows by CSVLogger."""
    fit(model_of(0), CSVLogger(folder / "log.csv"), epochs=number)


def rows_of_log(folder: Path) -> float:
    """Return how many whole rows the log has, each with the next epoch's number."""
    text = (folder / "log.csv").read_text()
    header, *rows = list(csv.reader(text.splitlines())) or [[]]
    whole = [["epoch", "loss", "val_loss"], *([str(i), "NA"] for i in range(len(rows)))]
    if text and ([header, *([r[0], *r[2:]] for r in rows)] != whole or text[-1] != "\n"):
        raise ValueError(f"a broken log: {text!r}")
    return float(len(rows))


def data(folder: Path, number: int) -> None:
    """Write a data set's file."""
    write_idx(folder / "data.gz", np.full(CACHED, number, np.uint8))


def cache_from(url: str) -> Writer:
    """Return the writer that downloads ``url``/number/file.gz, so many equal bytes."""

    def verify(body: bytes) -> None:
        if len(body) != CACHED or len(set(body)) != 1:
            raise ValueError(f"expected {CACHED} equal bytes")

    def fetch(folder: Path, number: int) -> None:
        download("file.gz", [f"{url}/{number}"], folder, max_bytes=CACHED, verify=verify)

    def read(folder: Path) -> float:
        body = (folder / "file.gz").read_bytes()
        verify(body)
        return float(body[0])

    return Writer(fetch, read)


WRITERS = {
    "save": saved_as("model.safetensors"),
    "save_weights": weights_as("model.npz"),
    "ModelCheckpoint": Writer(checkpoint, saved_as("saved.safetensors").read),
    "CSVLogger": Writer(log, rows_of_log),
    "write_idx": Writer(data, lambda folder: only([read_idx(folder / "data.gz")])),
}
