"""Fashion-MNIST: 70,000 pictures of clothes of H. Xiao, K. Rasul and R. Vollgraf (Zalando, MIT)."""

from __future__ import annotations

import os
from pathlib import Path

from ._idx_dataset import IdxDataset, IdxFile, Split

# Keras publishes the SHA-256 of the .gz files; they are the files whose MD5 Zalando publishes.
# The digests of the unpacked labels tell a folder of MNIST, which has the same file names, apart.
_DATASET = IdxDataset(
    name="fashion_mnist",
    files=(
        IdxFile(
            "train-images-idx3-ubyte",
            (60000, 28, 28),
            gz_sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        IdxFile(
            "train-labels-idx1-ubyte",
            (60000,),
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            gz_sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte",
            (10000, 28, 28),
            gz_sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte",
            (10000,),
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            gz_sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    environment_subfolders=("fashion",),
)


def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Load Fashion-MNIST, downloading it once (30 MB) if it is not on this machine.

    Without `path`, the four files are looked for in ``fashion`` below the folder that the
    environment variable DIGITNET_DATA names (they have the same names as those of MNIST, so they
    cannot lie beside them), and in the user's cache folder; then they are downloaded into the
    cache. Files may be plain or ``.gz``. What is downloaded is held against the published SHA-256
    of the ``.gz`` files; of files at hand, the labels' digest and the images' shape are checked.

    Args:
        path: a folder with the four files. If given, nothing else is looked at and nothing is
            downloaded.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``, all uint8: images (60000, 28, 28) and
        (10000, 28, 28) from 0 to 255, labels (60000,) and (10000,) from 0 to 9: T-shirt/top,
        trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.

    Raises:
        TypeError: `path` is neither a str nor an os.PathLike.
        FileNotFoundError: `path` lacks some of the files; they are named.
        ValueError: a file is damaged or is not Fashion-MNIST's.
        OSError: the download failed; the message says why and what to do.
    """
    return _DATASET.load(path)


def find(path: str | os.PathLike[str] | None = None) -> Path | None:
    """Say where `load_data` would read Fashion-MNIST from, without reading or downloading.

    Returns:
        The folder that has all four files, or None if they would have to be downloaded.
    """
    return _DATASET.find(path)
