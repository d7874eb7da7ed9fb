"""The .keras archive: a zip of config.json, metadata.json and model.weights.h5.

Only these names are looked up, and read into memory; nothing is unpacked onto the disk. Members
must be stored, not compressed, as Keras writes them: then none is longer than the file itself.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from typing import NamedTuple

from digitnet._json import parsed
from digitnet._keras_format.objects import Config

SIGNATURE = b"PK\x03\x04"
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

# The Keras that the tests compare with. No true date: the same content gives the same bytes.
_METADATA = {"keras_version": "3.15.1", "date_saved": "1980-01-01@00:00:00"}
_DATE = (1980, 1, 1, 0, 0, 0)
_CONFIG_LIMIT = 2**26  # bytes
_DAMAGES = (  # all that zipfile is known to raise for a damaged archive
    zipfile.BadZipFile, struct.error, zlib.error, NotImplementedError, RuntimeError, EOFError,
    OSError, OverflowError,
)  # fmt: skip


class Archive(NamedTuple):
    """What a .keras file holds: the model's config, and the bytes of its HDF5 file."""

    config: Config
    weights: bytes


def unpacked(data: bytes) -> Archive:
    """Return the content of a .keras file.

    Raises
    ------
    ValueError
        It is damaged, no such archive, or compressed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            text = _member(file, CONFIG, _CONFIG_LIMIT)
            weights = _member(file, WEIGHTS, len(data))
    except _DAMAGES as error:
        raise ValueError(f"its zip archive cannot be read ({error})") from None
    return Archive(_parsed(text), weights)


def packed(config: Config, weights: bytes) -> bytes:
    """Return the .keras file with this config and HDF5 file; the same content, the same bytes."""
    buffer = io.BytesIO()
    parts = {
        METADATA: json.dumps(_METADATA).encode(),
        CONFIG: json.dumps(config, allow_nan=False).encode(),
        WEIGHTS: weights,
    }
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, _DATE), content)
    return buffer.getvalue()


def _member(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    try:
        info = file.getinfo(name)
    except KeyError:
        raise ValueError(f"its zip archive must hold {name}, as a .keras file does") from None
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise ValueError(f"{name} in it must be neither compressed nor encrypted, as Keras has it")
    if not info.file_size == info.compress_size <= limit:
        raise ValueError(f"{name} in it must have {limit} bytes at most")
    return file.read(info)


def _parsed(text: bytes) -> Config:
    try:
        config = parsed(text)
    except ValueError as error:
        raise ValueError(f"{CONFIG} in it must be JSON ({error})") from None
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} in it must describe a model by name and settings")
    return config
