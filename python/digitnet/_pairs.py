"""Targets and outputs as float64 arrays of matching shapes, for losses and metrics on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitnet._arrays import as_array


def _output(y_pred: ArrayLike) -> NDArray[np.float64]:
    output = as_array(y_pred, "y_pred").astype(np.float64)
    if output.ndim == 1:
        output = output[:, np.newaxis]
    if output.ndim != 2:
        raise ValueError(f"y_pred must have shape (n, outputs). Received: shape {output.shape}")
    return output


def value_pair(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return targets and outputs, both (n, outputs); (n,) stands for (n, 1).

    Raises
    ------
    ValueError, TypeError
        The shapes differ, an array is empty, or one does not hold numbers.
    """
    targets, output = as_array(y_true, "y_true").astype(np.float64), _output(y_pred)
    if targets.ndim == 1:
        targets = targets[:, np.newaxis]
    if targets.shape != output.shape:
        raise ValueError(
            f"y_true must have the shape of y_pred, {output.shape}. Received: {targets.shape}"
        )
    return targets, output


def label_pair(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return class labels (n,) and outputs (n, classes); labels may also come as (n, 1).

    Raises
    ------
    ValueError, TypeError
        The lengths differ, an array is empty or does not hold numbers, or a label is not one of
        0 … classes - 1.
    """
    labels, output = as_array(y_true, "y_true").astype(np.float64), _output(y_pred)
    if labels.shape not in {output.shape[:1], (output.shape[0], 1)}:
        raise ValueError(
            f"y_true must hold {output.shape[0]} labels, one for each row of y_pred. "
            f"Received: shape {labels.shape}"
        )
    labels = labels.reshape(-1)
    classes = output.shape[1]
    wrong = ~((labels >= 0) & (labels < classes) & (labels == np.floor(labels)))
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"y_true must hold integer labels in [0, {classes}). "
            f"Received: {labels[i]:g} at position {i}"
        )
    return labels.astype(np.intp), output
