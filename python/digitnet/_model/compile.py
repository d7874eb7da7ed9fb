"""What `compile` settles: optimizer, loss and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from digitnet import _core, losses, optimizers
from digitnet import metrics as metric_module
from digitnet._errors import shown
from digitnet.callbacks import Logs
from digitnet.losses import Loss
from digitnet.metrics import Metric


class TrainingSettings:
    """Optimizer, loss and metrics, resolved from what the user wrote.

    Raises
    ------
    ValueError
        An unknown name, or a metric whose targets are not those of the loss.
    TypeError
        An argument of another type.
    """

    def __init__(self, optimizer: object, loss: object, metrics: object) -> None:
        self.optimizer = optimizers.get(optimizer)
        self.loss = None if loss is None else losses.get(loss)
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise TypeError(f"metrics must be a list or tuple. Received: {shown(metrics)}")
        self.metrics = [metric_module.get(item) for item in metrics or ()]
        self.metric_names = _unique([metric.name for metric in self.metrics])
        for metric in self.metrics:
            _check_targets(metric, self.loss)

    def require_loss(self) -> Loss:
        """Return the loss.

        Raises
        ------
        ValueError
            `compile` was given none.
        """
        if self.loss is None:
            raise ValueError("loss must be given to compile before the model is trained or tested")
        return self.loss

    def core_metrics(self, outputs: int) -> list[str]:
        """Return the core's names of the metrics, for a model with so many outputs."""
        labels = self.require_loss().takes_labels
        return [metric.for_model(labels, outputs).kind for metric in self.metrics]

    def missing_on_cuda(self) -> str:
        """Return what device "cuda" lacks to train with the optimizer, in words."""
        return self.optimizer.core_optimizer(1).missing_on_cuda

    def logs(self, result: _core.Result, prefix: str = "") -> Logs:
        """Return loss and metrics by name."""
        names = ["loss", *self.metric_names]
        values = [result.loss, *result.metrics]
        return {prefix + name: value for name, value in zip(names, values, strict=True)}

    @contextmanager
    def counting_steps(self, core: _core.Model) -> Iterator[None]:
        """Count the steps made within as the optimizer's.

        Ctrl-C may keep this from ending well: the optimizer then follows on, which is no harm.
        """
        begun = self.optimizer.follow(core)
        try:
            yield
        finally:
            if begun:  # else who began it, further out, goes on
                self.optimizer.rest(core)

    def get_config(self) -> dict[str, Any]:
        """Return all of it as JSON-ready values."""
        return {
            "optimizer": optimizers.serialize(self.optimizer),
            "loss": None if self.loss is None else losses.serialize(self.loss),
            "metrics": [metric_module.serialize(metric) for metric in self.metrics],
        }

    @classmethod
    def from_config(cls, config: object) -> TrainingSettings:
        """Rebuild the settings from what `get_config` returned.

        Raises
        ------
        TypeError, ValueError
            Another form, or as the constructor.
        """
        if not isinstance(config, Mapping) or set(config) != {"optimizer", "loss", "metrics"}:
            raise ValueError(
                f"compile settings must hold optimizer, loss and metrics. Received: {shown(config)}"
            )
        return cls(config["optimizer"], config["loss"], config["metrics"])


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names; a repeated one gets _1, _2 …, as in Keras."""
    result: list[str] = []
    for name in names:
        unique, count = name, 0
        while unique in result or unique == "loss":
            count += 1
            unique = f"{name}_{count}"
        result.append(unique)
    return result


def _check_targets(metric: Metric, loss: Loss | None) -> None:
    """Refuse a metric that reads labels where the loss reads rows, or the other way round."""
    if loss is None:
        return
    needed = metric.for_model(loss.takes_labels, 2)
    if needed.takes_labels != loss.takes_labels:
        kinds = {True: "class labels", False: "rows of targets"}
        raise ValueError(
            f"metrics must read the targets of the loss: {metric.name!r} reads "
            f"{kinds[needed.takes_labels]}, the loss {loss.kind!r} {kinds[loss.takes_labels]} "
            "('accuracy' fits either)"
        )
