"""Model files: safetensors, with the configuration as JSON in the file's metadata.

Tensors are ``layers.{i}.kernel`` and ``layers.{i}.bias`` and, for what the optimizer keeps beside
them, the same with ``velocity.`` (SGD with momentum) or ``m.`` and ``v.`` (Adam) before; ``i``
counts the model's layers from 0. The metadata entry ``digitnet`` holds the format's version, all
settings, and a CRC-32 of these and the tensors, without which a file is read, too. A file is data
only: reading one executes nothing, and whatever does not fit raises a ValueError that names the
file.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digitnet._errors import sentence, shown
from digitnet._json import parsed
from digitnet.utils.atomic import atomic_write

FORMAT = 1
SUFFIX = ".safetensors"
MODEL_SUFFIXES = (SUFFIX, ".keras")
WEIGHTS_SUFFIXES = (SUFFIX, ".npz", ".weights.h5")
PathLike: TypeAlias = str | os.PathLike[str]
Tensors: TypeAlias = dict[str, NDArray[np.float32]]

_KEY = "digitnet"
_CHECKSUM = "crc32"
_HEADER_LIMIT = 100_000_000  # bytes, that of the safetensors library


class NotFiniteError(ValueError):
    """Weights that hold NaN or infinity are not saved."""


class ModelFile(NamedTuple):
    """What a file holds: settings as JSON-ready values, and named float32 arrays."""

    settings: dict[str, Any]
    tensors: Tensors


def checked_path(path: PathLike, suffixes: Sequence[str] = (SUFFIX,)) -> str:
    """Return the path as a string if its name ends in one of the suffixes.

    Raises
    ------
    ValueError
        Another ending.
    TypeError
        ``path`` is not a path.
    """
    name = file_name(path)
    if not any(name.endswith(suffix) for suffix in suffixes):
        endings = " or ".join(
            [", ".join(suffixes[:-1]), suffixes[-1]] if suffixes[1:] else suffixes
        )
        raise ValueError(f"filepath must end in {endings}. Received: {sentence(path)}")
    return name


def write(path: PathLike, settings: Mapping[str, Any], tensors: Tensors) -> None:
    """Write a model file: a reader sees the old file or all of the new one.

    Equal content gives equal bytes.

    Raises
    ------
    ValueError
        ``path`` has another ending, or a tensor holds NaN or infinity (training diverged).
    TypeError
        ``path`` is not a path.
    OSError
        The file cannot be written.
    """
    import json  # here, as safetensors: `import digitnet` should not pay for them

    content = {"format": FORMAT, **settings}
    content[_CHECKSUM] = _checksum(content, tensors)
    write_tensors(path, tensors, {_KEY: json.dumps(content, sort_keys=True, allow_nan=False)})


def write_tensors(path: PathLike, tensors: Tensors, metadata: dict[str, str]) -> None:
    """Write a .safetensors file of tensors and strings; raises as `write`."""
    target = checked_path(path)
    check_finite(tensors)
    from safetensors.numpy import save

    # It writes an array's memory as it lies, whatever its order.
    in_order = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    atomic_write(target, save(in_order, metadata=metadata))


def _checksum(settings: Mapping[str, Any], tensors: Tensors) -> int:
    """Return the CRC-32 of JSON-ready settings, in order of their names, and of all tensors."""
    import json

    total = zlib.crc32(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        total = zlib.crc32(f"{name}{tensor.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(tensor, "<f4").data, total)
    return total


def check_finite(tensors: Tensors) -> None:
    """Raise NotFiniteError, naming the tensor, where one holds NaN or infinity."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise NotFiniteError(f"{name} must be finite to be saved; the training has diverged")


def read(path: PathLike) -> ModelFile:
    """Read a model file; its settings are JSON of unknown content, its tensors finite float32.

    Raises
    ------
    FileNotFoundError, OSError
        The file is not there or cannot be read.
    ValueError
        It is damaged, not digitnet's, or of a newer format.
    TypeError
        ``path`` is not a path.
    """
    tensors, metadata = _parts(path)
    return ModelFile(_settings(metadata, tensors, path), tensors)


def read_tensors(path: PathLike) -> Tensors:
    """Read the tensors of any .safetensors file, digitnet's or not; raises as `read`."""
    tensors, metadata = _parts(path)
    if _KEY in metadata:
        _settings(metadata, tensors, path)  # for the format's version and the checksum
    return tensors


def damaged(path: PathLike, reason: object) -> ValueError:
    """Return the error for a file that is no usable model, for the reason given."""
    return ValueError(
        f"{path} is damaged, or holds no model that digitnet can load: {sentence(reason)}"
    )


def file_name(path: PathLike) -> str:
    """Return the path as a string; TypeError if it is none."""
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise TypeError(f"filepath must be a string or a path. Received: {shown(path)}")
    return name


def _parts(path: PathLike) -> tuple[Tensors, dict[str, str]]:
    """Return the tensors and the metadata of a .safetensors file."""
    import json

    data = _read_bytes(file_name(path))
    tensors = _tensors(data, path)
    length = int.from_bytes(data[:8], "little")
    return tensors, json.loads(data[8 : 8 + length]).get("__metadata__") or {}


def _read_bytes(path: str) -> bytes:
    """Return the file's bytes, having looked at the size it claims before reading a huge one."""
    with open(path, "rb") as file:
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(_HEADER_LIMIT, os.fstat(file.fileno()).st_size - 8):
            raise damaged(path, "its header is not that of a .safetensors file, or is cut short")
        return head + file.read()


def _tensors(data: bytes, path: PathLike) -> Tensors:
    from safetensors import SafetensorError, deserialize

    try:
        parts: list[tuple[str, dict[str, Any]]] = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise damaged(path, error) from None
    tensors = {}
    for name, part in parts:
        if part["dtype"] != "F32":
            raise damaged(path, f"{name} must be float32 (F32). Received: {part['dtype']}")
        tensor = np.frombuffer(part["data"], "<f4").reshape(part["shape"]).astype(np.float32)
        if not np.isfinite(tensor).all():
            raise damaged(path, f"{name} must hold finite numbers only")
        tensors[name] = tensor
    return tensors


def _settings(metadata: Mapping[str, str], tensors: Tensors, path: PathLike) -> dict[str, Any]:
    if _KEY not in metadata:
        raise damaged(path, f"its metadata has no entry {_KEY!r}")
    try:
        settings = parsed(metadata[_KEY])
    except ValueError as error:
        raise damaged(path, f"its metadata is not JSON ({error})") from None
    if not isinstance(settings, dict) or type(settings.get("format")) is not int:
        raise damaged(path, "its metadata names no format version")
    version = settings["format"]
    if version != FORMAT:
        raise ValueError(
            f"{path} must have format version {FORMAT}, which this digitnet reads. "
            f"Received: version {version}"
        )
    expected = settings.pop(_CHECKSUM, None)
    if expected is not None and expected != _checksum(settings, tensors):
        raise damaged(path, "its checksum does not fit: settings or weights have changed")
    del settings["format"]
    return settings
