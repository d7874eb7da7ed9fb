"""Whatever writes a file: each puts a number into one file of a folder, and finds it there again.

A file that is broken makes the second raise.
"""

from __future__ import annotations

import contextlib
import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import onnx_reader
from digitnet.callbacks import BackupAndRestore, CSVLogger, LambdaCallback, ModelCheckpoint
from digitnet.cli.train import save_picture
from digitnet.datasets.download import download
from digitnet.datasets.idx import read_idx, write_idx
from digitnet.layers import Dense, Input
from digitnet.models import Sequential, load_model
from mirror_server import Handler, mirror_server

UNITS = 3000  # files of some 70 KB: long enough to be cut
CACHED = 100_000  # bytes of a file to download
EPOCHS = 1_000_000  # of a training that is never done
SIDE = 140  # pixels of a picture, whose file is as long


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


def keras_archive(folder: Path) -> float:
    """Return the number of a .keras file, in which all members have their checksums."""
    with zipfile.ZipFile(folder / "model.keras") as archive:
        if len(archive.namelist()) != 3 or archive.testzip() is not None:
            raise ValueError(f"a broken archive: {archive.namelist()}")
    return saved_as("model.keras").read(folder)


def keras_weights(folder: Path) -> float:
    """Return the number of a .weights.h5 file, in which h5py finds all four arrays, too."""
    import h5py

    arrays = []
    with h5py.File(folder / "model.weights.h5") as file:
        file.visititems(lambda _, item: arrays.append(item) if hasattr(item, "shape") else None)
        number = only(array[()] for array in arrays)
    if len(arrays) != 4 or weights_as("model.weights.h5").read(folder) != number:
        raise ValueError(f"{len(arrays)} arrays, or other numbers than h5py's")
    return number


def exported(folder: Path) -> float:
    """Return the number of an ONNX file, which computes what it should."""
    model = onnx_reader.Model(folder / "model.onnx")
    number = only(model.constants.values())
    if model.run(np.ones((1, 4))) != UNITS * 5 * number * number + number:
        raise ValueError(f"another model: {model.operators}")
    return number


def checkpoint(folder: Path, number: int) -> None:
    """Write by ModelCheckpoint."""
    fit(model_of(number), ModelCheckpoint(folder / "saved.safetensors", "loss"))


class Interrupted(Exception):
    """Ends a training as an error does: not as one that is done, to be taken up again."""


def back_up(folder: Path, number: int) -> None:
    """Take up the training of the backup, if there is one, for an epoch that ends in another."""
    model, begun = model_of(-1), []

    def one_epoch(epoch: int, logs: Any) -> None:
        if begun:
            raise Interrupted
        begun.append(epoch)
        model.set_weights(model_of(number).get_weights())  # in place of the backup's

    callbacks = [BackupAndRestore(folder), LambdaCallback(on_epoch_begin=one_epoch)]
    with contextlib.suppress(Interrupted):
        fit(model, callbacks, epochs=EPOCHS)


def backed_up(folder: Path) -> float:
    """Return the number of the weights with which the training would go on."""
    if not (folder / "backup.safetensors").exists():
        raise FileNotFoundError(folder)
    model = model_of(-1)

    def ends(epoch: int, logs: Any) -> None:
        raise Interrupted

    with contextlib.suppress(Interrupted):
        fit(model, [BackupAndRestore(folder), LambdaCallback(on_epoch_begin=ends)], epochs=EPOCHS)
    return only(model.get_weights())


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


def shades_of(number: int) -> Any:
    """Return the pixels of a picture that begins with the number, and that no zip makes shorter."""
    shades = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    shades[0, 0] = number
    return shades


def picture(folder: Path, number: int) -> None:
    """Write a picture as `digitnet train --plots` does."""
    from matplotlib.figure import Figure

    figure = Figure((SIDE / 100, SIDE / 100), dpi=100)
    figure.figimage(shades_of(number))
    save_picture(folder / "picture.png", figure)


def seen(folder: Path) -> float:
    """Return the number of a picture that is whole, to the last pixel and byte."""
    from PIL import Image

    data = (folder / "picture.png").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image)[..., :3]
    number = int(pixels[0, 0, 0])
    if not np.array_equal(pixels, shades_of(number)) or data[-8:-4] != b"IEND":
        raise ValueError(f"a broken picture of {len(data)} bytes")
    return float(number)


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
    ".keras": Writer(saved_as("model.keras").write, keras_archive),
    ".weights.h5": Writer(weights_as("model.weights.h5").write, keras_weights),
    "ONNX": Writer(lambda folder, n: model_of(n).export(folder / "model.onnx"), exported),
    "ModelCheckpoint": Writer(checkpoint, saved_as("saved.safetensors").read),
    "BackupAndRestore": Writer(back_up, backed_up),
    "CSVLogger": Writer(log, rows_of_log),
    "write_idx": Writer(data, lambda folder: only([read_idx(folder / "data.gz")])),
    "picture": Writer(picture, seen),
}
NAMES = [*WRITERS, "download"]
REPLACED = [name for name in NAMES if name != "CSVLogger"]  # which adds to a file
PACKAGES = {".keras": "h5py", ".weights.h5": "h5py", "picture": "matplotlib"}


def lacks(name: str) -> str:
    """Return why there can be no writer of this name here; nothing where there can."""
    package = PACKAGES.get(name)
    missing = package is not None and find_spec(package) is None
    return f"{package} is not installed" if missing else ""


@contextlib.contextmanager
def writer_of(name: str) -> Iterator[Writer]:
    """Give the writer of this name, and run the server that it needs."""
    if name != "download":
        yield WRITERS[name]
        return
    with mirror_server() as server:
        server.handle_error = lambda *_: None  # whom it answers may be gone
        for number in range(256):
            body = bytes([number]) * CACHED
            server.mirrors[str(number)] = lambda handler, body=body: Handler.deliver(handler, body)
        yield cache_from(server.url)
