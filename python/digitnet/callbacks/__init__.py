"""Callbacks: code that `fit`, `evaluate` and `predict` call as they go, with Keras' names."""

from typing import TYPE_CHECKING, Any

from digitnet.callbacks.callback import Callback, Logs
from digitnet.callbacks.callback_list import CallbackList
from digitnet.callbacks.history import History
from digitnet.callbacks.lambda_callback import LambdaCallback
from digitnet.callbacks.learning_rate_scheduler import LearningRateScheduler

if TYPE_CHECKING:
    from digitnet.callbacks.backup_and_restore import BackupAndRestore
    from digitnet.callbacks.csv_logger import CSVLogger
    from digitnet.callbacks.early_stopping import EarlyStopping
    from digitnet.callbacks.model_checkpoint import ModelCheckpoint
    from digitnet.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
    from digitnet.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

_LATER = {  # imported at their first use: `import digitnet` should not pay for them
    "BackupAndRestore": "backup_and_restore",
    "CSVLogger": "csv_logger",
    "EarlyStopping": "early_stopping",
    "ModelCheckpoint": "model_checkpoint",
    "ReduceLROnPlateau": "reduce_lr_on_plateau",
    "TerminateOnNaN": "terminate_on_nan",
}


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})


def __getattr__(name: str) -> Any:
    if name in _LATER:
        import importlib

        module = importlib.import_module(f"digitnet.callbacks.{_LATER[name]}")
        return getattr(module, name)
    raise AttributeError(f"module 'digitnet.callbacks' has no attribute {name!r}")
