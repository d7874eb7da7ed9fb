"""Tables and columns of pandas that users pass; pandas, their home, is never imported here."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def as_plain(values: object, name: str) -> object:
    """Return a DataFrame or Series as NumPy reads numbers of it, and anything else as it is.

    Columns of NumPy's dtypes stay in their place; nullable ones, and numbers beside booleans, of
    which NumPy would make objects, become float64.

    Raises
    ------
    TypeError
        A column that does not hold real numbers.
    ValueError
        A missing value in a nullable column.
    """
    pandas = sys.modules.get("pandas")  # not there: these are no tables of it either
    kinds = tuple(getattr(pandas, kind, None) for kind in ("DataFrame", "Series"))
    if None in kinds or not isinstance(values, kinds):  # type: ignore[arg-type]
        return values
    table: Any = values
    different = set(table.dtypes if table.ndim == 2 else [table.dtype])
    if _is_plain(different):  # without a look at each of, say, 784 columns, which takes 20 ms
        return values
    if isinstance(table, kinds[1]):  # type: ignore[arg-type]
        columns = [("", table)]
    else:
        columns = [
            (f"column {label!r} of ", table.iloc[:, i]) for i, label in enumerate(table.columns)
        ]
    for which, column in columns:
        _check_numbers(which, column, name)
    for i, (_, column) in enumerate(columns):
        _check_present(column, f", {i}" if table.ndim == 2 else "", name)
    return table.to_numpy(dtype=np.float64)


def _is_plain(dtypes: set[Any]) -> bool:
    """Return whether columns of these dtypes are numbers, or booleans, of NumPy alone."""
    kinds = {dtype.kind if isinstance(dtype, np.dtype) else "O" for dtype in dtypes}
    return kinds <= set("fiu") or kinds == {"b"}


def _check_numbers(which: str, column: Any, name: str) -> None:
    dtype = column.dtype
    if dtype.kind in "fiub":
        return
    hint = "; .cat.codes gives the numbers of categories" if str(dtype) == "category" else ""
    raise TypeError(
        f"{name} must hold real numbers (bool, integer or float){hint}. "
        f"Received: {which}dtype {dtype} ({'DataFrame' if which else 'Series'})"
    )


def _check_present(column: Any, where: str, name: str) -> None:
    """Refuse NA; NaN in a column of NumPy's floats is found later, with all that is not finite."""
    if isinstance(column.dtype, np.dtype):
        return
    missing = np.asarray(column.isna())
    if missing.any():
        raise ValueError(
            f"{name} must not have missing values; fill or drop them. "
            f"Received: {name}[{int(missing.argmax())}{where}] = NA"
        )
