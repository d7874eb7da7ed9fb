"""The base of all callbacks."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

Logs: TypeAlias = dict[str, float]
State: TypeAlias = dict[str, Any]


class Callback:
    """Base of all callbacks; override what is needed.

    ``logs`` holds the loss and metrics: of the epoch, of the epoch so far, of the test. What a
    callback adds to the epoch's logs reaches the history. Setting ``self.model.stop_training =
    True`` ends the training after the epoch; in the hooks within an epoch, after the batch.

    Epochs run in the core, without a call of Python for every batch. Where a callback overrides a
    hook for batches, `fit` goes from batch to batch instead: the same steps with the same bits,
    but slower.

    Attributes
    ----------
    model : Sequential
        The model being trained.
    params : dict
        ``epochs``, ``steps`` (batches in an epoch), ``samples`` and ``verbose``; None where batches
        come from an iterator that does not say how many there are.
    runs_last : bool
        Class attribute: whether this callback is called after all others.
    """

    runs_last: ClassVar[bool] = False

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Take the model that is about to be trained."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the settings of the training."""
        self.params = params

    # --- training

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run once, before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run once, after the last epoch; ``logs`` are that epoch's."""

    def on_train_interrupted(self, error: BaseException) -> None:
        """Run where ``error`` (also KeyboardInterrupt) ends `fit`, in place of `on_train_end`.

        Not in Keras. It is called for every callback whose `on_train_begin` was, also if
        `on_train_end` was called, too; ``error`` leaves `fit` afterwards.
        """

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before epoch number ``epoch``, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after epoch number ``epoch``, counted from 0, and its validation."""

    def on_train_progress(self, samples: int, logs: Logs) -> None:
        """Run about every 50 ms within an epoch, after ``samples`` of its samples.

        Not in Keras: the hook that costs nothing. It may read the model, but not change it. Where
        `fit` goes from batch to batch, it is called after each.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before step number ``batch`` of the epoch, counted from 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after step number ``batch``; ``logs`` are the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Stand for `on_train_batch_begin`: the old Keras spelling."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stand for `on_train_batch_end`: the old Keras spelling."""

    # --- tests (by `evaluate`, and by `fit` after its epochs) and predictions

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run before a test."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run after a test, whose loss and metrics ``logs`` holds."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before batch number ``batch`` of a test."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after batch number ``batch`` of a test; ``logs`` are the means so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run before `predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run after the last prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before batch number ``batch`` of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Run after batch number ``batch``; ``logs["outputs"]`` are its outputs."""

    # --- what BackupAndRestore keeps

    def get_state(self) -> State:
        """Return what the callback has learned in this training, for `BackupAndRestore`.

        Not in Keras. A value is None, a bool, a number, a string, a list of these, or a list of
        float32 arrays that are finite; scalars of NumPy come back as numbers of Python.
        """
        return {}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` returned; called after `on_train_begin`."""
