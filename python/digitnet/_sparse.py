"""Sparse matrices that users pass as samples; scipy, their home, is never imported here."""

from __future__ import annotations

import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digitnet import _core
from digitnet._arrays import as_float32, as_real, check_samples, not_finite
from digitnet._foreign import check_uncopied, needs_copy

Parts: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # data, indices, indptr


class CsrMatrix(Protocol):
    """The parts of ``scipy.sparse.csr_array`` and ``csr_matrix`` that matter here."""

    data: Any
    indices: Any
    indptr: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, features)."""


class CsrRows(_core.Csr):
    """Samples in compressed sparse rows that any rows can be taken of."""

    def __init__(self, parts: Parts, shape: tuple[int, ...], name: str = "x") -> None:
        rows, self._features = shape
        super().__init__(*parts, rows, self._features, name)
        self._parts = parts

    def __getitem__(self, rows: slice) -> _core.Csr:
        """Return the rows; of those from the first on, any can be taken again."""
        begin, end, _ = rows.indices(len(self))
        if begin or end < 1:
            return super().__getitem__(rows)
        data, indices, indptr = self._parts
        return CsrRows((data, indices, indptr[: end + 1]), (end, self._features))

    def take(self, rows: NDArray[np.intp]) -> CsrRows:
        """Return a copy of these rows, in their order."""
        data, indices, indptr = self._parts
        starts = indptr[rows]
        counts = indptr[rows + 1] - starts
        ends = np.concatenate([[0], np.cumsum(counts)]).astype(indptr.dtype)
        at = np.repeat(starts - ends[:-1], counts) + np.arange(ends[-1], dtype=indptr.dtype)
        return CsrRows((data[at], indices[at], ends), (len(rows), self._features))


# pybind11 notes a subclass when it makes its first object; were memory short then, it would end the
# process. An import that fails is no harm.
CsrRows.__new__(CsrRows)


def as_csr(x: object, name: str) -> CsrMatrix | None:
    """Return ``x`` if it is a CSR matrix with at least one sample, None if it is not sparse at all.

    Raises
    ------
    TypeError
        A sparse matrix of another format.
    ValueError
        An array of another rank, no samples, or too many.
    """
    scipy_sparse = sys.modules.get("scipy.sparse")  # not there: x is not a matrix of it either
    issparse = getattr(scipy_sparse, "issparse", None)
    if issparse is None or not issparse(x):
        return None
    matrix: Any = x
    if matrix.format != "csr":
        raise TypeError(
            f"{name} must be an array or a sparse matrix in CSR format; {name}.tocsr() makes one. "
            f"Received: {type(x).__name__}"
        )
    if len(matrix.shape) != 2:
        raise ValueError(
            f"{name} must have shape (n, features) where it is sparse. "
            f"Received: shape {matrix.shape}"
        )
    check_samples(matrix.shape, name)
    result: CsrMatrix = matrix
    return result


def csr_samples(matrix: CsrMatrix, name: str, copy: bool | None = None) -> CsrRows:
    """Return a matrix of shape (n, features) as the core takes it.

    Indices, and values of uint8 and native float32, are not copied; other values become float32.
    Only where columns of a row are out of order or given twice, a sparse copy puts that right.

    Raises
    ------
    TypeError
        Values that are not real numbers, or indices that are not integers.
    ValueError
        Parts that do not fit together, a value that is not finite in float32, or ``copy`` is False
        and the matrix cannot be read as it lies.
    """
    parts = _parts(matrix, name)
    if copy is False:
        _check_uncopied(matrix, name)
    samples = _core_csr(parts, matrix.shape, name)
    if not samples.canonical:
        if copy is False:
            raise needs_copy(name, "a matrix with its columns in order, each once", "others")
        parts = _summed(parts, matrix.shape)
        samples = _core_csr(parts, matrix.shape, name)
    found = _core.first_nonfinite(samples)
    if found is not None:
        data, indices, indptr = parts
        begin, end = indptr[found[0]], indptr[found[0] + 1]
        raise not_finite(name, found, data[begin + np.searchsorted(indices[begin:end], found[1])])
    return samples


def _parts(matrix: CsrMatrix, name: str) -> Parts:
    """Return the three vectors, the last two of one type, int32 or int64."""
    data = _vector(matrix.data, f"{name}.data", "fiub", "real numbers")
    indices = _vector(matrix.indices, f"{name}.indices", "iu", "integers")
    indptr = _vector(matrix.indptr, f"{name}.indptr", "iu", "integers")
    if indices.dtype != indptr.dtype or indices.dtype not in (np.int32, np.int64):
        indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
    return data, indices, indptr


def _check_uncopied(matrix: CsrMatrix, name: str) -> None:
    """Raise a ValueError where ``_parts`` and ``_core_csr`` convert a vector."""
    data, indices, indptr = (
        as_real(part, name) for part in (matrix.data, matrix.indices, matrix.indptr)
    )
    check_uncopied(data, f"{name}.data", (np.uint8, np.float32))
    index = np.int64 if indices.dtype == np.int64 else np.int32
    check_uncopied(indices, f"{name}.indices", (index,))
    check_uncopied(indptr, f"{name}.indptr", (index,))


def _vector(part: object, name: str, kinds: str, expected: str) -> NDArray[Any]:
    array = as_real(part, name)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must hold {expected}. Received: dtype {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{name} must have one axis. Received: shape {array.shape}")
    return np.require(array, requirements=["C", "A"])


def _core_csr(parts: Parts, shape: tuple[int, ...], name: str) -> CsrRows:
    data, indices, indptr = parts
    values = data if data.dtype == np.uint8 else as_float32(data)
    return CsrRows((values, indices, indptr), shape, name)


def _summed(parts: Parts, shape: tuple[int, ...]) -> Parts:
    """Return copies with ascending columns and equals summed in the dtype of the data, as scipy.

    A new matrix is made for it, not copied: the flags of the caller's may be out of date.
    """
    data, indices, indptr = parts
    stored = indptr[-1]
    least = np.float32 if data.dtype.kind == "f" else data.dtype  # scipy does not know float16
    data = data[:stored].astype(np.promote_types(data.dtype, least))  # nor other byte orders
    csr_array = sys.modules["scipy.sparse"].csr_array
    copy = csr_array((data, indices[:stored], indptr), shape=shape, copy=True)
    copy.sum_duplicates()
    return copy.data, copy.indices, copy.indptr
