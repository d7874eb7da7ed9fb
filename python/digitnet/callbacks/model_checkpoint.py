"""Saves the model while it is trained."""

from __future__ import annotations

import os
import string

from digitnet import saving
from digitnet._checks import flag, real
from digitnet._errors import shown
from digitnet._warnings import warn
from digitnet.callbacks._frequency import checked_frequency
from digitnet.callbacks._state import count_of, value_of
from digitnet.callbacks.callback import Logs, State
from digitnet.callbacks.monitor import MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Saves the model after every epoch, after its best ones, or after every so many batches.

    Files are replaced in one step, and folders made where they are missing. Weights that are no
    longer finite are not saved: a warning says so, and the file stays as it was.

    Parameters
    ----------
    filepath : str or path
        Ends as `Sequential.save` or, with ``save_weights_only``, `Sequential.save_weights` takes
        it. ``{epoch}``, counted from 1, and the names of the logs are filled in, with formats as in
        ``"{epoch:02d}-{val_loss:.3f}.safetensors"``; with ``save_freq`` an integer also
        ``{batch}``, counted from 1.
    monitor, mode, verbose
        See `MonitorCallback`.
    save_best_only : bool
        Save only where the value has improved.
    save_weights_only : bool
        Save by `Sequential.save_weights` rather than `Sequential.save`.
    save_freq : "epoch" or int
        An integer saves after so many batches, also across epochs; ``monitor`` is then a mean over
        the epoch so far. `fit` goes from batch to batch for it.
    initial_value_threshold : float, optional
        The value that the first file of ``save_best_only`` has to improve on.

    Attributes
    ----------
    best : float or None
        The best value so far; it outlives the training, as in Keras.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range; in the training, a name in ``filepath`` that
        the logs do not hold.
    OSError
        In the training: a file cannot be written.
    ImportError
        In the training: a file of Keras is asked for, and h5py is not installed.
    """

    def __init__(
        self,
        filepath: saving.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, verbose=verbose)
        self.save_weights_only = flag(save_weights_only, "save_weights_only")
        self.filepath = self._checked(filepath)
        try:
            list(string.Formatter().parse(self.filepath))
        except ValueError as error:
            raise ValueError(
                f"filepath must be a path or a format such as '{{epoch:02d}}.safetensors' "
                f"({error}). Received: {shown(self.filepath)}"
            ) from None
        self.save_best_only = flag(save_best_only, "save_best_only")
        self.save_freq = checked_frequency(save_freq)
        self.best = initial_value_threshold
        if self.best is not None:
            self.best = real(self.best, "initial_value_threshold")
        self._epoch = self._batches = 0
        if self.save_freq is not None:  # an instance attribute: only then are batches announced
            self.on_train_batch_end = self._count_batch  # type: ignore[method-assign]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out which direction is better, if that matters."""
        self._batches = 0
        if self.save_best_only:
            super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch's number for the files' names."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save."""
        if self.save_freq is None:
            self._save({"epoch": epoch + 1}, logs or {})

    def _count_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._save({"epoch": self._epoch + 1, "batch": batch + 1}, logs or {})

    def _save(self, counts: dict[str, int], logs: Logs) -> None:
        path = self._path(counts, logs)
        value = self.monitored(logs) if self.save_best_only else None
        if value is not None and not self.improves(value, self.best):
            return
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        try:
            (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        except saving.NotFiniteError as error:
            warn(f"ModelCheckpoint did not write {path}: {error}")
            return
        if value is not None:
            self.best = value
        self.say(f"Epoch {counts['epoch']}: saved {path}")

    def _path(self, counts: dict[str, int], logs: Logs) -> str:
        known = {**logs, **counts}
        try:
            return self._checked(self.filepath.format(**known))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            raise ValueError(
                f"filepath must be filled from {', '.join(known)}. "
                f"Received: {shown(self.filepath)} ({type(error).__name__}: {error})"
            ) from None

    def _checked(self, path: saving.PathLike) -> str:
        only_weights = self.save_weights_only
        suffixes = saving.WEIGHTS_SUFFIXES if only_weights else saving.MODEL_SUFFIXES
        return saving.checked_path(path, suffixes)

    def get_state(self) -> State:
        """Return the best value and the batches since the last file."""
        return {"best": self.best, "batches": self._batches}

    def set_state(self, state: State) -> None:
        """Go on with them."""
        self.best, self._batches = value_of(state, "best"), count_of(state, "batches")
