"""Goes on with an interrupted training."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import ClassVar

from digitnet import saving
from digitnet._checks import flag
from digitnet._errors import shown
from digitnet._warnings import warn
from digitnet.callbacks._frequency import checked_frequency
from digitnet.callbacks.callback import Callback, Logs


class BackupAndRestore(Callback):
    """Backs the training up, so that the same `fit` goes on from there after an interruption.

    The resumed training gives, bit for bit, the weights that an uninterrupted one gives, also with
    momentum, dropout and shuffling: the file holds the weights, the optimizer's state and settings,
    the counters of the random streams, the place in the epoch, and the other callbacks' state
    (`Callback.get_state`). The history begins with the first epoch that is finished after the
    interruption, as in Keras. Batches from an iterator are taken as they come: it must begin where
    the interrupted one was, which only the caller can see to.

    The optimizer must be of the same class, with the same schedule, name and limits of the
    gradients. Learning rate, momentum and the other settings that may be set anew in use come from
    the backup, whatever `compile` was given: callbacks may have changed them.

    The file is replaced in one step. Weights that are no longer finite are not saved: a warning
    says so, and the last backup stays.

    Parameters
    ----------
    backup_dir : str or path
        Folder for the one file, ``backup.safetensors``; made where it is missing. A training of its
        own needs a folder of its own.
    save_freq : "epoch" or int
        Back up after every epoch, or after every so many batches; then `fit` goes from batch to
        batch.
    delete_checkpoint : bool
        Delete the file, and the folder if nothing else is in it, when the training is finished.

    Raises
    ------
    TypeError, ValueError
        An argument of another type or out of range; when the training begins, a backup that is
        damaged, of another training, or of more epochs than `fit` was asked for.
    TypeError
        In the training: a callback's ``get_state`` returns another kind of value than it may.
    OSError
        In the training: the file cannot be read or written.
    """

    runs_last: ClassVar[bool] = True  # the others' state is that after the epoch

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        *,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        folder = os.fspath(backup_dir) if isinstance(backup_dir, (str, os.PathLike)) else None
        if not isinstance(folder, str):
            raise TypeError(f"backup_dir must be a path. Received: {shown(backup_dir)}")
        if not folder:
            raise ValueError("backup_dir must not be empty. Received: ''")
        self.backup_dir = folder
        self.filepath = os.path.join(folder, "backup" + saving.SUFFIX)
        self.save_freq = checked_frequency(save_freq)
        self.delete_checkpoint = flag(delete_checkpoint, "delete_checkpoint")
        if self.save_freq is not None:  # an instance attribute: only then are batches announced
            self.on_train_batch_end = self._count_batch  # type: ignore[method-assign]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Take up the interrupted training, if there is a backup."""
        os.makedirs(self.backup_dir, exist_ok=True)
        if os.path.exists(self.filepath):
            self.model._resume_fit(self.filepath)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Back up between two epochs."""
        if self.save_freq is None:
            self._save(finished_epoch=True)

    def _count_batch(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq is not None and self.model.optimizer.iterations % self.save_freq == 0:
            self._save(finished_epoch=False)

    def _save(self, finished_epoch: bool) -> None:
        try:
            self.model._backup_fit(self.filepath, finished_epoch)
        except ValueError as error:
            warn(f"BackupAndRestore did not write a backup: {error}")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete what is no longer needed."""
        if self.delete_checkpoint:
            with suppress(FileNotFoundError):
                os.unlink(self.filepath)
            with suppress(OSError):  # somebody else's files are in it
                os.rmdir(self.backup_dir)
