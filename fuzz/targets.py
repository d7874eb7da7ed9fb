"""What is fuzzed: seeds, how to damage them, and a function that reads one file.

A reader raises ValueError for a file that does not fit, and nothing else. What it takes must work:
a loaded model predicts, trains a step, and gives the same file when it is saved, loaded and saved.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path

import numpy as np

from digitnet.callbacks import BackupAndRestore
from digitnet.cli import digits
from digitnet.cli import main as command_line
from digitnet.datasets import read_idx
from digitnet.datasets._idx_dataset import IdxFile, verify_download
from digitnet.datasets.idx import read_checked
from digitnet.models import Sequential, load_model
from fuzz import formats, seeds

_MUCH = 4096  # values in a sample: larger ones are loaded, but not computed with


@dataclass(frozen=True)
class Target:
    """One kind of file.

    ``read`` gets a file that it may overwrite, in a folder of its own, and raises ValueError
    where the file does not fit.
    """

    seeds: Callable[[], list[bytes]]
    mutate: formats.Mutator
    read: Callable[[Path], None]
    memory: int = 256 * 2**20  # bytes that the process may have beyond what the seeds need
    seconds: float = 1.0  # of the processor, for one file


def read_arrays(path: Path) -> None:
    """Read an IDX file, plain or gzip, as one's own, as a published one, and as a download."""
    expected = IdxFile("a", (3, 2, 2))
    for read in (
        read_idx,
        lambda path: read_checked(path, expected.shape),
        lambda path: verify_download(path.read_bytes(), expected),
    ):
        with contextlib.suppress(ValueError):
            read(path)
    array = read_idx(path)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.dtype.isnative


def read_model(path: Path) -> None:
    """Load a model and use it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # loaded without compile settings
        model = load_model(path, device="cpu")
    if prod(model.input_shape[1:]) <= _MUCH:
        _use(model)
    copies = []
    for _ in range(2):
        copy = path.with_name("copy.safetensors")
        model.save(copy)
        copies.append(copy.read_bytes())
        copy.unlink()
        path.write_bytes(copies[-1])
        model = load_model(path, device="cpu")
    assert copies[0] == copies[1]


def _use(model: Sequential) -> None:
    before = model.get_weights()
    x = np.linspace(0, 1, 2 * prod(model.input_shape[1:]), dtype=np.float32)
    x = x.reshape(2, *model.input_shape[1:])
    assert model.predict(x).shape == (2, *model.output_shape[1:])
    model.summary(print_fn=str)
    if model.optimizer is not None and model._settings.loss and len(model.output_shape) == 2:
        labels = model._settings.loss.takes_labels
        y = np.zeros(2, int) if labels else np.zeros((2, model.output_shape[1]))
        model.evaluate(x, y, verbose=0)
        model.gradients(x, y)
    np.testing.assert_equal(model.get_weights(), before)


def read_weights(path: Path) -> None:
    """Load weights into a model: all of them, or, where it raises, none."""
    model = _fresh()
    before = model.get_weights()
    try:
        model.load_weights(path)
    except ValueError:
        np.testing.assert_equal(model.get_weights(), before)
        raise
    assert all(np.isfinite(values).all() for values in model.get_weights())
    model.set_weights(before)


def read_picture(path: Path) -> None:
    """Read a picture as it is and in MNIST's form."""
    with contextlib.suppress(ValueError):
        _check_images(digits.read_images(str(path), raw=True))
    _check_images(digits.read_images(str(path)))


def _check_images(images: np.ndarray) -> None:
    assert images.dtype == np.uint8
    assert images.ndim == 3
    assert images.shape[1:] == (28, 28)


def resume(path: Path) -> None:
    """Go on with a training from a backup; where that fails, the model is as it was."""
    model, folder = seeds.learner(), path.with_name("backups")
    before = model.get_weights()
    folder.mkdir()
    try:
        keep = BackupAndRestore(folder, delete_checkpoint=False)
        Path(keep.filepath).write_bytes(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a backup of what is not finite
            seeds.fit(model, keep, epochs=3)
    except ValueError:
        np.testing.assert_equal(model.get_weights(), before)
        assert model.optimizer.iterations == 0
        raise
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def predict(path: Path) -> None:
    """Run `digitnet predict` with the file as the model: an answer, or one line of complaint."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)
        status = command_line(["predict", str(path), _seven(), "--device", "cpu", "--threads", "1"])
    if status == 0:
        assert said.getvalue().count("\n") == 1
        return
    assert status == 1
    assert said.getvalue() == ""
    raise ValueError(complained.getvalue().removesuffix("\n"))


@cache
def _fresh() -> Sequential:
    return Sequential.from_config(seeds.trained().get_config(), device="cpu")


@cache
def _seven() -> str:
    path = Path(tempfile.mkdtemp(), "seven.png")
    path.write_bytes(seeds.pictures()[0])
    return str(path)


def _mutate_weights(data: bytes, rng: formats.Random) -> bytes:
    return (formats.zipped if data[:2] == b"PK" else formats.safetensors)(data, rng)


TARGETS = {
    "idx": Target(seeds.idx, formats.idx, read_arrays),
    "model": Target(seeds.models, formats.safetensors, read_model),
    "weights": Target(seeds.weights, _mutate_weights, read_weights),
    "keras": Target(seeds.keras, formats.zipped, read_model),
    "hdf5": Target(seeds.hdf5, formats.hdf5, read_weights),
    "picture": Target(seeds.pictures, formats.png, read_picture, 2**30, 5.0),
    "backup": Target(seeds.backups, formats.safetensors, resume),
    "predict": Target(seeds.readers, formats.safetensors, predict),
}
