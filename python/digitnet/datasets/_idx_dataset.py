"""What MNIST and Fashion-MNIST share: four IDX files, where to find them, how to check them."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .idx import idx_header, read_checked

Images: TypeAlias = npt.NDArray[np.uint8]
Labels: TypeAlias = npt.NDArray[np.uint8]
Split: TypeAlias = tuple[tuple[Images, Labels], tuple[Images, Labels]]

_CLASSES = 10


@dataclass(frozen=True)
class IdxFile:
    """One published file: its name without ``.gz``, the shape in it, and its SHA-256 digests."""

    name: str
    shape: tuple[int, ...]
    sha256: str | None = None  # of the decompressed payload
    gz_sha256: str | None = None  # of the .gz file as the mirrors deliver it

    @property
    def payload_bytes(self) -> int:
        """Size of the decompressed file: IDX header and one byte per element."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


@dataclass(frozen=True)
class IdxDataset:
    """A data set of four files in the order train images, train labels, test images, labels."""

    name: str
    files: tuple[IdxFile, ...]
    mirrors: tuple[str, ...]
    environment_subfolders: tuple[str, ...]  # where to look below the folder DIGITNET_DATA

    def find(self, path: str | os.PathLike[str] | None = None) -> Path | None:
        """The first folder that has all four files, or None; looks, but reads and fetches nothing.

        With `path`, only that folder is looked at.
        """
        if path is not None:
            candidates = [Path(path)]
        else:
            candidates = [*self._environment_folders(), self.cache_folder()]
        for folder in candidates:
            if not self.missing(folder):
                return folder
        return None

    def load(self, path: str | os.PathLike[str] | None) -> Split:
        """Find, if need be download, read and check the four files."""
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"path must be a folder as str or os.PathLike. Received: {type(path).__name__}"
            )
        folder = self.find(path)
        if folder is None and path is not None:
            raise FileNotFoundError(
                f"path {os.fspath(path)} must be a folder with the {self.name} files, "
                f"missing there (as such or with .gz): {', '.join(self.missing(Path(path)))}"
            )
        if folder is None:
            folder = self._download_or_explain()
        x_train, y_train, x_test, y_test = (self.read(folder, file) for file in self.files)
        return (x_train, y_train), (x_test, y_test)

    def cache_folder(self) -> Path:
        """The folder that downloads go to."""
        from platformdirs import user_cache_dir

        return Path(user_cache_dir("digitnet", appauthor=False), self.name)

    def missing(self, folder: Path) -> list[str]:
        """Names of the files that `folder` has neither plain nor compressed."""
        return [file.name for file in self.files if _locate(folder, file) is None]

    def read(self, folder: Path, file: IdxFile) -> npt.NDArray[np.uint8]:
        """Read one file and check its shape and, where it is published, its digest."""
        path = _locate(folder, file)
        if path is None:
            raise FileNotFoundError(f"expected {file.name} or {file.name}.gz in {folder}")
        array = read_checked(path, file.shape)
        if file.sha256 is not None:
            digest = hashlib.sha256(idx_header(array))
            digest.update(array.data)
            if digest.hexdigest() != file.sha256:
                raise ValueError(
                    f"{path}: expected the {self.name} file with SHA-256 {file.sha256} "
                    f"(decompressed); delete or replace this file. Received: {digest.hexdigest()}"
                )
        if array.ndim == 1 and array.size and array.max() >= _CLASSES:
            raise ValueError(f"{path}: expected labels from 0 to 9. Received: {array.max()}")
        return array

    def _download_or_explain(self) -> Path:
        """Download; where that fails, begin with what was probably meant: DIGITNET_DATA."""
        try:
            return self.download()
        except OSError as error:
            root = os.environ.get("DIGITNET_DATA")
            if not root:
                raise
            raise OSError(
                f"DIGITNET_DATA is {root}, which lacks the {self.name} files; {error}"
            ) from None

    def download(self) -> Path:
        """Fetch into the cache folder what is not there yet; give that folder."""
        from .download import download  # urllib and ssl are not needed for files at hand

        folder = self.cache_folder()
        names = ", ".join(f"{file.name}.gz" for file in self.files)
        advice = (
            f"; to go on without a network, put {names} into {folder}, or set the environment "
            f"variable DIGITNET_DATA so that {self._in_environment()} has them"
        )
        for file in self.files:
            if _locate(folder, file) is None:
                download(
                    file.name + ".gz",
                    self.mirrors,
                    folder,
                    max_bytes=file.payload_bytes + file.payload_bytes // 1000 + 1024,
                    verify=lambda body, file=file: verify_download(body, file),  # type: ignore[misc]
                    advice=advice,
                )
        return folder

    def _in_environment(self) -> str:
        return " or ".join(
            os.path.join("$DIGITNET_DATA", sub).rstrip(os.sep)
            for sub in self.environment_subfolders
        )

    def _environment_folders(self) -> list[Path]:
        root = os.environ.get("DIGITNET_DATA")
        return [Path(root, sub) for sub in self.environment_subfolders] if root else []


def verify_download(body: bytes, file: IdxFile) -> None:
    """Raise ValueError unless `body` is the published .gz file; unpacks no more than published."""
    if file.gz_sha256 is not None:
        got = hashlib.sha256(body).hexdigest()
        if got != file.gz_sha256:
            raise ValueError(f"expected a file with SHA-256 {file.gz_sha256}, got {got}")
    digest = hashlib.sha256()
    left = file.payload_bytes + 1
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
            while left and (chunk := unpacked.read(min(left, 1 << 20))):
                digest.update(chunk)
                left -= len(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"expected an undamaged gzip file, got an error: {error}") from None
    if left != 1:
        more = "more" if left == 0 else str(file.payload_bytes + 1 - left)
        raise ValueError(f"expected {file.payload_bytes} bytes after unpacking, got {more}")
    if file.sha256 is not None and digest.hexdigest() != file.sha256:
        raise ValueError(f"expected unpacked SHA-256 {file.sha256}, got {digest.hexdigest()}")


def _locate(folder: Path, file: IdxFile) -> Path | None:
    for name in (file.name, file.name + ".gz"):  # plain first: it need not be unpacked
        if os.path.isfile(os.path.join(folder, name)):
            return folder / name
    return None
