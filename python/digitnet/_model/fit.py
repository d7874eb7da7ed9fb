"""The loop over epochs, and how data are split for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from digitnet import _core
from digitnet._checks import real
from digitnet._data import Data
from digitnet._model.compile import TrainingSettings
from digitnet._model.progress import ProgressLine, say
from digitnet.callbacks import Callback, Logs


class Plan(NamedTuple):
    """The arguments of `fit` that govern the loop."""

    batch_size: int
    first_epoch: int
    last_epoch: int
    shuffle: bool
    verbose: int


def split(data: Data, fraction: object) -> tuple[Data, Data | None]:
    """Return the data for training and, from their end, the given fraction for validation.

    Raises
    ------
    TypeError, ValueError
        ``fraction`` is not a number in [0, 1), or leaves one of the two without samples.
    """
    share = real(fraction, "validation_split", minimum=0, below=1)
    if not share:
        return data, None
    samples = len(data.x)
    at = math.floor(samples * (1 - share))
    if not 0 < at < samples:
        raise ValueError(
            "validation_split must leave samples for training and for validation. "
            f"Received: {share:g} of {samples} samples"
        )
    weights = data.sample_weight
    return (
        Data(data.x[:at], data.y[:at], None if weights is None else weights[:at]),
        Data(data.x[at:], data.y[at:], None if weights is None else weights[at:]),
    )


def evaluate(
    core: _core.Model,
    settings: TrainingSettings,
    data: Data,
    progress: _core.Progress | None = None,
) -> _core.Result:
    """Return the mean loss and metrics over the data, with dropout off."""
    return core.evaluate(
        data.x,
        data.y,
        data.sample_weight,
        settings.require_loss().core_loss(),
        settings.core_metrics(core.output_size),
        progress,
    )


def run_epochs(
    core: _core.Model,
    settings: TrainingSettings,
    plan: Plan,
    data: Data,
    validation: Data | None,
    callbacks: Callback,
    should_stop: Callable[[], bool],
) -> None:
    """Train epoch by epoch; an exception, also KeyboardInterrupt, keeps the steps done so far."""
    samples = len(data.x)
    header = f"Train on {samples} samples"
    if validation is not None:
        header += f", validate on {len(validation.x)} samples"
    say(header, plan.verbose)
    logs: Logs = {}
    callbacks.on_train_begin({})
    with ExitStack() as holds:
        for held in (data, validation):
            if held is not None:
                holds.callback(core.hold(*held).release)
        for epoch in range(plan.first_epoch, plan.last_epoch):
            callbacks.on_epoch_begin(epoch, {})
            say(f"Epoch {epoch + 1}/{plan.last_epoch}", plan.verbose)
            with ProgressLine(samples, settings.metric_names, plan.verbose) as line:
                logs = _run_epoch(core, settings, plan, data, line.callback)
                if validation is not None:
                    tested = evaluate(core, settings, validation)
                    logs |= settings.logs(tested, "val_")
            line.finish(logs)
            callbacks.on_epoch_end(epoch, logs)
            if should_stop():
                break
    callbacks.on_train_end(logs)


def _run_epoch(
    core: _core.Model,
    settings: TrainingSettings,
    plan: Plan,
    data: Data,
    progress: _core.Progress | None,
) -> Logs:
    samples = len(data.x)
    batch_size = min(plan.batch_size, samples)
    steps = -(-samples // batch_size)
    with settings.counting_steps(core):
        result = core.train_epoch(
            data.x,
            data.y,
            data.sample_weight,
            batch_size,
            plan.shuffle,
            settings.require_loss().core_loss(),
            settings.core_metrics(core.output_size),
            settings.optimizer.core_optimizer(steps),
            progress,
        )
    return settings.logs(result)
