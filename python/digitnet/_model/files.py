"""Model files of every format: written by the name's ending, told apart by content when read."""

from __future__ import annotations

from digitnet import saving
from digitnet.saving import ModelFile, PathLike
from digitnet.utils.atomic import atomic_write

_KERAS = saving.MODEL_SUFFIXES[1]
_SIGNATURES = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n")  # of zip (.keras) and HDF5 (.weights.h5)


def write_model(path: PathLike, content: ModelFile) -> None:
    """Write a model to a .safetensors or .keras file.

    Raises
    ------
    ValueError
        Another ending, weights that are not finite, or names that Keras does not take.
    ImportError
        A .keras file is asked for, and h5py is not installed.
    TypeError, OSError
        As `saving.write`.
    """
    if saving.checked_path(path, saving.MODEL_SUFFIXES).endswith(_KERAS):
        from digitnet import _keras_format

        saving.check_finite(content.tensors)
        atomic_write(path, _keras_format.model_file(*content))
    else:
        saving.write(path, *content)


def read_model(path: PathLike) -> ModelFile:
    """Read a model from a .safetensors or .keras file and check which settings it has.

    Raises
    ------
    ValueError
        The file is damaged, of another kind, or holds weights only.
    OSError, TypeError
        As `saving.read`.
    """
    data = keras_bytes(path)
    if data is not None:
        from digitnet import _keras_format

        try:
            return _keras_format.read_model(data, path)
        except ValueError as error:
            raise saving.damaged(path, error) from None
    content = saving.read(path)
    if set(content.settings) != {"model", "compile", "training"}:
        raise saving.damaged(
            path, "it holds no model configuration (weights alone: use load_weights)"
        )
    return content


def keras_bytes(path: PathLike) -> bytes | None:
    """Return the content of a file that begins as Keras' files do; None for any other."""
    with open(saving.file_name(path), "rb") as file:
        head = file.read(8)
        return head + file.read() if head.startswith(_SIGNATURES) else None
