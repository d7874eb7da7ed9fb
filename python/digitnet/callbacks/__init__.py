"""Callbacks: code that `fit`, `evaluate` and `predict` call as they go, with Keras' names."""

from digitnet.callbacks.backup_and_restore import BackupAndRestore
from digitnet.callbacks.callback import Callback, Logs
from digitnet.callbacks.callback_list import CallbackList
from digitnet.callbacks.csv_logger import CSVLogger
from digitnet.callbacks.early_stopping import EarlyStopping
from digitnet.callbacks.history import History
from digitnet.callbacks.lambda_callback import LambdaCallback
from digitnet.callbacks.learning_rate_scheduler import LearningRateScheduler
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
