"""Compile settings: optimizer, loss and metrics of Keras as digitnet's, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from digitnet import losses as loss_module
from digitnet import metrics as metric_module
from digitnet._errors import shown
from digitnet._keras_format.objects import Config, keras_object, opened, taken
from digitnet._model.compile import TrainingSettings

_OPTIMIZER = (
    "name", "learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm"
)  # fmt: skip
_ADAM = ("beta_1", "beta_2", "epsilon")
_OPTIMIZERS = {"SGD": ("momentum", "nesterov"), "Adam": _ADAM, "AdamW": _ADAM}
_SCHEDULES = {
    "ExponentialDecay": (
        "name", "initial_learning_rate", "decay_steps", "decay_rate", "staircase"
    ),
    "CosineDecay": (
        "name", "initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps"
    ),
    "PiecewiseConstantDecay": ("name", "boundaries", "values"),
}  # fmt: skip
_OPTIMIZER_ONLY: dict[str, tuple[Any, ...]] = {
    "amsgrad": (False,),
    "use_ema": (False,),
    "gradient_accumulation_steps": (1,),
}
_LOSSES: dict[str, tuple[str, ...]] = {
    "CategoricalCrossentropy": ("from_logits", "label_smoothing"),
    "SparseCategoricalCrossentropy": ("from_logits",),
    "BinaryCrossentropy": ("from_logits", "label_smoothing"),
    "MeanSquaredError": (),
    "MeanAbsoluteError": (),
    "Huber": ("delta",),
}
_LOSS_ONLY: dict[str, tuple[Any, ...]] = {
    "reduction": ("sum_over_batch_size", "mean"),
    "axis": (-1, 1),
    "dtype": ("float32",),
}
_METRICS = (  # not Accuracy: Keras' class of that name compares numbers, its *name* means another
    "SparseCategoricalAccuracy", "CategoricalAccuracy", "BinaryAccuracy",
    "MeanSquaredError", "MeanAbsoluteError",
)  # fmt: skip
_METRIC_ONLY: dict[str, tuple[Any, ...]] = {"dtype": ("float32",), "threshold": (0.5,)}
_HOW_TO_RUN = ("run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss")


def compile_from_keras(saved: object) -> Config | None:
    """Return the settings of digitnet's `compile` for those of Keras; None where there are none.

    Raises
    ------
    ValueError, TypeError
        digitnet has no such optimizer, loss or metric, or not with these settings.
    """
    if not saved:
        return None
    if not isinstance(saved, dict):
        raise ValueError(f"compile_config must be settings by name. Received: {shown(saved)}")
    parts = taken(saved, "compile", ("optimizer", "loss", "metrics"), {}, _HOW_TO_RUN)
    metrics = parts.get("metrics") or []
    if not isinstance(metrics, list):
        raise ValueError(f"metrics must be a list. Received: {shown(metrics)}")
    config = {
        "optimizer": _optimizer(parts.get("optimizer")),
        "loss": _loss(parts.get("loss")),
        "metrics": [_metric(item) for item in metrics],
    }
    TrainingSettings.from_config(config)  # for its errors
    return config


def compile_to_keras(config: Config, outputs: int) -> Config:
    """Return Keras' compile_config for what `TrainingSettings.get_config` of digitnet returned.

    Parameters
    ----------
    config : dict
        The settings.
    outputs : int
        Number of the model's outputs, on which the meaning of "accuracy" depends.

    Raises
    ------
    ValueError
        Keras has no such settings.
    """
    loss = config["loss"]
    labels = loss is not None and loss_module.get(loss).takes_labels
    return {
        "optimizer": _keras_optimizer(config["optimizer"]),
        "loss": None if loss is None else _keras_loss(loss),
        "loss_weights": None,
        "metrics": [_keras_metric(item, labels, outputs) for item in config["metrics"]],
        "weighted_metrics": None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def _optimizer(saved: object) -> object:
    if isinstance(saved, str):
        return saved
    name, config = opened(saved, "optimizer")
    if name not in _OPTIMIZERS:
        known = ", ".join(_OPTIMIZERS)
        raise ValueError(f"optimizer must be one of {known}. Received: {shown(name)}")
    names = (*_OPTIMIZER, *_OPTIMIZERS[name])
    # ema_momentum is that of use_ema
    settings = taken(config, "optimizer", names, _OPTIMIZER_ONLY, ("ema_momentum",))
    rate = settings.get("learning_rate")
    if isinstance(rate, dict):
        settings["learning_rate"] = _schedule(rate)
    if isinstance(rate, float):
        with np.errstate(over="ignore"):
            single = np.float32(rate)
        if single == rate:  # as Keras keeps it
            settings["learning_rate"] = float(str(single))  # 0.1, not 0.10000000149
    return {"class_name": name, "config": settings}


def _schedule(saved: object) -> Config:
    name, config = opened(saved, "learning_rate")
    if name not in _SCHEDULES:
        known = ", ".join(_SCHEDULES)
        raise ValueError(f"learning_rate must be one of {known}. Received: {shown(name)}")
    return {"class_name": name, "config": taken(config, "learning_rate", _SCHEDULES[name], {})}


def _keras_optimizer(optimizer: Config) -> Config:
    config = dict(optimizer["config"])
    if isinstance(config["learning_rate"], dict):
        config["learning_rate"] = keras_object("optimizers.schedules", **config["learning_rate"])
    return keras_object("optimizers", optimizer["class_name"], config)


def _loss(saved: object) -> object:
    if saved is None or isinstance(saved, str):
        return saved
    name, config = opened(saved, "loss")
    if name not in _LOSSES:
        raise ValueError(f"loss must be one of {', '.join(_LOSSES)}. Received: {shown(name)}")
    settings = taken(config, f"loss {name}", ("name", *_LOSSES[name]), _LOSS_ONLY)
    return {"class_name": name, "config": settings}


def _keras_loss(loss: Config) -> Config:
    name, config = loss["class_name"], dict(loss["config"])
    if name == "SparseCategoricalCrossentropy":
        smoothing = config.pop("label_smoothing")
        if smoothing:
            raise ValueError(
                f"loss {name} must have label_smoothing 0, as Keras' has none. "
                f"Received: {smoothing}"
            )
    return keras_object("losses", name, config)


def _metric(saved: object) -> object:
    if isinstance(saved, str):
        return saved
    name, config = opened(saved, "a metric")
    if name not in _METRICS:
        raise ValueError(f"metrics must be of {', '.join(_METRICS)}. Received: {shown(name)}")
    return {"class_name": name, "config": taken(config, f"metric {name}", ("name",), _METRIC_ONLY)}


def _keras_metric(saved: Config, labels: bool, outputs: int) -> str | Config:
    metric = metric_module.get(saved)
    if isinstance(metric, metric_module.Accuracy):
        if metric.name in ("accuracy", "acc"):
            return metric.name
        metric = metric.for_model(labels, outputs)
    return keras_object("metrics", type(metric).__name__, {"name": metric.name, "dtype": "float32"})
