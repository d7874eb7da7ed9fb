"""MNIST: 70,000 handwritten digits of Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0)."""

from __future__ import annotations

import os
from pathlib import Path

from ._idx_dataset import IdxDataset, IdxFile, Split

_DATASET = IdxDataset(
    name="mnist",
    files=(
        IdxFile(
            "train-images-idx3-ubyte",
            (60000, 28, 28),
            sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        IdxFile(
            "train-labels-idx1-ubyte",
            (60000,),
            sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte",
            (10000, 28, 28),
            sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte",
            (10000,),
            sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    environment_subfolders=("", "mnist"),
)


def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Load MNIST, downloading it once (11 MB) if it is not on this machine.

    Without `path`, the four files are looked for in the folder that the environment variable
    DIGITNET_DATA names, in ``mnist`` below it, and in the user's cache folder; then they are
    downloaded into the cache. Files may be plain or ``.gz``. The SHA-256 of every file is
    verified, wherever it comes from.

    Args:
        path: a folder with the four files. If given, nothing else is looked at and nothing is
            downloaded.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, all uint8: images (60000, 28, 28) and
        (10000, 28, 28) with 0 for paper and 255 for ink, labels (60000,) and (10000,) from 0 to 9.

    Raises:
        TypeError: `path` is neither a str nor an os.PathLike.
        FileNotFoundError: `path` lacks some of the files; they are named.
        ValueError: a file is damaged or is not MNIST's.
        OSError: the download failed; the message says why and what to do.
    """
    return _DATASET.load(path)


def find(path: str | os.PathLike[str] | None = None) -> Path | None:
    """Say where `load_data` would read MNIST from, without reading or downloading.

    Returns:
        The folder that has all four files, or None if they would have to be downloaded.
    """
    return _DATASET.find(path)
