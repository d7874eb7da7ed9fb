"""Whole files of every format that digitnet reads, small and the same each time they are made."""

from __future__ import annotations

import contextlib
import gzip
import io
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from digitnet.callbacks import BackupAndRestore, Callback, EarlyStopping, Logs, ReduceLROnPlateau
from digitnet.constraints import MaxNorm
from digitnet.datasets import write_idx
from digitnet.layers import ELU, Activation, Dense, Dropout, Flatten, Input, LeakyReLU, Rescaling
from digitnet.losses import Huber
from digitnet.models import Sequential
from digitnet.optimizers import SGD, AdamW
from digitnet.optimizers.schedules import CosineDecay
from digitnet.utils import set_random_seed

_KERAS = Path(__file__).parent.parent / "tests" / "data" / "small.keras.gz"


@cache
def trained() -> Sequential:
    """Return a small model with layers of every kind, whose training has velocities."""
    set_random_seed(1)
    model = Sequential(
        [
            Input((2, 3)), Flatten(), Rescaling(0.5, 0.25), Dense(4, "relu"), Dropout(0.2),
            Dense(3, use_bias=False, kernel_regularizer="l2"), LeakyReLU(0.1), ELU(0.5),
            Activation("gelu"), Dense(2, kernel_initializer="he_normal", name="last"),
        ],
        device="cpu",
    )  # fmt: skip
    model.compile(SGD(0.1, momentum=0.9), Huber(0.5), metrics=["mae", "mse"])
    model.fit(np.ones((4, 2, 3)), np.zeros((4, 2)), verbose=0)
    return model


@cache
def reader() -> Sequential:
    """Return a model that takes pictures of digits."""
    set_random_seed(1)
    layers = [Input((28, 28)), Flatten(), Rescaling(1 / 255), Dense(10, "softmax")]
    model = Sequential(layers, device="cpu")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def models() -> list[bytes]:
    """Return .safetensors files of whole models."""
    return [_saved("save", "a.safetensors"), _saved("save", "a.safetensors", _labels())]


def readers() -> list[bytes]:
    """Return the .safetensors file of a model that takes pictures of digits."""
    return [_saved("save", "a.safetensors", reader())]


def weights() -> list[bytes]:
    """Return weights of `trained` in .npz and .safetensors files, under all the names they have."""
    packed = io.BytesIO()
    np.savez_compressed(packed, *trained().get_weights())
    fortran = io.BytesIO()
    np.savez(fortran, *map(np.asfortranarray, trained().get_weights()))
    return [
        _saved("save_weights", "a.npz"),
        packed.getvalue(),
        fortran.getvalue(),
        _saved("save_weights", "a.safetensors"),
        _saved("save_weights", "a.safetensors", format="torch"),
    ]


def keras() -> list[bytes]:
    """Return .keras files: one by Keras itself, and one of each model here."""
    files = [_saved("save", "a.keras", model) for model in (trained(), _labels())]
    return [gzip.decompress(_KERAS.read_bytes()), *files]


def hdf5() -> list[bytes]:
    """Return .weights.h5 files of `trained`."""
    return [_saved("save_weights", "a.weights.h5")]


def backups() -> list[bytes]:
    """Return backups of `interrupted` trainings: between two epochs, and within one."""
    files = []
    for frequency in ("epoch", 1):
        with tempfile.TemporaryDirectory() as folder:
            keep = BackupAndRestore(folder, frequency, delete_checkpoint=False)
            model = learner()
            fit(model, keep, epochs=1)
            if frequency == 1:
                with contextlib.suppress(KeyboardInterrupt):
                    fit(model, keep, epochs=2, more=[_Interrupting()])
            files.append(Path(keep.filepath).read_bytes())
    return files


class _Interrupting(Callback):
    """As a user who presses Ctrl-C in the second batch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if batch == 1:
            raise KeyboardInterrupt


def learner() -> Sequential:
    """Return a new model to be trained by `fit`."""
    set_random_seed(3)
    model = Sequential([Input((3,)), Dense(2, "tanh"), Dense(1)], device="cpu")
    model.compile(SGD(0.1, momentum=0.9), "mse", metrics=["mae"])
    return model


def fit(model: Sequential, keep: BackupAndRestore, epochs: int, more: Sequence[Any] = ()) -> None:
    """Train with callbacks that have a state of their own, which goes into the backup."""
    x = np.linspace(-1, 1, 21, dtype=np.float32).reshape(7, 3)
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True)
    callbacks = [stop, ReduceLROnPlateau("loss", patience=1), keep, *more]
    model.fit(x, x[:, 0], batch_size=2, epochs=epochs, verbose=0, callbacks=callbacks)


def idx() -> list[bytes]:
    """Return IDX files of every type, plain and within gzip."""
    arrays = [np.arange(12, dtype=t).reshape(3, 2, 2) for t in ("u1", "i1", "i2", "i4", "f4", "f8")]
    arrays += [np.zeros((2, 28, 28), "u1"), np.arange(5, dtype="u1"), np.zeros((0, 3), "u1")]
    files = []
    for i, array in enumerate(arrays):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.gz" if i % 3 == 0 else "a")
            write_idx(path, array)
            files.append(path.read_bytes())
    return files


def pictures() -> list[bytes]:
    """Return pictures of a digit in the formats and modes that people have them in."""
    from PIL import Image

    shades = np.full((28, 28), 250, np.uint8)
    shades[5:22, 12:16] = 20
    shades[5:8, 8:20] = 20
    grey = Image.fromarray(shades)
    forms = [
        (grey, "PNG"), (grey.convert("1"), "PNG"), (grey.convert("P"), "PNG"),
        (grey.convert("RGBA"), "PNG"), (grey.convert("LA"), "PNG"), (grey.convert("I;16"), "PNG"),
        (grey.convert("RGB"), "JPEG"), (grey.convert("CMYK"), "JPEG"), (grey, "GIF"), (grey, "BMP"),
        (grey.convert("F"), "TIFF"), (grey.convert("RGB"), "TIFF"), (grey.convert("RGB"), "WEBP"),
        (grey, "PPM"), (grey.convert("RGB"), "TGA"), (grey, "ICO"),
    ]  # fmt: skip
    files = [_picture(image, kind) for image, kind in forms]
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: on its side
    files += [_picture(grey, "PNG", exif=turned), _picture(grey, "JPEG", exif=turned)]
    files += [_picture(grey.convert("RGB"), "TIFF", compression="tiff_lzw")]
    return [*files, *idx()[-3:-2]]


def _picture(image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _labels() -> Sequential:
    """Return a model for labels, whose optimizer keeps two means and follows a schedule."""
    set_random_seed(2)
    first = Dense(4, "tanh", input_shape=(3,), kernel_constraint=MaxNorm(2))
    model = Sequential([first, Dense(3, "softmax")], device="cpu", name="labels")
    optimizer = AdamW(CosineDecay(0.01, 10, warmup_target=0.02, warmup_steps=3), clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((4, 3)), np.zeros(4), verbose=0)
    return model


def _saved(method: str, name: str, model: Sequential | None = None, **options) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        getattr(model or trained(), method)(path, **options)
        return path.read_bytes()
