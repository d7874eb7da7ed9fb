"""Saving after every epoch, or after every so many batches."""

from __future__ import annotations

from digitnet._checks import integer
from digitnet._errors import shown


def checked_frequency(save_freq: object) -> int | None:
    """Return the number of batches between two files; None for "epoch".

    Raises
    ------
    TypeError, ValueError
        ``save_freq`` is neither "epoch" nor a positive integer.
    """
    if isinstance(save_freq, str):
        if save_freq != "epoch":
            raise ValueError(
                f"save_freq must be 'epoch' or a number of batches. Received: {shown(save_freq)}"
            )
        return None
    return integer(save_freq, "save_freq")
